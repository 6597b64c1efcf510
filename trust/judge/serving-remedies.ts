/**
 * Ways out on the serving side, most preferred first: by complaint, by how the kubelet came by its certificate, and by
 * what the caller's bundle holds. Each mends everything that is wrong, not only what is complained about first.
 */
import type { Complaint } from "../certificates/verify.ts";
import type { Served, ServedOrigin } from "../programs/kubelet/serving-certificate.ts";
import type { CallerName } from "../words/facts.ts";
import type { Change, Remedy } from "../words/remedy.ts";
import { settingsOf } from "./settings.ts";

/** What there is to mend. */
export type Situation = {
  readonly caller: CallerName;
  readonly origin: ServedOrigin;
  /** Everything that is wrong with what is served. */
  readonly complaints: ReadonlySet<Complaint>;
  /** The caller verifies kubelets. */
  readonly verifies: boolean;
  /** Its bundle holds a CA that could issue certificates. */
  readonly hasAuthority: boolean;
  /** The type of the address that is dialled. */
  readonly type: string;
  /** A type of another address of the node that the certificate names. */
  readonly otherType?: string | undefined;
};

type Part = { readonly text: string; readonly changes: readonly Change[] };

/** The end of a remedy after which other certificates are served: the caller must trust who issues them. */
function trusting({ caller, hasAuthority }: Situation): Part {
  const setting = settingsOf[caller].bundle;
  return hasAuthority
    ? { text: "", changes: [] }
    : {
        text: `, and let ${setting} hold the CA that issues them`,
        changes: [{ do: "trust", side: sideOf(caller), setting, what: "servingIssuer" }],
      };
}

function sideOf(caller: CallerName): "apiserver" | "caller" {
  return caller === "kube-apiserver" ? "apiserver" : "caller";
}

function bootstrap(situation: Situation): Remedy {
  const end = trusting(situation);
  return {
    side: "kubelet",
    setting: "serverTLSBootstrap",
    text: `Set serverTLSBootstrap: true, and run an approver for signer kubernetes.io/kubelet-serving${end.text}.`,
    changes: [
      { do: "set", side: "kubelet", setting: "serverTLSBootstrap", value: true },
      { do: "approve", side: "approver" },
      ...end.changes,
    ],
  };
}

function provision(situation: Situation): Remedy {
  const end = trusting(situation);
  return {
    side: "kubelet",
    setting: "tlsCertFile",
    text: `Issue a serving certificate per node that names its addresses, and set tlsCertFile and tlsPrivateKeyFile${end.text}.`,
    changes: [{ do: "issue", side: "kubelet", what: "serving" }, ...end.changes],
  };
}

function trustIssuer({ caller }: Situation): Remedy {
  const setting = settingsOf[caller].bundle;
  return {
    side: sideOf(caller),
    setting,
    text: `Set ${setting} to the CA that issues the kubelets' serving certificates.`,
    changes: [{ do: "trust", side: sideOf(caller), setting, what: "servingIssuer" }],
  };
}

function skipOnPurpose({ caller }: Situation): Remedy[] {
  const { skip, bundle } = settingsOf[caller];
  const side = sideOf(caller);
  return skip === undefined
    ? []
    : [
        {
          side,
          setting: bundle,
          text: skip,
          changes: [
            { do: "remove", side, setting: bundle },
            { do: "saySkip", side },
          ],
        },
      ];
}

/** The kubelets' own certificates name the host alone, so that it must be dialled too. */
function pin({ caller, complaints }: Situation): Remedy[] {
  const { bundle, addressTypes } = settingsOf[caller];
  // Who cannot be told what to dial never dials the name.
  if (complaints.has("name") && addressTypes === undefined) return [];
  const side = sideOf(caller);
  const names = complaints.has("name") ? addressTypes : undefined;
  return [
    {
      side,
      setting: bundle,
      text: `Set ${bundle} to a bundle of the kubelets' kubelet.crt files${names === undefined ? "" : `, and let ${names} begin with Hostname`}.`,
      changes: [
        { do: "trust", side, setting: bundle, what: "ownCertificates" },
        ...(names === undefined
          ? []
          : [{ do: "set", side, setting: names, value: "Hostname" } as const]),
      ],
    },
  ];
}

/** Another address of the node, where the certificate names one. */
function dialOther({ caller, otherType, type, complaints, verifies }: Situation): Remedy[] {
  const { addressTypes: setting, bundle } = settingsOf[caller];
  const side = sideOf(caller);
  const isAll = complaints.size === 1 && complaints.has("name");
  return setting === undefined || otherType === undefined || !isAll
    ? []
    : [
        {
          side,
          setting,
          text: `Let ${setting} begin with ${otherType}: the certificate names that address, and not the ${type}${verifies ? "" : `; and set ${bundle} to the CA that issued it`}.`,
          changes: [
            { do: "set", side, setting, value: `${otherType},${type}` },
            ...(verifies
              ? []
              : [{ do: "trust", side, setting: bundle, what: "servingIssuer" } as const]),
          ],
        },
      ];
}

/** A certificate in place of the one that is served, with everything that this one lacks. */
function reissue(situation: Situation): Remedy {
  const { complaints, type, caller, origin } = situation;
  const end = trusting(situation);
  const lacking = [
    ...(complaints.has("constraint")
      ? [
          "by a CA that may sign for the node's names and addresses: name constraints forbid it to this one",
        ]
      : []),
    ...(complaints.has("chain")
      ? [`by a CA that ${settingsOf[caller].bundle} holds, with the intermediates after the leaf`]
      : []),
    ...(complaints.has("name")
      ? [`with the node's ${type} among its subject alternative names`]
      : []),
    ...(complaints.has("usage") ? ["with extended key usage serverAuth"] : []),
    ...(complaints.has("validity") ? ["valid at this time"] : []),
  ];
  const what =
    origin === "placed"
      ? "the certificate in kubelet.crt of the kubelet's certificate directory, which a CA has issued and the kubelet never renews,"
      : "the kubelet's serving certificate";
  return {
    side: "certificates",
    setting: origin === "placed" ? "--cert-dir" : "tlsCertFile",
    text: `Issue ${what} anew${lacking.length === 0 ? "" : ` ${lacking.join(", ")}`}${end.text}.`,
    changes: [{ do: "issue", side: "certificates", what: "serving" }, ...end.changes],
  };
}

function signByTrusted({ caller }: Situation): Remedy {
  return {
    side: "controller-manager",
    setting: "--cluster-signing-kubelet-serving-cert-file",
    text: `Give kube-controller-manager --cluster-signing-kubelet-serving-cert-file and --cluster-signing-kubelet-serving-key-file of a CA that ${settingsOf[caller].bundle} holds, and the other signers their own pairs in place of --cluster-signing-cert-file and --cluster-signing-key-file.`,
    changes: [{ do: "sign", side: "controller-manager" }],
  };
}

/** The certificate is not accepted. */
export function verificationRemedies(situation: Situation): readonly Remedy[] {
  const { complaints, origin, hasAuthority } = situation;
  const isChainAlone = complaints.size === 1 && complaints.has("chain");
  const skip = skipOnPurpose(situation);
  switch (origin) {
    case "selfSigned": {
      const own = complaints.has("validity") ? [renewOwn(situation)] : pin(situation);
      return [...dialOther(situation), bootstrap(situation), provision(situation), ...own, ...skip];
    }
    case "requested":
      if (isChainAlone) {
        // Nobody has the key of what a kubelet made for itself, so that nothing can be signed by it.
        return [
          ...(hasAuthority ? [signByTrusted(situation)] : []),
          trustIssuer(situation),
          ...skip,
        ];
      }
      return [requestAnew(situation), ...dialOther(situation), provision(situation), ...skip];
    default:
      return isChainAlone
        ? [trustIssuer(situation), reissue(situation), ...skip]
        : [reissue(situation), ...dialOther(situation), ...skip];
  }
}

/** What a kubelet made expires after a year and is never renewed; a new one must be handed in again. */
function renewOwn({ caller }: Situation): Remedy {
  const { bundle } = settingsOf[caller];
  return {
    side: "kubelet",
    setting: "--cert-dir",
    text: `Remove kubelet.crt and kubelet.key, which the kubelet made and never renews, from its certificate directory, restart it, and put the new kubelet.crt into the bundle of ${bundle}.`,
    changes: [
      { do: "renewOwn", side: "kubelet" },
      { do: "trust", side: sideOf(caller), setting: bundle, what: "ownCertificates" },
    ],
  };
}

function requestAnew(situation: Situation): Remedy {
  const end = trusting(situation);
  return {
    side: "approver",
    setting: "certificatesigningrequests/approval",
    text: `Approve the request that the kubelet files for its present names and addresses: it keeps the certificate that it has until then${end.text}.`,
    changes: [{ do: "approve", side: "approver" }, ...end.changes],
  };
}

/** Nothing is verified, and nothing says that this is meant. */
export function silentSkipRemedies(situation: Situation): readonly Remedy[] {
  const skip = skipOnPurpose(situation);
  if (situation.origin === "selfSigned") {
    return [bootstrap(situation), provision(situation), ...pin(situation), ...skip];
  }
  return situation.complaints.size === 0
    ? [trustIssuer(situation), ...skip]
    : [reissue(situation), ...dialOther(situation), ...skip];
}

/** The node has no address that could be dialled by its type or its name. */
export function addressRemedies(caller: CallerName): readonly Remedy[] {
  const setting = settingsOf[caller].addressTypes;
  return setting === undefined
    ? []
    : [
        {
          side: sideOf(caller),
          setting,
          text: `Set ${setting}=InternalIP,ExternalIP,Hostname: types that every node has and that need no DNS.`,
          changes: [
            {
              do: "set",
              side: sideOf(caller),
              setting,
              value: "InternalIP,ExternalIP,Hostname",
            },
          ],
        },
      ];
}

/** The kubelet refuses the address that it was given. */
export const nodeIpRemedy: Remedy = {
  side: "kubelet",
  setting: "--node-ip",
  text: "Set --node-ip to an address of the machine's network that kube-apiserver reaches, or remove it.",
  changes: [{ do: "giveAddress", side: "kubelet" }],
};

/** The kubelet has no certificate at all; `situation` speaks of the one that it would have. */
export function noCertificateRemedies(
  { setting, request }: Extract<Served, { kind: "none" }>,
  situation: Situation,
): readonly Remedy[] {
  if (request === undefined) {
    const isSound = situation.complaints.size === 0;
    const rest = isSound ? undefined : verificationRemedies(situation)[0];
    return [
      {
        side: "kubelet",
        setting,
        text: `Set ${setting} as well: tlsCertFile and tlsPrivateKeyFile work together alone.${rest ? ` And: ${rest.text}` : ""}`,
        changes: [{ do: "mendFile", side: "kubelet", setting }, ...(rest?.changes ?? [])],
      },
    ];
  }
  const end = situation.verifies ? trusting(situation) : { text: "", changes: [] };
  return [requestRemedy(request, end), ...(request === "issued" ? [] : [provision(situation)])];
}

function requestRemedy(
  request: NonNullable<Extract<Served, { kind: "none" }>["request"]>,
  end: Part,
): Remedy {
  if (request === "issued") {
    return {
      side: "kubelet",
      setting: "--node-ip",
      text: "Give the node an IP address: --node-ip, or let the cloud provider set one.",
      changes: [{ do: "giveAddress", side: "kubelet" }],
    };
  }
  const text = `${waysToCertificate[request]}${end.text}.`;
  return request === "neverIssued"
    ? {
        side: "controller-manager",
        setting: "--cluster-signing-kubelet-serving-cert-file",
        text,
        changes: [{ do: "sign", side: "controller-manager" }, ...end.changes],
      }
    : {
        side: "approver",
        setting: "certificatesigningrequests/approval",
        text,
        changes: [{ do: "approve", side: "approver" }, ...end.changes],
      };
}

/** By what became of the request. */
const waysToCertificate = {
  pending:
    "Run an approver for signer kubernetes.io/kubelet-serving, or approve the requests yourself (kubectl certificate approve)",
  denied:
    "Let the approver's rules allow the node's name and addresses (kubelet-csr-approver: PROVIDER_REGEX, PROVIDER_IP_PREFIXES, ALLOWED_DNS_NAMES); the kubelet then asks again",
  unseen:
    "Look at the kubelet's requests (kubectl get csr) and approve what is Pending (kubectl certificate approve); its log says what else keeps it from a certificate",
  neverIssued:
    "Let kube-controller-manager sign what was approved: it has to start, with csrsigning among its --controllers, and to have --cluster-signing-kubelet-serving-cert-file with --cluster-signing-kubelet-serving-key-file, or --cluster-signing-cert-file with --cluster-signing-key-file and no pair for any other signer",
};
