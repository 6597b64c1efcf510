/** The combinations of docs/verdicts.md, as inputs: what is judged there, and what a test can change and judge again. */
import { newestKnownVersion } from "../trust/kubernetes/version.ts";
import { apiServerFacts } from "../trust/programs/api-server/facts.ts";
import { kubeletFacts } from "../trust/programs/kubelet/facts.ts";
import {
  keptValid,
  requestedCertificate,
  signedBy,
} from "../trust/programs/kubelet/requested-certificate.ts";
import { selfSigned } from "../trust/programs/kubelet/serving-certificate.ts";
import { toWords } from "../trust/readers/command-line.ts";
import { known, unknown } from "../trust/words/fact.ts";
import type {
  ApiServerFacts,
  CertificateFacts,
  FileContent,
  HostFiles,
  KubeletFacts,
  NodeFacts,
  RbacFacts,
  ServingRequest,
} from "../trust/words/facts.ts";
import type { RequestKind } from "../trust/words/verdict.ts";

/** The moment of every combination. */
export const at = new Date("2026-11-24T00:00:00Z");
const year = 365 * 86_400_000;
const ip = "10.0.0.11";
/** The node of every combination. */
export const node: NodeFacts = {
  hostName: known("node-1"),
  name: known("node-1"),
  addresses: known([
    { type: "InternalIP", address: ip },
    { type: "Hostname", address: "node-1" },
  ]),
};

function certificate(
  name: string,
  signer: CertificateFacts | undefined,
  facts: Partial<CertificateFacts>,
): CertificateFacts {
  const id = `table:${name}`;
  return {
    ids: [id],
    label: name,
    subject: known({ commonName: name, organizations: [] }),
    dnsNames: known([]),
    ipAddresses: known([]),
    extendedKeyUsages: known(undefined),
    isCA: known(false),
    ...keptValid,
    key: known({ ids: [`${id} key`], algorithm: "RSA", bits: 2048 }),
    signedBy: signer ? signedBy(signer) : known({ certificateIds: [id] }),
    ...facts,
  };
}

/** Signs in the cluster. */
export const clusterCA = certificate("the cluster CA", undefined, { isCA: known(true) });
/** Signs elsewhere. */
export const otherCA = certificate("another CA", undefined, { isCA: known(true) });
const expired = { notAfter: known(new Date(at.getTime() - year)) };

/** The certificate of the table's node, with other names or uses. */
export function leaf(names: Partial<CertificateFacts>, signer = clusterCA): CertificateFacts {
  return certificate("the kubelet serving certificate", signer, {
    extendedKeyUsages: known(["serverAuth"]),
    dnsNames: known(["node-1"]),
    ipAddresses: known([ip]),
    ...names,
  });
}

type KubeletRow = {
  readonly title: string;
  readonly flags: readonly string[];
  readonly chain?: readonly CertificateFacts[];
  readonly request?: ServingRequest;
};

const pair = ["--tls-cert-file=/pki/kubelet.crt", "--tls-private-key-file=/pki/kubelet.key"];
const bootstrap = ["--rotate-server-certificates"];

/** The kubelets of the serving side. */
export const kubelets: readonly KubeletRow[] = [
  { title: "selfSigned", flags: [] },
  {
    title: "bootstrap, request approved",
    flags: bootstrap,
    request: { state: "issued", chain: [requestedCertificate(node, clusterCA)] },
  },
  { title: "bootstrap, request pending", flags: bootstrap, request: { state: "pending" } },
  { title: "provisioned, IP and DNS SANs", flags: pair, chain: [leaf({})] },
  { title: "provisioned, DNS SAN alone", flags: pair, chain: [leaf({ ipAddresses: known([]) })] },
  { title: "provisioned, IP SAN alone", flags: pair, chain: [leaf({ dnsNames: known([]) })] },
  {
    title: "provisioned, another node's SANs",
    flags: pair,
    chain: [leaf({ dnsNames: known(["node-2"]), ipAddresses: known(["10.0.0.12"]) })],
  },
  { title: "provisioned, expired", flags: pair, chain: [leaf(expired)] },
  {
    title: "provisioned, clientAuth alone",
    flags: pair,
    chain: [leaf({ extendedKeyUsages: known(["clientAuth"]) })],
  },
  { title: "provisioned by another CA", flags: pair, chain: [leaf({}, otherCA)] },
  { title: "tlsCertFile without tlsPrivateKeyFile", flags: pair.slice(0, 1), chain: [leaf({})] },
  {
    title: "serverTLSBootstrap, gate RotateKubeletServerCertificate off",
    flags: [...bootstrap, "--feature-gates=RotateKubeletServerCertificate=false"],
  },
];

type Bundle = { readonly title: string; readonly certificates?: readonly CertificateFacts[] };
/** What --kubelet-certificate-authority names. */
export const bundles: readonly Bundle[] = [
  { title: "flag absent" },
  { title: "the cluster CA", certificates: [clusterCA] },
  { title: "the kubelets' kubelet.crt", certificates: selfSigned("node-1", at) },
  { title: "both", certificates: [clusterCA, ...selfSigned("node-1", at)] },
  { title: "empty file", certificates: [] },
];

/** What is dialled. */
export const dialled = [
  {
    title: "InternalIP first (kubeadm: InternalIP,ExternalIP,Hostname)",
    types: "InternalIP,ExternalIP,Hostname",
  },
  {
    title: "Hostname first (the default, and what trustSelfSigned sets)",
    types: "Hostname,InternalIP",
  },
];

function files(contents: Readonly<Record<string, FileContent>>): HostFiles {
  return (path) => {
    const content = contents[path];
    return content ? known(content) : unknown(`the content of ${path}`);
  };
}

/** One pair, as it is started. */
export type Combination = {
  readonly title: string;
  readonly kubelet: {
    readonly flags: readonly string[];
    readonly files: Readonly<Record<string, FileContent>>;
    readonly request: ServingRequest;
  };
  readonly apiserver: {
    readonly flags: readonly string[];
    readonly files: Readonly<Record<string, FileContent>>;
    readonly rbac: RbacFacts;
    readonly skip?: { readonly reason: string };
  };
};

/** The facts of a combination. */
export function factsOf({ kubelet, apiserver }: Combination): {
  readonly kubelet: KubeletFacts;
  readonly apiserver: ApiServerFacts;
} {
  const source = { where: "table" };
  return {
    kubelet: kubeletFacts({
      label: "node-1",
      version: known(newestKnownVersion),
      commandLine: {
        program: "kubelet",
        words: toWords(["--kubeconfig=/etc/kubernetes/kubelet.conf", ...kubelet.flags], source),
        source,
      },
      node,
      request: known(kubelet.request),
      files: files(kubelet.files),
      at,
    }),
    apiserver: apiServerFacts({
      label: "kube-apiserver",
      version: known(newestKnownVersion),
      commandLine: {
        program: "kube-apiserver",
        words: toWords(["--authorization-mode=Node,RBAC", ...apiserver.flags], source),
        source,
      },
      skip: known(apiserver.skip),
      rbac: known(apiserver.rbac),
      files: files(apiserver.files),
    }),
  };
}

const noRbac: RbacFacts = { roles: [], bindings: [] };

/** A kubelet, a bundle, and the address types that are preferred. */
export function servingCombination(row: KubeletRow, bundle: Bundle, types: string): Combination {
  const flags = bundle.certificates ? ["--kubelet-certificate-authority=/pki/bundle.crt"] : [];
  return {
    title: `${row.title}; ${bundle.title}; ${types}`,
    kubelet: {
      flags: [
        "--anonymous-auth=false",
        "--authorization-mode=Webhook",
        "--read-only-port=0",
        ...row.flags,
      ],
      files: { "/pki/kubelet.crt": { kind: "certificates", certificates: row.chain ?? [] } },
      request: row.request ?? { state: "pending" },
    },
    apiserver: {
      flags: [...flags, `--kubelet-preferred-address-types=${types}`],
      files: {
        "/pki/bundle.crt": { kind: "certificates", certificates: bundle.certificates ?? [] },
      },
      rbac: noRbac,
    },
  };
}

type Client = { readonly title: string; readonly chain?: readonly CertificateFacts[] };

/** A client certificate of the cluster's CA, with other facts. */
export function clientCertificate(
  facts: Partial<CertificateFacts>,
  signer = clusterCA,
): readonly CertificateFacts[] {
  return [
    certificate("the kubelet client certificate", signer, {
      subject: known({
        commonName: "kube-apiserver-kubelet-client",
        organizations: ["system:masters"],
      }),
      extendedKeyUsages: known(["clientAuth"]),
      ...facts,
    }),
  ];
}

/** kube-apiserver's client certificates. */
export const clients: readonly Client[] = [
  { title: "by the cluster CA, O=system:masters", chain: clientCertificate({}) },
  {
    title: "by the cluster CA, no O, no binding",
    chain: clientCertificate({
      subject: known({ commonName: "kube-apiserver-kubelet-client", organizations: [] }),
    }),
  },
  { title: "by another CA", chain: clientCertificate({}, otherCA) },
  { title: "expired", chain: clientCertificate(expired) },
  {
    title: "serverAuth alone",
    chain: clientCertificate({ extendedKeyUsages: known(["serverAuth"]) }),
  },
  {
    title: "empty common name",
    chain: clientCertificate({
      subject: known({ commonName: "", organizations: ["system:masters"] }),
    }),
  },
  { title: "none, or half a pair" },
];

type Door = { readonly title: string; readonly flags: readonly string[] };
const trusting = "--client-ca-file=/pki/client-ca.crt";
const webhook = ["--authentication-token-webhook", "--authorization-mode=Webhook"];

/** How kubelets let callers in. */
export const doors: readonly Door[] = [
  {
    title: "clientCAFile, Webhook",
    flags: [trusting, "--anonymous-auth=false", ...webhook],
  },
  {
    title: "clientCAFile, anonymous, Webhook",
    flags: [trusting, "--anonymous-auth=true", ...webhook],
  },
  {
    title: "clientCAFile, AlwaysAllow",
    flags: [trusting, "--anonymous-auth=false", "--authorization-mode=AlwaysAllow"],
  },
  {
    title: "clientCAFile, anonymous, AlwaysAllow",
    flags: [trusting, "--anonymous-auth=true", "--authorization-mode=AlwaysAllow"],
  },
  { title: "no clientCAFile, Webhook", flags: ["--anonymous-auth=false", ...webhook] },
];

/** A client certificate, a way to let callers in, and what RBAC grants. */
export function clientCombination(client: Client, door: Door, rbac = noRbac): Combination {
  const flags = client.chain
    ? ["--kubelet-client-certificate=/pki/client.crt", "--kubelet-client-key=/pki/client.key"]
    : [];
  return {
    title: `${client.title}; ${door.title}`,
    kubelet: {
      flags: ["--read-only-port=0", ...door.flags],
      files: { "/pki/client-ca.crt": { kind: "certificates", certificates: [clusterCA] } },
      request: { state: "pending" },
    },
    apiserver: {
      flags,
      files: {
        "/pki/client.crt": { kind: "certificates", certificates: client.chain ?? [] },
        "/pki/client.key": { kind: "privateKey", key: { ids: [] } },
      },
      rbac,
    },
  };
}

/** The kinds of request of the tables. */
export const requests: readonly RequestKind[] = [
  "logs",
  "execWebSocket",
  "execSpdy",
  "exec",
  "metrics",
  "stats",
  "pods",
  "healthz",
  "configz",
  "proxy",
];

function granting(resources: readonly string[], verbs: readonly string[]): RbacFacts {
  return {
    roles: [
      {
        name: "granted",
        labels: {},
        rules: [{ apiGroups: [""], resources, verbs, resourceNames: [], nonResourceURLs: [] }],
      },
    ],
    bindings: [binding("granted")],
  };
}

function binding(role: string): RbacFacts["bindings"][number] {
  return {
    name: role,
    role,
    subjects: [{ kind: "User", name: "kube-apiserver-kubelet-client" }],
  };
}

/** What RBAC grants the client certificate's user. */
export const grants: readonly { readonly title: string; readonly rbac: RbacFacts }[] = [
  {
    title: "system:kubelet-api-admin",
    rbac: { roles: [], bindings: [binding("system:kubelet-api-admin")] },
  },
  { title: "get nodes/proxy", rbac: granting(["nodes/proxy"], ["get"]) },
  { title: "create nodes/proxy", rbac: granting(["nodes/proxy"], ["create"]) },
  {
    title: "get nodes/metrics, stats, healthz, pods, configz, log",
    rbac: granting(
      ["nodes/metrics", "nodes/stats", "nodes/healthz", "nodes/pods", "nodes/configz", "nodes/log"],
      ["get"],
    ),
  },
];
