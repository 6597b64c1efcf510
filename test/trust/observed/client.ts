/** Rows of the client side: one request with one client certificate to one kubelet. */
import { stringify } from "yaml";
import { type KubeletSetUp, startOf } from "../../../lab/conformance/facts.ts";
import { type Issued, issue } from "../../../lab/x509/issue.ts";
import { type DirectCall, judgeDirectCall } from "../../../trust/judge/direct.ts";
import { judge } from "../../../trust/judge/judge.ts";
import { readPem } from "../../../trust/readers/pem.ts";
import type { FileContent } from "../../../trust/words/facts.ts";
import type { RequestKind } from "../../../trust/words/verdict.ts";
import { type Authorities, need, observedAt } from "./authorities.ts";
import {
  apiServer,
  hostOf,
  observed,
  pairOf,
  type Said,
  said,
  startSaid,
  textFile,
} from "./harness.ts";
import type { ClientKubelet, ClientRow } from "./rows.ts";

type Client = { readonly argv: readonly string[]; readonly contents: Map<string, FileContent> };
type Direct = { readonly admin: Issued; readonly otherCA: Issued };

export type ClientCase = (row: ClientRow) => Said;

/** Prepares every client certificate that the rows speak of. */
export async function clientCases(
  rows: readonly ClientRow[],
  authorities: Authorities,
): Promise<ClientCase> {
  const clients = new Map<string, Client>();
  for (const words of new Set(rows.map((row) => row.kubeletClientCertificate ?? "neither flag"))) {
    clients.set(words, await client(words, authorities));
  }
  const direct: Direct = {
    admin: await issue({
      subject: "CN=admin, O=system:masters",
      issuer: authorities.cluster,
      usages: ["clientAuth"],
    }),
    otherCA: await issue({
      subject: "CN=admin, O=system:masters",
      issuer: authorities.other,
      usages: ["clientAuth"],
    }),
  };
  const kubelets = new Map<string, KubeletSetUp>();
  return (row) => {
    const key = JSON.stringify(row.kubelet);
    const setUp = kubelets.get(key) ?? kubelet(row.kubelet, authorities);
    kubelets.set(key, setUp);
    return answer(
      row,
      setUp,
      need(clients.get(row.kubeletClientCertificate ?? "neither flag"), ""),
      direct,
    );
  };
}

const kinds: Readonly<Record<string, RequestKind>> = {
  log: "logs",
  "exec-ws": "execWebSocket",
  "exec-post": "execSpdy",
  metrics: "metrics",
  stats: "stats",
  pods: "pods",
  healthz: "healthz",
  configz: "configz",
};

function answer(
  row: ClientRow,
  setUp: KubeletSetUp,
  { argv, contents }: Client,
  direct: Direct,
): Said {
  const [probe = ""] = row.probe.split(" ");
  const words = `${row.kubeletClientCertificate ?? ""}; ${row.notes}`;
  const caller = apiServer(
    [...argv, "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname"],
    contents,
  );
  const whole = { ...observed, kubelet: setUp, apiServers: [caller], rbac: rbac(words) };
  if (probe === "start") return startSaid(startOf("kubelet", whole));
  const { kubelet: facts, apiServer: apiserver } = pairOf(whole);
  if (/^(direct|readonly)-/.test(probe)) {
    return said(judgeDirectCall(facts, apiserver, directCall(probe, direct), { at: observedAt }));
  }
  const pod = { namespace: "default", name: `hello-${row.kubelet.node}`, container: "hello" };
  const { requests } = judge(facts, apiserver, { at: observedAt, pod });
  return said(requests[need(kinds[probe], row.probe)]);
}

function directCall(probe: string, { admin, otherCA }: Direct): DirectCall {
  const [, credential = "", kind = ""] = /^direct-(\w+)-(\w+)$/.exec(probe) ?? [];
  if (kind !== "") {
    const presented = { nocert: undefined, admincert: admin, othercacert: otherCA }[credential];
    const chain = presented && readPem(presented.certPem, { where: credential }).certificates;
    return { port: "secure", kind: need(kinds[kind], kind), ...(chain && { certificate: chain }) };
  }
  const path = probe.replace(/^readonly-/, "");
  const readOnlyKinds: Readonly<Record<string, RequestKind>> = {
    ...kinds,
    logs: "logs",
    exec: "execSpdy",
  };
  return { port: "readOnly", kind: need(readOnlyKinds[path], probe) };
}

function kubelet(row: ClientKubelet, authorities: Authorities): KubeletSetUp {
  const path = `/lab/pki/${row.clientCAFile === "missing file" ? "does-not-exist" : row.node}.crt`;
  const bundles: Readonly<Record<string, FileContent>> = {
    "cluster CA": textFile(authorities.cluster.certPem),
    "other CA": textFile(authorities.other.certPem),
    "cluster CA + other CA": textFile(authorities.cluster.certPem + authorities.other.certPem),
    "other CA + cluster CA": textFile(authorities.other.certPem + authorities.cluster.certPem),
    unset: { kind: "missing" },
    "missing file": { kind: "missing" },
    "empty file": textFile(""),
    "not PEM": textFile("this is not PEM\n"),
    "intermediate only": textFile(authorities.intermediate.certPem),
    "unrelated CA": textFile(authorities.unrelated.certPem),
  };
  const configuration = stringify({
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    failCgroupV1: false,
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    authentication: {
      ...(row.clientCAFile !== "unset" && { x509: { clientCAFile: path } }),
      anonymous: { enabled: row.anonymous },
      webhook: { enabled: row.webhook_authn },
    },
    authorization: { mode: row.authorization },
    ...otherFields(row),
  });
  const contents = new Map([
    ["/lab/config.yaml", textFile(configuration)],
    ["/lab/kubeconfig", textFile("")],
    [path, need(bundles[row.clientCAFile], row.clientCAFile)],
  ]);
  return {
    host: hostOf("node", contents),
    args: ["--config=/lab/config.yaml", "--kubeconfig=/lab/kubeconfig"],
    hostName: row.node,
    addresses: [
      { type: "InternalIP", address: row.ip },
      { type: "Hostname", address: row.node },
    ],
    unresolvable: [],
    request: "pending",
  };
}

const described = [
  "node",
  "ip",
  "clientCAFile",
  "anonymous",
  "webhook_authn",
  "authorization",
  "authz_cache",
  "serving",
];

/** Whatever else a row says of its kubelet is a field of the configuration by its own name. */
function otherFields(row: ClientKubelet): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !described.includes(name)));
}

const day = 86_400_000;

/** kube-apiserver's client certificate, made by its words. */
async function client(words: string, authorities: Authorities): Promise<Client> {
  if (words === "neither flag") {
    return { argv: [], contents: new Map() };
  }
  const intermediate = /intermediate/.test(words);
  const issuer = intermediate
    ? authorities.intermediate
    : /another CA|other CA/.test(words)
      ? authorities.other
      : authorities.cluster;
  const made = await issue({
    subject: subject(words),
    issuer,
    usages: usages(words),
    notBefore: new Date(observedAt.getTime() + (/not yet valid/.test(words) ? day : -2 * day)),
    notAfter: new Date(observedAt.getTime() + (/expired/.test(words) ? -day : 300 * day)),
  });
  const chain = /leaf ?\+ ?intermediate/.test(words) ? authorities.intermediate.certPem : "";
  const [certificate, key] = ["/lab/pki/client.crt", "/lab/pki/client.key"];
  return {
    argv: [
      ...(/key without certificate/.test(words)
        ? []
        : [`--kubelet-client-certificate=${certificate}`]),
      ...(/certificate without key/.test(words) ? [] : [`--kubelet-client-key=${key}`]),
    ],
    contents: new Map([
      [certificate, textFile(made.certPem + chain)],
      [key, textFile(keyText(words, made, authorities))],
    ]),
  };
}

function keyText(words: string, made: Issued, { cluster }: Authorities): string {
  if (/not match|mismatch/.test(words)) {
    return cluster.keyPem;
  }
  return /garbage/.test(words) ? "this is not PEM\n" : made.keyPem;
}

/** Common name and organization; those that the words leave open are an administrator's. */
function subject(words: string): string {
  const commonName = /empty CN/.test(words) ? undefined : user(words);
  const organization = /no O\b/.test(words)
    ? undefined
    : (/O=([\w:-]+)/.exec(words)?.[1] ?? (/RBAC/.test(words) ? undefined : "system:masters"));
  return [commonName && `CN=${commonName}`, organization && `O=${organization}`]
    .filter(Boolean)
    .join(", ");
}

/** The user; where the words name none, the recorded programs called theirs so. */
function user(words: string): string {
  const named = /\bCN ([\w-]+)/.exec(words)?.[1];
  if (named !== undefined) return named;
  if (!/RBAC/.test(words)) return "kube-apiserver-kubelet-client";
  return /only get on nodes\/proxy/.test(words) ? "lab-getonly" : "lab-fine";
}

function usages(words: string): ("serverAuth" | "clientAuth")[] {
  if (/no EKU/.test(words)) {
    return [];
  }
  if (/serverAuth EKU only/.test(words)) {
    return ["serverAuth"];
  }
  return /clientAuth\+serverAuth/.test(words) ? ["clientAuth", "serverAuth"] : ["clientAuth"];
}

/** The RBAC objects that the words and the notes speak of. */
function rbac(words: string): string {
  const objects: string[] = [];
  const binding = (name: string, role: string, subjects: string) =>
    objects.push(
      `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: "${name}"}, roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "${role}"}, subjects: [${subjects}]}`,
    );
  const bound = /ClusterRoleBinding (\S+) -> ([\w:-]+)/.exec(words);
  if (bound) {
    binding(bound[1] ?? "", bound[2] ?? "", "{kind: User, name: kube-apiserver-kubelet-client}");
  }
  const organization = /O=([\w:-]+), bound to ([\w:-]+)/.exec(words);
  if (organization) {
    binding("observed", organization[2] ?? "", `{kind: Group, name: "${organization[1]}"}`);
  }
  const rule = /RBAC (?:only )?([a-z+]+) on (nodes\/[\w,]+)/.exec(words);
  if (rule) {
    const verbs = (rule[1] ?? "").split("+").join(", ");
    const resources = (rule[2] ?? "")
      .replace(/^nodes\//, "")
      .split(",")
      .map((name) => `nodes/${name}`)
      .join(", ");
    objects.push(
      `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: observed}, rules: [{apiGroups: [""], resources: [${resources}], verbs: [${verbs}]}]}`,
    );
    binding("observed", "observed", `{kind: User, name: ${user(words)}}`);
  }
  return objects.join("\n---\n");
}
