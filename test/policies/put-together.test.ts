/** Stacks in which it matters what belongs to what: each is told rightly from its resources alone. */
import assert from "node:assert/strict";
import type { PolicyResource } from "@pulumi/policy";
import { configMap, resource, unknownValue, violationsOf } from "./fake.ts";
import { apiServerPod, kubeletConfiguration, kubeletUnit } from "./stacks/parts.ts";

const trust = "kubelet-serving-trust";
const client = "kubelet-client-authentication";

/** What mandatory violations say, with the names of the policies that rejected. */
function rejected(resources: readonly PolicyResource[], config = {}) {
  const sent = violationsOf(resources, config).filter(
    ({ enforcementLevel }) => enforcementLevel === "mandatory",
  );
  return {
    by: [...new Set(sent.map(({ policy }) => policy))].sort(),
    text: sent.map(({ message }) => message).join("\n"),
  };
}

const clusterConfiguration = `apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
apiServer:
  extraArgs:
    - {name: kubelet-certificate-authority, value: /etc/kubernetes/pki/ca.crt}
`;
const kubeadmConfig = (text = clusterConfiguration, metadata = {}) =>
  configMap("kubeadm-config", { ClusterConfiguration: text }, metadata);
const controlPlane = (metadata = {}) =>
  configMap("control-plane", { "kube-apiserver.yaml": apiServerPod("verify") }, metadata);
const nodes = (data: Record<string, unknown> = {}) =>
  configMap("nodes", {
    "kubelet.service": kubeletUnit(),
    "kubelet-config.yaml": kubeletConfiguration("bootstrap"),
    ...data,
  });

const deployment = (spec: Record<string, unknown> = {}, pod: Record<string, unknown> = {}) =>
  resource("kubernetes:apps/v1:Deployment", "approver", {
    metadata: { name: "approver", namespace: "kube-system" },
    spec: {
      ...spec,
      template: {
        spec: {
          serviceAccountName: "approver",
          containers: [{ name: "a", image: "ghcr.io/postfinance/kubelet-csr-approver:v1.2.14" }],
          ...pod,
        },
      },
    },
  });
const rules = {
  sign: {
    apiGroups: ["certificates.k8s.io"],
    resources: ["signers"],
    resourceNames: ["kubernetes.io/kubelet-serving"],
    verbs: ["approve"],
  },
  approval: {
    apiGroups: ["certificates.k8s.io"],
    resources: ["certificatesigningrequests/approval"],
    verbs: ["update"],
  },
  watch: {
    apiGroups: ["certificates.k8s.io"],
    resources: ["certificatesigningrequests"],
    verbs: ["get", "list", "watch"],
  },
};
const role = (...given: readonly object[]) =>
  resource("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "approver", {
    metadata: { name: "approver" },
    rules: given,
  });
const binding = (
  subject: object = { kind: "ServiceAccount", name: "approver", namespace: "kube-system" },
) =>
  resource("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "approver", {
    metadata: { name: "approver" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "approver" },
    subjects: [subject],
  });

describe("a stack of kubeadm's", () => {
  it("has kubelets even where no KubeletConfiguration is written", () => {
    const { by, text } = rejected([kubeadmConfig()]);
    assert.deepEqual(by, [trust]);
    assert.match(text, /doesn't contain any IP SANs/);
  });

  it("fills in its ConfigMap for kubelets, as it does for each node that joins", () => {
    const partial =
      "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n";
    for (const [name, by] of [
      ["kubelet-config", []],
      ["kubelet-config-1.23", []],
      ["of-another-name", [client]],
    ] as const) {
      const config = configMap(name, { kubelet: partial });
      assert.deepEqual(rejected([kubeadmConfig(), config, deployment()]).by, by, name);
    }
  });

  it("has kubelets as kubeadm fills them in, and needs an approver for them", () => {
    const documented = kubeadmConfig(
      `${clusterConfiguration}---\napiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n`,
    );
    const { by, text } = rejected([documented]);
    assert.deepEqual(by, [trust]);
    assert.match(text, /the CSR stays Pending/);
    assert.deepEqual(rejected([documented, deployment()]).by, []);
  });
});

describe("a KubeletConfiguration of a stack", () => {
  it("is judged by itself where no kubelet names it", () => {
    const stack = [controlPlane(), nodes(), deployment()];
    assert.deepEqual(rejected(stack).by, []);
    const { by, text } = rejected([
      ...stack,
      configMap("kubelet-config", { kubelet: kubeletConfiguration("selfSigned") }),
    ]);
    assert.deepEqual(by, [trust]);
    assert.match(text, /^ConfigMap kube-system\/kubelet-config: /m);
  });

  it("is not used by a kubelet without --config, which lets anyone in", () => {
    const unit = "[Service]\nExecStart=/usr/bin/kubelet --kubeconfig=/k\n";
    const { by, text } = rejected([
      controlPlane(),
      nodes({ "kubelet.service": unit }),
      deployment(),
    ]);
    assert.ok(by.includes(client));
    assert.match(text, /anyone who reaches it gets in without a credential/);
  });

  it("is undecidable below a --config-dir of which nothing is known", () => {
    const unit = kubeletUnit(["--config-dir=/etc/kubelet.d"]);
    const stack = (data: Record<string, unknown>) => [
      controlPlane(),
      nodes({ "kubelet.service": unit, ...data }),
      deployment(),
    ];
    assert.match(rejected(stack({})).text, /the drop-ins in \/etc\/kubelet\.d/);
    const drop = kubeletConfiguration("bootstrap");
    assert.deepEqual(rejected(stack({ "10-a.conf": drop })).by, []);
  });
});

describe("what is not known before deployment", () => {
  const stack = (pod: Record<string, unknown>) => [
    resource("kubernetes:core/v1:Pod", "kube-apiserver", {
      metadata: { name: "kube-apiserver", namespace: "kube-system" },
      spec: {
        containers: [
          { name: "kube-apiserver", image: "registry.k8s.io/kube-apiserver:v1.37.2", ...pod },
        ],
      },
    }),
    nodes(),
    deployment(),
  ];

  it("is never empty: arguments, containers, labels", () => {
    for (const pod of [
      { command: ["kube-apiserver"], args: unknownValue },
      { command: unknownValue },
      { command: ["kube-apiserver", unknownValue] },
    ]) {
      assert.ok(rejected(stack(pod)).by.includes(trust), JSON.stringify(pod));
    }
    const labels = { labels: { "kubelet-trust/cluster": unknownValue } };
    const lost = configMap(
      "kubelet-config",
      { kubelet: kubeletConfiguration("bootstrap") },
      labels,
    );
    assert.match(rejected([controlPlane(), lost, deployment()]).text, /not known, without .*label/);
  });

  it("is no certificate that somebody issued", () => {
    const silent = configMap("control-plane", { "kube-apiserver.yaml": apiServerPod("silent") });
    const pair = "tlsCertFile: {{ .cert }}\ntlsPrivateKeyFile: {{ .key }}\n";
    const config = kubeletConfiguration("selfSigned", pair);
    const { by, text } = rejected([silent, nodes({ "kubelet-config.yaml": config })]);
    assert.deepEqual(by, [trust]);
    assert.match(text, /Undecidable without the value of .*cert/);
  });

  it("is no reason to skip", () => {
    const annotations = {
      "kubelet-trust/kubelet-serving-verification": "skip",
      "kubelet-trust/reason": unknownValue,
    };
    const silent = configMap(
      "kubeadm-config",
      { ClusterConfiguration: "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n" },
      { annotations },
    );
    assert.match(rejected([silent]).text, /signs its own serving certificate/);
  });
});

describe("an approver of a stack", () => {
  const stack = [controlPlane(), nodes()];

  it("approves where its ServiceAccount may, and where it runs", () => {
    const whole = [...stack, role(rules.sign, rules.approval, rules.watch), binding()];
    assert.deepEqual(rejected([...whole, deployment()]).by, []);
    assert.match(rejected([...whole, deployment({ replicas: 0 })]).text, /0 replicas/);
    assert.match(rejected(whole).text, /the CSR stays Pending/);
  });

  it("does not approve where it gets no pod or no token, or runs another program", () => {
    const whole = [...stack, role(rules.sign, rules.approval, rules.watch), binding()];
    const image = "ghcr.io/postfinance/kubelet-csr-approver:v1.2.14";
    const running = (command: unknown) =>
      deployment({}, { containers: [{ name: "a", image, command }] });
    assert.match(rejected([...whole, deployment({ paused: true })]).text, /it is paused/);
    assert.match(
      rejected([...whole, deployment({}, { schedulingGates: [{ name: "later" }] })]).text,
      /schedulingGates/,
    );
    const tokenless = { automountServiceAccountToken: false };
    assert.match(rejected([...whole, deployment({}, tokenless)]).text, /has no token/);
    const projected = {
      ...tokenless,
      volumes: [
        { name: "t", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } },
      ],
    };
    assert.deepEqual(rejected([...whole, deployment({}, projected)]).by, []);
    for (const command of [["sleep", "infinity"], ["sh", "-c", "exit 0"], unknownValue]) {
      assert.match(
        rejected([...whole, running(command)]).text,
        /Undecidable without whether Deployment kube-system\/approver approves/,
      );
    }
    assert.deepEqual(rejected([...whole, running(["/ko-app/kubelet-csr-approver"])]).by, []);
  });

  it("approves nothing for certain by rules that are not known", () => {
    const whole = [...stack, role(rules.sign, rules.approval, rules.watch), binding()];
    const image = "ghcr.io/postfinance/kubelet-csr-approver:v1.2.14";
    const ruled = (more: object) => deployment({}, { containers: [{ name: "a", image, ...more }] });
    for (const more of [
      { env: [{ name: "PROVIDER_REGEX", value: unknownValue }] },
      {
        env: [{ name: "PROVIDER_REGEX", valueFrom: { configMapKeyRef: { name: "r", key: "r" } } }],
      },
      { env: unknownValue },
      { envFrom: [{ configMapRef: { name: "rules" } }] },
      { args: unknownValue },
      { args: ["-level=3", unknownValue] },
    ]) {
      assert.match(
        rejected([...whole, ruled(more)]).text,
        /Undecidable without PROVIDER_REGEX.* of Deployment kube-system\/approver/,
        JSON.stringify(more),
      );
    }
    assert.deepEqual(rejected([...whole, ruled({ args: ["-level=3"] })]).by, []);
  });

  it("does not approve with half of the permissions, or those of somebody else", () => {
    assert.match(
      rejected([...stack, deployment(), role(rules.sign), binding()]).text,
      /may not update certificatesigningrequests\/approval/,
    );
    assert.match(
      rejected([
        ...stack,
        deployment(),
        role(rules.sign, rules.approval),
        binding({ kind: "Group", name: "admins" }),
      ]).text,
      /may not approve for signer/,
    );
  });

  it("does not approve without being told of requests, or by a Role, which grants nothing of these", () => {
    assert.match(
      rejected([...stack, deployment(), role(rules.sign, rules.approval), binding()]).text,
      /may not list certificatesigningrequests/,
    );
    const inNamespace = (kind: string, spec: object) =>
      resource(`kubernetes:rbac.authorization.k8s.io/v1:${kind}`, `approver-${kind}`, {
        metadata: { name: "approver", namespace: "kube-system" },
        ...spec,
      });
    const made = inNamespace("Role", { rules: [rules.sign, rules.approval, rules.watch] });
    assert.match(rejected([...stack, deployment(), made]).text, /may not approve for signer/);
  });

  it("does not approve without a token, or on a node that is not there", () => {
    const whole = [...stack, role(rules.sign, rules.approval, rules.watch), binding()];
    const account = resource("kubernetes:core/v1:ServiceAccount", "approver", {
      metadata: { name: "approver", namespace: "kube-system" },
      automountServiceAccountToken: false,
    });
    assert.match(
      rejected([...whole, deployment(), account]).text,
      /automountServiceAccountToken of ServiceAccount kube-system\/approver is false/,
    );
    const own = deployment({}, { automountServiceAccountToken: true });
    assert.deepEqual(rejected([...whole, own, account]).by, []);
    const onSsd = deployment({}, { nodeSelector: { disk: "ssd" } });
    assert.match(
      rejected([...whole, onSsd]).text,
      /Undecidable without which node has the label disk=ssd/,
    );
    const labelled = nodes({ "kubelet.service": kubeletUnit(["--node-labels=disk=ssd,a=b"]) });
    const there = [controlPlane(), labelled, ...whole.slice(2)];
    assert.deepEqual(rejected([...there, onSsd]).by, []);
    const anywhere = deployment({}, { nodeSelector: { "kubernetes.io/os": "linux" } });
    assert.deepEqual(rejected([...whole, anywhere]).by, []);
  });

  it("is in doubt where its image is not known", () => {
    const whole = [...stack, role(rules.sign, rules.approval, rules.watch), binding()];
    const opaque = deployment({}, { containers: [{ name: "a", image: unknownValue }] });
    assert.match(rejected([...whole, opaque]).text, /its image is not known/);
  });

  it("is not whoever may do anything", () => {
    const all = { apiGroups: ["*"], resources: ["*"], verbs: ["*"] };
    const other = deployment({}, { containers: [{ name: "a", image: "example/ci:1" }] });
    assert.match(rejected([...stack, other, role(all), binding()]).text, /the CSR stays Pending/);
  });

  it("denies by what is known, even where no kube-apiserver is", () => {
    const unit = kubeletUnit(["--hostname-override=cp-7.mesh.example"]);
    const strict = deployment(
      {},
      {
        containers: [
          {
            name: "a",
            image: "postfinance/kubelet-csr-approver:v1.2.14",
            env: [{ name: "PROVIDER_REGEX", value: "^worker-\\d+\\.lan\\.example$" }],
          },
        ],
      },
    );
    const { by, text } = rejected([nodes({ "kubelet.service": unit }), strict]);
    assert.deepEqual(by, [trust]);
    assert.match(text, /remote error: tls: internal error/);
    assert.match(text, /was denied: .*PROVIDER_REGEX/);
  });
});

describe("clusters of a stack", () => {
  const provider = (name: string, inputs: Record<string, unknown>) =>
    resource("pulumi:providers:kubernetes", name, inputs);
  const through = (made: PolicyResource, by: PolicyResource): PolicyResource => ({
    ...made,
    provider: { type: by.type, name: by.name, props: {}, urn: by.urn },
  });
  const skipping = configMap("decoy", { "kube-apiserver.yaml": apiServerPod("skip") });

  it("are one behind two providers of one kubeconfig", () => {
    const [a, b] = [provider("a", { kubeconfig: "k" }), provider("b", { kubeconfig: "k" })];
    const other = provider("c", { kubeconfig: "other" });
    const selfSigned = nodes({ "kubelet-config.yaml": kubeletConfiguration("selfSigned") });
    const control = through(controlPlane(), a);
    const elsewhere = through(configMap("third", { x: apiServerPod("skip") }), other);
    const { text } = rejected([a, b, other, control, elsewhere, through(selfSigned, b)]);
    assert.match(text, /doesn't contain any IP SANs/);
  });

  it("are not covered by a decoy that skips", () => {
    const real = controlPlane({ namespace: "control-plane" });
    const selfSigned = nodes({ "kubelet-config.yaml": kubeletConfiguration("selfSigned") });
    assert.match(rejected([real, skipping, selfSigned]).text, /doesn't contain any IP SANs/);
  });
});

describe("RBAC of a stack", () => {
  const made = resource("kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding", "admins", {
    metadata: { name: "kubeadm:cluster-admins" },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "Group", name: "kubeadm:cluster-admins" }],
  });

  it("is the whole where it holds what kubeadm makes", () => {
    const stack = [
      kubeadmConfig(),
      configMap("kubelet-config", { kubelet: kubeletConfiguration("bootstrap") }),
      deployment(),
    ];
    assert.deepEqual(rejected(stack).by, []);
    const { by, text } = rejected([...stack, made]);
    assert.deepEqual(by, [client]);
    assert.match(text, /Forbidden \(user=kube-apiserver-kubelet-client/);
  });
});
