/** The tables of docs/verdicts.md: every typical combination, judged. */

import { coherence } from "../trust/judge/coherence.ts";
import { judge } from "../trust/judge/judge.ts";
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
import { type Outcome, type RequestKind, works } from "../trust/words/verdict.ts";
import { apiServerStances, servingModes } from "../trust/words/vocabulary.ts";

/** The whole page. The same every time: nothing in it depends on the clock. */
export function verdictsDocument(): string {
  return [
    "# Verdicts",
    "",
    "What kube-apiserver and a kubelet do to each other, as `judge` says it. Written by `npm run verdicts`;",
    "a test checks that it is current. The node of these tables is `node-1` with InternalIP `10.0.0.11`;",
    `Kubernetes is ${newestKnownVersion}.`,
    "",
    "## Serving mode and stance",
    "",
    "What `Cluster` allows, and what a user would see where it refuses.",
    "",
    table(["serving mode", ...apiServerStances], servingModes.map(coherenceRow)),
    "",
    "## Serving side",
    "",
    "By kubelet, by bundle of `--kubelet-certificate-authority`, and by what",
    "`--kubelet-preferred-address-types` makes kube-apiserver dial. `works` with an absent flag means: unverified.",
    "",
    ...dialled.flatMap(({ title, types }) => [
      `### ${title}`,
      "",
      table(
        ["kubelet", ...bundles.map(({ title: name }) => name)],
        kubelets.map((kubelet) => [
          kubelet.title,
          ...bundles.map((bundle) => cell(servingOutcome(kubelet, bundle, types))),
        ]),
      ),
      "",
    ]),
    "## Client side",
    "",
    "By kube-apiserver's client certificate and by the kubelet's `clientCAFile`, `anonymous` and",
    "`authorization.mode`, for `kubectl logs`.",
    "",
    table(
      ["client certificate", ...doors.map(({ title }) => title)],
      clients.map((client) => [
        client.title,
        ...doors.map((door) => cell(clientOutcome(client, door, "logs"))),
      ]),
    ),
    "",
    "## Requests",
    "",
    "By what RBAC grants the client certificate's user, under `authorization.mode: Webhook`.",
    "",
    table(
      ["request", ...grants.map(({ title }) => title)],
      requests.map((kind) => [
        kind,
        ...grants.map((grant) => cell(grantOutcome(grant.rbac, kind))),
      ]),
    ),
    "",
  ].join("\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(outcome: Outcome): string {
  if (works(outcome)) {
    return outcome.verdict === "verified" ? "verified" : "works";
  }
  if (outcome.verdict === "doesNotStart") {
    return "kubelet does not start";
  }
  const text = outcome.verdict === "fails" ? outcome.symptom : outcome.reason;
  return `\`${text.replace("tls: failed to verify certificate: ", "").replaceAll("\n", " ").replaceAll("|", "\\|")}\``;
}

function coherenceRow(mode: (typeof servingModes)[number]): string[] {
  return [
    mode,
    ...apiServerStances.map((stance) => {
      const answer = coherence(mode, stance);
      return answer.coherent
        ? "allowed"
        : `\`${answer.symptom.replace("tls: failed to verify certificate: ", "")}\``;
    }),
  ];
}

// The world of the tables ---------------------------------------------------------------------------------

const at = new Date("2026-11-24T00:00:00Z");
const year = 365 * 86_400_000;
const ip = "10.0.0.11";
const node: NodeFacts = {
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

const clusterCA = certificate("the cluster CA", undefined, { isCA: known(true) });
const otherCA = certificate("another CA", undefined, { isCA: known(true) });
const expired = { notAfter: known(new Date(at.getTime() - year)) };

function leaf(names: Partial<CertificateFacts>, signer = clusterCA): CertificateFacts {
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

const kubelets: readonly KubeletRow[] = [
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
const bundles: readonly Bundle[] = [
  { title: "flag absent" },
  { title: "the cluster CA", certificates: [clusterCA] },
  { title: "the kubelets' kubelet.crt", certificates: selfSigned("node-1", at) },
  { title: "both", certificates: [clusterCA, ...selfSigned("node-1", at)] },
  { title: "empty file", certificates: [] },
];

const dialled = [
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

function kubeletOf(
  flags: readonly string[],
  contents: Readonly<Record<string, FileContent>>,
  request: ServingRequest,
): KubeletFacts {
  const source = { where: "table" };
  const words = ["--kubeconfig=/etc/kubernetes/kubelet.conf", ...flags];
  return kubeletFacts({
    label: "node-1",
    version: known(newestKnownVersion),
    commandLine: { program: "kubelet", words: toWords(words, source), source },
    node,
    request: known(request),
    files: files(contents),
    at,
  });
}

function apiServerOf(
  flags: readonly string[],
  contents: Readonly<Record<string, FileContent>>,
  rbac: RbacFacts,
): ApiServerFacts {
  const source = { where: "table" };
  return apiServerFacts({
    label: "kube-apiserver",
    version: known(newestKnownVersion),
    commandLine: {
      program: "kube-apiserver",
      words: toWords(["--authorization-mode=Node,RBAC", ...flags], source),
      source,
    },
    skip: known(undefined),
    rbac: known(rbac),
    files: files(contents),
  });
}

const noRbac: RbacFacts = { roles: [], bindings: [] };

function servingOutcome(row: KubeletRow, bundle: Bundle, types: string): Outcome {
  const kubelet = kubeletOf(
    row.flags,
    { "/pki/kubelet.crt": { kind: "certificates", certificates: row.chain ?? [] } },
    row.request ?? { state: "pending" },
  );
  const flags = bundle.certificates ? ["--kubelet-certificate-authority=/pki/bundle.crt"] : [];
  const apiserver = apiServerOf(
    [...flags, `--kubelet-preferred-address-types=${types}`],
    { "/pki/bundle.crt": { kind: "certificates", certificates: bundle.certificates ?? [] } },
    noRbac,
  );
  return judge(kubelet, apiserver, { at }).serving;
}

type Client = { readonly title: string; readonly chain?: readonly CertificateFacts[] };

function clientCertificate(
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

const clients: readonly Client[] = [
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

const doors: readonly Door[] = [
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

const pod = { namespace: "default", name: "hello", container: "hello" };

function clientOutcome(client: Client, door: Door, kind: RequestKind, rbac = noRbac): Outcome {
  const kubelet = kubeletOf(
    door.flags,
    { "/pki/client-ca.crt": { kind: "certificates", certificates: [clusterCA] } },
    { state: "pending" },
  );
  const flags = client.chain
    ? ["--kubelet-client-certificate=/pki/client.crt", "--kubelet-client-key=/pki/client.key"]
    : [];
  const apiserver = apiServerOf(
    flags,
    {
      "/pki/client.crt": { kind: "certificates", certificates: client.chain ?? [] },
      "/pki/client.key": { kind: "privateKey", key: { ids: [] } },
    },
    rbac,
  );
  return judge(kubelet, apiserver, { at, pod }).client[kind];
}

const requests: readonly RequestKind[] = [
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

const grants: readonly { readonly title: string; readonly rbac: RbacFacts }[] = [
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

function grantOutcome(rbac: RbacFacts, kind: RequestKind): Outcome {
  const [, withoutOrganization] = clients;
  const [door] = doors;
  return withoutOrganization && door
    ? clientOutcome(withoutOrganization, door, kind, rbac)
    : clientOutcome({ title: "" }, { title: "", flags: [] }, kind, rbac);
}
