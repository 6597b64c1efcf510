/** What one side asks of the other, where only one is at hand. */
import { isSelfMade } from "../programs/kubelet/serving-certificate.ts";
import { readPem } from "../readers/pem.ts";
import type { Fact } from "../words/fact.ts";
import type { ApiServerFacts, CertificateFacts, HostFiles, KubeletFacts } from "../words/facts.ts";
import { servingModeOf } from "../words/serving-mode.ts";
import { notMeant, reasonOfSkip } from "../words/skip.ts";
import { isOpenToUsers } from "./open.ts";

/** What kube-apiserver needs so that it and this kubelet trust each other; a sentence each. */
export function needsOfKubelet(kubelet: KubeletFacts): readonly string[] {
  return [
    // One setting may be what both sides lack.
    ...new Set([...servingNeeds(kubelet), ...clientNeeds(kubelet)]),
    ...dangers(kubelet),
  ];
}

function servingNeeds(kubelet: KubeletFacts): readonly string[] {
  const { serving, files } = kubelet;
  const skip =
    "or leave the flag out and say why (annotations kubelet-trust/kubelet-serving-verification: skip and kubelet-trust/reason)";
  const { presented } = serving;
  if (presented && "chain" in presented) {
    const [seen] = presented.chain;
    // What its port presents is what it serves, whatever its settings come to.
    return seen === undefined || isSelfMade(seen)
      ? [selfSignedNeeds(skip)]
      : [
          `The kubelet presents a certificate that it did not sign itself: --kubelet-certificate-authority needs ${issuerOf(seen)}, ${skip}.`,
          `kube-apiserver must dial one of its names: ${namesOf(seen)}.`,
        ];
  }
  switch (servingModeOf(kubelet)) {
    case "selfSigned":
      return [selfSignedNeeds(skip)];
    case "bootstrap":
      return [
        `The kubelet requests its serving certificate by CSR: --kubelet-certificate-authority needs the CA that signs kubernetes.io/kubelet-serving, ${skip}.`,
        "Its requests need an approver for signer kubernetes.io/kubelet-serving; kube-controller-manager approves none.",
      ];
    case "provisioned": {
      const path = serving.tlsCertFile.known ? serving.tlsCertFile.value : "";
      const [leaf] = certificatesAt(files, path);
      return [
        `The kubelet serves ${path}: --kubelet-certificate-authority needs ${leaf ? issuerOf(leaf) : "the CA that signed it"}, ${skip}.`,
        leaf
          ? `kube-apiserver must dial one of its names: ${namesOf(leaf)}.`
          : `kube-apiserver must dial one of its names (give ${path} to see them).`,
      ];
    }
    default:
      return [`Undecidable without ${missingOf(serving)}.`];
  }
}

function selfSignedNeeds(orSkip: string): string {
  return `The kubelet signs its own serving certificate: kube-apiserver needs --kubelet-certificate-authority with this kubelet.crt in its file and --kubelet-preferred-address-types that begin with Hostname, ${orSkip}.`;
}

function missingOf({
  serverTLSBootstrap,
  tlsCertFile,
  tlsPrivateKeyFile,
}: KubeletFacts["serving"]): string {
  const unknown = [serverTLSBootstrap, tlsCertFile, tlsPrivateKeyFile].find(({ known }) => !known);
  return unknown && !unknown.known ? unknown.missing : "both tlsCertFile and tlsPrivateKeyFile";
}

function clientNeeds(kubelet: KubeletFacts): readonly string[] {
  const { clientCAFile, anonymous, authorizationMode } = kubelet.authentication;
  if (!clientCAFile.known) return [`Undecidable without ${clientCAFile.missing}.`];
  const authentication =
    clientCAFile.value === ""
      ? anonymous.known && !anonymous.value
        ? "No certificate lets kube-apiserver in: the kubelet has no authentication.x509.clientCAFile."
        : "kube-apiserver is anybody to the kubelet: it has no authentication.x509.clientCAFile."
      : `--kubelet-client-certificate needs a certificate for clients that ${authorities(kubelet.files, clientCAFile.value)} signed.`;
  if (!authorizationMode.known) {
    return [authentication, `Undecidable without ${authorizationMode.missing}.`];
  }
  return isOpenToUsers(kubelet)
    ? [authentication]
    : [
        authentication,
        "The certificate's user needs a binding to ClusterRole system:kubelet-api-admin, and --authorization-mode needs Node.",
      ];
}

/** What no kube-apiserver can make up for. */
function dangers(kubelet: KubeletFacts): readonly string[] {
  const { anonymous, readOnlyPort } = kubelet.authentication;
  const isAnonymous = anonymous.known && anonymous.value;
  return [
    ...(isOpenToUsers(kubelet)
      ? [
          `${isAnonymous ? "Anyone who reaches it" : "Whoever is authenticated"} may do anything on it, exec into every container included: set authorization.mode: Webhook${isAnonymous ? " and authentication.anonymous.enabled: false" : ""}.`,
        ]
      : []),
    ...(readOnlyPort.known && readOnlyPort.value > 0
      ? [
          `Anyone who reaches its read-only port ${readOnlyPort.value} reads its pods and metrics: set readOnlyPort: 0.`,
        ]
      : []),
  ];
}

/** What each kubelet needs so that it and this kube-apiserver trust each other; a sentence each. */
export function needsOfApiServer(apiserver: ApiServerFacts): readonly string[] {
  return [...verificationNeeds(apiserver), ...credentialNeeds(apiserver)];
}

function verificationNeeds({ access, files }: ApiServerFacts): readonly string[] {
  const { certificateAuthority, preferredAddressTypes, skip } = access;
  if (!certificateAuthority.known) return [`Undecidable without ${certificateAuthority.missing}.`];
  if (certificateAuthority.value === "") {
    if (!skip.known) return [`Undecidable without ${skip.missing}.`];
    const reason = reasonOfSkip(skip.value);
    return reason === undefined
      ? [
          `It verifies no kubelet, and ${notMeant(skip.value)}: set --kubelet-certificate-authority, or say why not.`,
        ]
      : [`It verifies no kubelet, on purpose (${reason}): any serving certificate will do.`];
  }
  const types = preferredAddressTypes.known
    ? preferredAddressTypes.value.join(", ")
    : `(unknown: ${preferredAddressTypes.missing})`;
  return [
    `Each kubelet needs a serving certificate that ${authorities(files, certificateAuthority.value)} signed.`,
    `It must name the first address that its node has of ${types}: an IP address as an IP SAN, a name as a DNS SAN.`,
  ];
}

function credentialNeeds({ access, files }: ApiServerFacts): readonly string[] {
  const { clientCertificate, clientKey } = access;
  if (!clientCertificate.known) return [`Undecidable without ${clientCertificate.missing}.`];
  if (!clientKey.known) return [`Undecidable without ${clientKey.missing}.`];
  if (clientCertificate.value === "" || clientKey.value === "") {
    return [
      "It presents no client certificate: --kubelet-client-certificate and --kubelet-client-key must both be set.",
    ];
  }
  const [leaf] = certificatesAt(files, clientCertificate.value);
  return [
    `Each kubelet's authentication.x509.clientCAFile needs ${leaf ? issuerOf(leaf) : `the CA that signed ${clientCertificate.value}`}.`,
  ];
}

function authorities(files: HostFiles, path: string): string {
  const names = certificatesAt(files, path).flatMap(({ subject }) =>
    subject.known && subject.value.commonName !== "" ? [subject.value.commonName] : [],
  );
  return names.length === 0
    ? `a CA in ${path}`
    : `a CA in ${path} (${[...new Set(names)].slice(0, 5).join(", ")})`;
}

function issuerOf({ signedBy }: CertificateFacts): string {
  const name = signedBy.known ? (signedBy.value.subject?.commonName ?? "") : "";
  return name === "" ? "the CA that signed it" : `the CA ${name}, which signed it`;
}

function namesOf({ dnsNames, ipAddresses }: CertificateFacts): string {
  const listed = (fact: Fact<readonly string[]>) => (fact.known ? fact.value : []);
  const names = [...listed(ipAddresses), ...listed(dnsNames)];
  return names.length === 0 ? "it has none" : names.join(", ");
}

function certificatesAt(files: HostFiles, path: string): readonly CertificateFacts[] {
  const file = path === "" ? undefined : files(path);
  if (!file?.known) return [];
  if (file.value.kind === "certificates") return file.value.certificates;
  return file.value.kind === "text" ? readPem(file.value.text, { where: path }).certificates : [];
}
