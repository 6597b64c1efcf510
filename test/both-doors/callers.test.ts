import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { readArguments } from "../../cli/arguments.ts";
import { readEvidence } from "../../cli/evidence.ts";
import { judgeAll } from "../../cli/judgement.ts";
import { configMap, resource, violationsOf } from "../policies/fake.ts";
import { apiServerPod, kubeletConfiguration, kubeletUnit } from "../policies/stacks/parts.ts";
import { textOf } from "../reports/objects.ts";
import { inFolder, writeFiles } from "../support/folders.ts";

/*
 * Who calls kubelets beside kube-apiserver is judged alike by both doors.
 */

const metricsServer = textOf("13-second-caller/metrics-server.yaml").replace(
  "--cert-dir=/tmp",
  "--kubelet-insecure-tls, --cert-dir=/tmp",
);
const accountToken = "/var/run/secrets/kubernetes.io/serviceaccount/token";
/** A monitor whose endpoint has something more. */
const monitor = (more: string) => `apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: kubelet, namespace: kube-system}
spec:
  endpoints:
  - {port: https-metrics, scheme: https, tlsConfig: {insecureSkipVerify: true}${more}}
  selector: {matchLabels: {app.kubernetes.io/name: kubelet}}
`;
const prometheus = monitor(`, bearerTokenFile: ${accountToken}`);
/** A Prometheus with more in its container, and in the spec of its pod. */
const server = (container = "", pod = "") => `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: prometheus, namespace: kube-system}
spec:
  template:
    spec:
      ${pod}
      containers: [{name: p, image: "quay.io/prometheus/prometheus:v3.5.0"${container}}]
`;
/** A job of Prometheus' own configuration, with more in it. */
const job = (more: string) => `apiVersion: v1
kind: ConfigMap
metadata: {name: prometheus, namespace: kube-system}
data:
  prometheus.yml: |
    scrape_configs:
    - {job_name: nodes, scheme: https, kubernetes_sd_configs: [{role: node}], tls_config: {insecure_skip_verify: true}${more}}
`;

/** What metrics-server's ServiceAccount may get. */
const rbac = (resources: string) => `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: metrics}
rules:
- {apiGroups: [""], resources: [${resources}], verbs: [get]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: metrics}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: metrics}
subjects: [{kind: ServiceAccount, name: metrics-server, namespace: kube-system}]
`;

type Parts = {
  readonly manifests: readonly string[];
  readonly takesTokens?: boolean;
  readonly hostName?: string;
  readonly isOpen?: boolean;
};

const control = { "kube-apiserver.yaml": apiServerPod("verify") };
const nodes = ({ takesTokens = true, hostName = "", isOpen = false }: Parts) => ({
  "kubelet.service": kubeletUnit(hostName === "" ? [] : [`--hostname-override=${hostName}`]),
  "kubelet-config.yaml": kubeletConfiguration("bootstrap")
    .replace(/webhook:\s+enabled: true/, `webhook: {enabled: ${takesTokens}}`)
    .replace(/anonymous:\s+enabled: false/, `anonymous: {enabled: ${isOpen}}`),
});

function objects(manifests: readonly string[]) {
  return manifests.flatMap((text) =>
    parseAllDocuments(text).map((document) => {
      const { apiVersion, kind, ...props } = document.toJS();
      const group = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
      return resource(`kubernetes:${group}:${kind}`, props.metadata.name, props);
    }),
  );
}

/** What the pack says of callers. */
function messages(parts: Parts): string[] {
  return violationsOf(
    [configMap("control", control), configMap("nodes", nodes(parts)), ...objects(parts.manifests)],
    { approvers: [{ name: "somebody" }] },
  )
    .map(({ message }) => message)
    .filter((message) =>
      /metrics-server|ServiceMonitor|Prometheus job/.test(message.split("\n")[0] ?? ""),
    );
}

/** What the pack says that callers get. */
function fromPack(parts: Parts): string[] {
  return messages(parts)
    .map((message) =>
      (/Users see: (.*)/.exec(message)?.[1] ?? "unverified").replace(
        /^the metrics-server exits at once with: /,
        "",
      ),
    )
    .sort();
}

/** What the command line says that callers get. */
function fromFiles(parts: Parts): string[] {
  const { calls, stoppedCallers } = judged(parts);
  return [
    ...stoppedCallers.map(({ piece }) => piece.refusal?.says ?? ""),
    ...calls
      .filter(({ outcome }) => outcome.verdict !== "verified")
      .map(
        ({ outcome }) =>
          outcome.symptom ?? (outcome.verdict === "undecidable" ? outcome.reason : "unverified"),
      ),
  ].sort();
}

function judged(parts: Parts) {
  return inFolder((folder) => {
    const manifests = Object.fromEntries(parts.manifests.map((text, i) => [`${i}.yaml`, text]));
    writeFiles(folder, { ...control, ...nodes(parts), ...manifests });
    const args = readArguments([folder, "--csr", "issued"]);
    assert.ok(args);
    return judgeAll(readEvidence(args), undefined);
  });
}

/** metrics-server with more in the spec of its pod. */
const inPod = (more: string) =>
  metricsServer.replace(
    "serviceAccountName: metrics-server",
    `serviceAccountName: metrics-server\n      ${more}`,
  );
const tokenOf = (audience: string) =>
  inPod(
    `automountServiceAccountToken: false\n      volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: token, audience: ${audience}}}]}}]`,
  );
const noToken =
  "failed to get delegated authentication kubeconfig: failed to get delegated authentication kubeconfig: open /var/run/secrets/kubernetes.io/serviceaccount/token: no such file or directory";

const podCases: readonly (readonly [string, Parts, readonly string[]])[] = [
  [
    "scaled to nothing",
    { manifests: [metricsServer.replace("spec:\n", "spec:\n  replicas: 0\n")] },
    [],
  ],
  [
    "a pod without a token",
    { manifests: [inPod("automountServiceAccountToken: false")] },
    [noToken],
  ],
  [
    "a ServiceAccount that gives no token",
    {
      manifests: [
        metricsServer,
        "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: metrics-server, namespace: kube-system}\nautomountServiceAccountToken: false\n",
      ],
    },
    [noToken],
  ],
  [
    "a kubeconfig in place of a token",
    {
      manifests: [
        inPod("automountServiceAccountToken: false").replace(
          "--cert-dir=/tmp",
          "--cert-dir=/tmp, --authentication-kubeconfig=/k",
        ),
      ],
    },
    ["unverified"],
  ],
  [
    "a port that the kubelet has, in the network of its node",
    { manifests: [inPod("hostNetwork: true")] },
    [
      "failed to create listener: failed to listen on 0.0.0.0:10250: listen tcp 0.0.0.0:10250: bind: address already in use",
    ],
  ],
  [
    "a port of its own, in the network of its node",
    { manifests: [inPod("hostNetwork: true").replace("=10250", "=4443")] },
    ["unverified"],
  ],
  ["the kubelet's port, in a network of its own", { manifests: [metricsServer] }, ["unverified"]],
  [
    "no TLS",
    {
      manifests: [
        metricsServer.replace("--kubelet-insecure-tls", "--deprecated-kubelet-completely-insecure"),
      ],
    },
    ['request failed, status: "400 Bad Request"'],
  ],
  [
    "a token of kube-apiserver's own audience in a volume",
    { manifests: [tokenOf("https://kubernetes.default.svc.cluster.local")] },
    ["unverified"],
  ],
];

const unauthorized = "server returned HTTP status 401 Unauthorized";
const unreadable = (file: string) =>
  `unable to read authorization credentials: unable to read file ${file}: open ${file}: no such file or directory`;
const ownToken = ", authorization: {type: Bearer, credentials_file: /etc/secrets/token}";
const mounted = ", volumeMounts: [{name: s, mountPath: /etc/secrets}]";

/** The operator's Prometheus with an account, and what that may get. */
const operated = `apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: p, namespace: kube-system}
spec: {serviceAccountName: metrics-server}
`;
const forbidden = ["server returned HTTP status 403 Forbidden", "unverified"];
const ofAccount = server("", "serviceAccountName: metrics-server");

const prometheusCases: readonly (readonly [string, Parts, readonly string[]])[] = [
  ["a monitor without a credential", { manifests: [monitor("")] }, [unauthorized, "unverified"]],
  [
    "a monitor with what the operator writes in place of none",
    { manifests: [monitor(", bearerTokenSecret: {key: ''}")] },
    [unauthorized, "unverified"],
  ],
  ["a job without a credential", { manifests: [job("")] }, [unauthorized, "unverified"]],
  [
    "a job without a credential, to a kubelet that asks what strangers may",
    { manifests: [job("")], isOpen: true },
    ["server returned HTTP status 403 Forbidden", "unverified"],
  ],
  ...[
    ", authorization: {credentials: {name: t, key: token}}",
    ", bearerTokenSecret: {name: t, key: token}",
    ", oauth2: {clientId: x}",
    ", bearerTokenFile: '{{ .file }}'",
  ].map((more) => [`a monitor${more}`, { manifests: [monitor(more)] }, ["unverified"]] as const),
  [
    "a job with a client certificate",
    { manifests: [job("").replace("{insecure", "{cert_file: /c, key_file: /k, insecure")] },
    ["unverified"],
  ],
  [
    "a token file that no volume is mounted at",
    { manifests: [job(ownToken), server()] },
    [unreadable("/etc/secrets/token"), "unverified"],
  ],
  [
    "a token file that a volume is mounted beside",
    { manifests: [job(ownToken), server(mounted.replace("/etc/secrets", "/etc/secret"))] },
    [unreadable("/etc/secrets/token"), "unverified"],
  ],
  ["a token file in a volume", { manifests: [job(ownToken), server(mounted)] }, ["unverified"]],
  [
    "a token file in one of two",
    {
      manifests: [job(ownToken), server(), server(mounted).replace("name: prometheus", "name: b")],
    },
    ["unverified"],
  ],
  ["a token file where no pod is in sight", { manifests: [job(ownToken)] }, ["unverified"]],
  ["the token of its own account", { manifests: [prometheus, server()] }, ["unverified"]],
  [
    "the token of an account that may not get nodes/metrics",
    { manifests: [prometheus, ofAccount, rbac("pods")] },
    forbidden,
  ],
  [
    "the token of an account that may, among others",
    { manifests: [prometheus, ofAccount, rbac("nodes/metrics")] },
    ["unverified"],
  ],
  [
    "the token of an account of the operator's Prometheus that may not",
    { manifests: [prometheus, operated, rbac("nodes")] },
    forbidden,
  ],
  [
    "the token of an account of the operator's Prometheus that may",
    { manifests: [prometheus, operated, rbac("nodes/metrics")] },
    ["unverified"],
  ],
  [
    "tokens of two accounts, of which one may not",
    {
      manifests: [
        prometheus,
        server().replace("name: prometheus", "name: b"),
        operated,
        rbac("pods"),
      ],
    },
    ["unverified"],
  ],
  [
    "the token of an account whose pod gets none",
    { manifests: [prometheus, server("", "automountServiceAccountToken: false")] },
    [unreadable(accountToken), "unverified"],
  ],
];

describe("other callers, in both doors", () => {
  const cases: readonly (readonly [string, Parts, readonly string[]])[] = [
    [
      "a token that the kubelet takes, and RBAC that allows it",
      { manifests: [metricsServer, rbac("nodes/metrics")] },
      ["unverified"],
    ],
    [
      "RBAC that does not",
      { manifests: [metricsServer, rbac("pods")] },
      ['request failed, status: "403 Forbidden"', "unverified"],
    ],
    [
      "a kubelet that takes no tokens",
      {
        manifests: [metricsServer, prometheus, rbac("nodes/metrics")],
        takesTokens: false,
      },
      [
        'request failed, status: "401 Unauthorized"',
        "server returned HTTP status 401 Unauthorized",
        "unverified",
        "unverified",
      ],
    ],
  ];
  for (const [title, parts, said] of [...cases, ...podCases, ...prometheusCases]) {
    it(title, () => {
      assert.deepEqual(fromPack(parts), said);
      assert.deepEqual(fromFiles(parts), said);
    });
  }

  it("a token for another audience is said, where no other is there", () => {
    const parts = { manifests: [tokenOf("vault"), rbac("nodes/metrics")] };
    assert.match(messages(parts).join("\n"), /tokens for vault \(--api-audiences\)/);
    assert.match(fromFiles(parts).join("\n"), /tokens for vault \(--api-audiences\)/);
  });

  it("a token file of which no pod is in sight is said to be assumed", () => {
    const { assumptions } = judged({ manifests: [job(ownToken)] });
    assert.match(assumptions.join("\n"), /has \/etc\/secrets\/token: no pod of it is given/);
  });

  it("one that no node here takes is said, and judged all the same", () => {
    const parts = { manifests: [inPod("nodeName: elsewhere")], hostName: "n" };
    assert.match(messages(parts).join("\n"), /no kubelet here is that of node elsewhere/);
    assert.match(
      judged(parts).assumptions.join("\n"),
      /no kubelet here is that of node elsewhere\. It is judged/,
    );
    assert.deepEqual(fromFiles(parts), ["unverified"]);
    const there = { ...parts, hostName: "elsewhere" };
    assert.deepEqual(fromPack(there), ["unverified"]);
    assert.deepEqual(fromFiles(there), ["unverified"]);
  });
});
