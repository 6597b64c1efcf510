/** Ways out on the serving side, most preferred first. */
import type { Complaint } from "../certificates/verify.ts";
import type { ServingRequest } from "../words/facts.ts";
import type { Remedy } from "../words/verdict.ts";

const provision: Remedy = {
  side: "kubelet",
  setting: "tlsCertFile",
  text: "Issue a serving certificate per node that names its addresses, and set tlsCertFile and tlsPrivateKeyFile.",
  changes: [],
};

const bootstrap: Remedy = {
  side: "kubelet",
  setting: "serverTLSBootstrap",
  text: "Set serverTLSBootstrap: true, and run an approver for signer kubernetes.io/kubelet-serving.",
  changes: [],
};

const trustIssuer: Remedy = {
  side: "apiserver",
  setting: "--kubelet-certificate-authority",
  text: "Set --kubelet-certificate-authority to the CA that issues the kubelets' serving certificates.",
  changes: [],
};

const skipOnPurpose: Remedy = {
  side: "apiserver",
  setting: "--kubelet-certificate-authority",
  text: "Leave --kubelet-certificate-authority out, and say so with the annotations kubelet-trust/kubelet-serving-verification: skip and kubelet-trust/reason.",
  changes: [],
};

const pin: Remedy = {
  side: "apiserver",
  setting: "--kubelet-certificate-authority",
  text: "Set --kubelet-certificate-authority to a bundle of the kubelets' kubelet.crt files, and let --kubelet-preferred-address-types begin with Hostname.",
  changes: [],
};

const dialNames: Remedy = {
  side: "apiserver",
  setting: "--kubelet-preferred-address-types",
  text: "Let --kubelet-preferred-address-types begin with an address type that the certificates name, e.g. Hostname.",
  changes: [],
};

export const addressRemedies: readonly Remedy[] = [
  {
    side: "apiserver",
    setting: "--kubelet-preferred-address-types",
    text: "Set --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname: types that every node has and that need no DNS.",
    changes: [],
  },
];

/** Nothing is verified and nobody said so. */
export function silentSkipRemedies(selfSigned: boolean): readonly Remedy[] {
  return selfSigned ? [bootstrap, provision, pin, skipOnPurpose] : [trustIssuer, skipOnPurpose];
}

/** The kubelet has no certificate at all. */
export function noCertificateRemedies({
  setting,
  request,
}: {
  readonly setting: string;
  readonly request?: ServingRequest["state"];
}): readonly Remedy[] {
  return request === undefined
    ? [
        {
          side: "kubelet",
          setting,
          text: `Set ${setting} as well: tlsCertFile and tlsPrivateKeyFile work together alone.`,
          changes: [],
        },
      ]
    : [requestRemedies[request], provision];
}

const requestRemedies: Readonly<Record<ServingRequest["state"], Remedy>> = {
  issued: {
    side: "kubelet",
    setting: "--node-ip",
    text: "Give the node an IP address: --node-ip, or let the cloud provider set one.",
    changes: [],
  },
  pending: {
    side: "rbac",
    setting: "certificatesigningrequests/approval",
    text: "Run an approver for signer kubernetes.io/kubelet-serving, or approve the request: kubectl certificate approve.",
    changes: [],
  },
  denied: {
    side: "rbac",
    setting: "certificatesigningrequests/approval",
    text: "Let the approver's rules allow the node's name and addresses (kubelet-csr-approver: PROVIDER_REGEX, PROVIDER_IP_PREFIXES, ALLOWED_DNS_NAMES); the kubelet then asks again.",
    changes: [],
  },
  neverIssued: {
    side: "certificates",
    setting: "--cluster-signing-kubelet-serving-cert-file",
    text: "Give kube-controller-manager --cluster-signing-kubelet-serving-cert-file and --cluster-signing-kubelet-serving-key-file: it signs what was approved.",
    changes: [],
  },
};

/** The certificate is not accepted. */
export function verificationRemedies(
  complaint: Complaint,
  selfSigned: boolean,
  { type }: { readonly type: string },
): readonly Remedy[] {
  if (selfSigned) {
    const renew: Remedy = {
      side: "kubelet",
      setting: "--cert-dir",
      text: "Remove kubelet.crt and kubelet.key from the certificate directory and restart the kubelet: it never renews them itself.",
      changes: [],
    };
    const own = complaint === "validity" ? [renew] : [pin];
    return [bootstrap, provision, ...own, skipOnPurpose];
  }
  switch (complaint) {
    case "validity":
      return [
        {
          side: "certificates",
          setting: "notAfter",
          text: "Renew the certificate, or the CA above it, that the message speaks of.",
          changes: [],
        },
        skipOnPurpose,
      ];
    case "name":
      return [
        {
          side: "certificates",
          setting: "subjectAltName",
          text: `Issue the certificate with the node's ${type} among its subject alternative names.`,
          changes: [],
        },
        dialNames,
      ];
    case "chain":
      return [
        trustIssuer,
        {
          side: "certificates",
          setting: "tlsCertFile",
          text: "Issue the certificate by a CA of that bundle; where an intermediate signed it, put it after the leaf in tlsCertFile.",
          changes: [],
        },
        skipOnPurpose,
      ];
    case "usage":
      return [
        {
          side: "certificates",
          setting: "extendedKeyUsage",
          text: "Issue the certificate with extended key usage serverAuth.",
          changes: [],
        },
      ];
  }
}
