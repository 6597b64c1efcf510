/** Rows of starts: one kubelet, kube-apiserver or kube-controller-manager with one setting. */
import { stringify } from "yaml";
import { type KubeletSetUp, sidesOf, startOf } from "../../../lab/conformance/facts.ts";
import { issue } from "../../../lab/x509/issue.ts";
import { judge } from "../../../trust/judge/judge.ts";
import { servedByFacts } from "../../../trust/judge/serving.ts";
import type { FileContent, KubeletFacts } from "../../../trust/words/facts.ts";
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
import type { StartupKubelet, StartupRow } from "./rows.ts";
import { observedKeys } from "./run.ts";

export type StartupCase = (row: StartupRow) => Said;

/** Prepares the files that every start could read. */
export async function startupCases(authorities: Authorities): Promise<StartupCase> {
  const contents = await files(authorities);
  const live = liveKubelet(contents);
  const plain = [apiServer([], contents)];
  return (row) => {
    if (row.probe.startsWith("start kube-controller-manager")) {
      const [, , ...args] = row.probe.split(" ");
      const controllerManager = { host: hostOf("control-plane", contents), args };
      const whole = { ...observed, apiServers: plain, controllerManager };
      return startSaid(startOf("kube-controller-manager", whole));
    }
    if (row.apiserver) {
      const apiServers = [apiServerOf(row.apiserver, contents)];
      const whole = { ...observed, kubelet: live, apiServers };
      if (row.probe === "start") return startSaid(startOf("kube-apiserver", whole));
      const pair = pairOf(whole);
      return said(judge(pair.kubelet, pair.apiServer, { at: observedAt }).requests.healthz);
    }
    const kubelet = kubeletOf(need(row.kubelet as StartupKubelet | undefined, row.id), contents);
    const sides = sidesOf({ ...observed, kubelet, apiServers: plain });
    const listens = sides.kubelet.authentication.enableServer;
    if (listens.known && !listens.value) {
      return { outcome: "fails", message: "" };
    }
    const start = startSaid(sides.kubelet.start);
    return start.outcome === "works" ? (servesOtherwise(row, sides.kubelet) ?? start) : start;
  };
}

/** The notes of a start say what it served: another thing than the verdict's is a disagreement too. */
function servesOtherwise({ notes }: StartupRow, kubelet: KubeletFacts): Said | undefined {
  const observed = /serves (CN=[^;]+|SSLError)/.exec(notes)?.[1]?.replace(/@\d+/, "@<time>");
  const served = servedByFacts(kubelet, observedAt);
  if (observed === undefined || !served.known) {
    return undefined;
  }
  const [leaf] = served.value.kind === "chain" ? served.value.chain : [];
  const { commonName = "", organizations = [] } = leaf?.subject.known ? leaf.subject.value : {};
  const name = [`CN=${commonName}`, ...organizations.map((one) => `O=${one}`)].join(",");
  const verdict = leaf ? name : "SSLError";
  return verdict === observed
    ? undefined
    : { outcome: "fails", message: `serves ${verdict} instead of ${observed}` };
}

async function files(authorities: Authorities): Promise<Map<string, FileContent>> {
  const { cluster, unrelated } = authorities;
  const serving = await issue({
    subject: "CN=system:node:p3, O=system:nodes",
    key: observedKeys,
    issuer: cluster,
    dnsNames: ["p3", "live"],
    ipAddresses: ["10.250.1.150", "10.250.1.151"],
    usages: ["serverAuth"],
  });
  const client = await issue({
    subject: "CN=kube-apiserver-kubelet-client, O=system:masters",
    key: observedKeys,
    issuer: cluster,
    usages: ["clientAuth"],
  });
  const encrypted =
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMBsGCSqGSIb3DQEFDTAOBAgAAAAAAAAAAAICCAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
  return new Map<string, FileContent>([
    ["/lab/pki/ca.crt", textFile(cluster.certPem)],
    ["/lab/pki/ca.key", textFile(cluster.keyPem)],
    ["/lab/pki/unrelated.crt", textFile(unrelated.certPem)],
    ["/lab/pki/p3srv.crt", textFile(serving.certPem)],
    ["/lab/pki/p3srv.key", textFile(serving.keyPem)],
    ["/lab/pki/p3mismatch.key", textFile(unrelated.keyPem)],
    ["/lab/pki/akc-masters.crt", textFile(client.certPem)],
    ["/lab/pki/akc-masters.key", textFile(client.keyPem)],
    ["/lab/pki/encrypted.key", textFile(encrypted)],
    ["/lab/pki/unreadable.key", { kind: "unreadable" }],
    ["/lab/cfg/empty.crt", textFile("")],
    ["/lab/cfg/garbage.crt", textFile("this is garbage\n")],
    ["/lab/cfg/keyonly.crt", textFile(cluster.keyPem)],
    [
      "/lab/cfg/caplusjunk.crt",
      textFile(`junk before\n${unrelated.certPem}junk between\n${cluster.certPem}junk after\n`),
    ],
    ["/lab/cfg/ca.crt", textFile(cluster.certPem)],
    ["/lab/cfg/unrelated.crt", textFile(unrelated.certPem)],
    ["/lab/cfg/adir", { kind: "directory" }],
    ["/lab/c/p3/s.sock", { kind: "unreadable" }],
    ["/lab/kubeconfig", textFile("")],
  ]);
}

function apiServerOf(
  { flags, client }: NonNullable<StartupRow["apiserver"]>,
  contents: Map<string, FileContent>,
): ReturnType<typeof apiServer> {
  const pair =
    client === null
      ? []
      : [
          `--kubelet-client-certificate=/lab/pki/${client}.crt`,
          `--kubelet-client-key=/lab/pki/${client}.key`,
        ];
  return apiServer([...pair, ...flags], contents);
}

const baseConfiguration = {
  apiVersion: "kubelet.config.k8s.io/v1beta1",
  kind: "KubeletConfiguration",
  failCgroupV1: false,
  failSwapOn: false,
  cgroupsPerQOS: false,
  enforceNodeAllocatable: [],
  cgroupDriver: "cgroupfs",
  containerRuntimeEndpoint: "unix:///lab/c/p3/s.sock",
  authentication: { x509: { clientCAFile: "/lab/pki/ca.crt" } },
};

/** What the drop-in folders of the recorded starts hold. */
const dropIns: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "/lab/cfg/dropin.d": { maxPods: 11 },
  "/lab/cfg/dropin-unknown.d": { noSuchField: true },
};

function liveKubelet(contents: Map<string, FileContent>): KubeletSetUp {
  return kubeletOf(
    {
      flags: ["--hostname-override=live"],
      config: { tlsCertFile: "/lab/pki/p3srv.crt", tlsPrivateKeyFile: "/lab/pki/p3srv.key" },
      config_flag: true,
      kubeconfig: true,
    },
    contents,
    "10.250.1.151",
  );
}

function kubeletOf(
  row: StartupKubelet,
  contents: Map<string, FileContent>,
  ip = "10.250.1.150",
): KubeletSetUp {
  const configuration = Object.fromEntries(
    Object.entries({ ...baseConfiguration, ...row.config }).filter(([, value]) => value !== null),
  );
  const all = new Map([
    ...contents,
    ["/lab/k/p3/config.yaml", textFile(stringify(configuration))] as const,
    ...Object.entries(dropIns).map(
      ([folder, fields]) =>
        [
          `${folder}/10-drop-in.conf`,
          textFile(
            stringify({
              apiVersion: baseConfiguration.apiVersion,
              kind: baseConfiguration.kind,
              ...fields,
            }),
          ),
        ] as const,
    ),
  ]);
  const hostName = row.flags.some((flag) => flag.endsWith("=live")) ? "live" : "p3";
  return {
    host: hostOf("node", all),
    args: [
      ...(row.config_flag ? ["--config=/lab/k/p3/config.yaml"] : []),
      ...(row.kubeconfig ? ["--kubeconfig=/lab/kubeconfig"] : []),
      "--cert-dir=/lab/k/p3/pki",
      ...row.flags,
    ],
    hostName,
    addresses: [
      { type: "InternalIP", address: ip },
      { type: "Hostname", address: hostName },
    ],
    unresolvable: [],
    request: "pending",
  };
}
