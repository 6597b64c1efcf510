/** Settings for kubelets that something else starts: those that open one for certain are rejected, once, in both doors. */
import assert from "node:assert/strict";
import { configMap, resource, violationsOf } from "../policies/fake.ts";
import { apiServerPod } from "../policies/stacks/parts.ts";
import { flags, goodResources, judged, open, packSays } from "./both-doors.ts";

const eksctl = (more: object) => ({
  apiVersion: "eksctl.io/v1alpha5",
  kind: "ClusterConfig",
  metadata: { name: "c" },
  nodeGroups: [{ name: "a", ...more }],
});
const bootstrap = (words: string) =>
  `#!/bin/bash\nset -e\n/etc/eks/bootstrap.sh $CLUSTER_NAME --kubelet-extra-args "--node-labels=$NODE_LABELS ${words}"\n`;
const written = (file: string, text = open) => `#!/bin/sh\ncat > ${file} <<'E'\n${text}E\n`;

/** What is said of a text among a ConfigMap's and among files, or of an object that is a resource and a file. */
function said(shape: string | object, name = "user-data.sh") {
  const isText = typeof shape === "string";
  const [file, text] = isText ? [name, shape] : ["object.json", JSON.stringify(shape)];
  const { apiVersion, kind } = isText ? configMapKind : (shape as typeof configMapKind);
  const sent = packSays(
    isText
      ? configMap("files", { [name]: shape })
      : resource(`kubernetes:${apiVersion}:${kind}`, "x", shape as Record<string, unknown>),
  );
  const { exitCode, stdout } = judged({ [`other/${file}`]: text });
  const mandatory = sent.filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
  return { mandatory, exitCode, stdout };
}
const configMapKind = { apiVersion: "v1", kind: "ConfigMap" };

const everything = /open to anyone: everything/;
const readOnly = /open to anyone: metrics, stats, pods/;
const opened: Readonly<Record<string, readonly [string | object, RegExp, name?: string]>> = {
  "a drop-in": [open, everything, "90-open.conf"],
  "a drop-in for the read-only port": [
    "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nreadOnlyPort: 10255\n",
    readOnly,
    "90-open.conf",
  ],
  "a drop-in that user data writes": [
    written("/etc/kubernetes/kubelet/config.json.d/90-open.conf"),
    everything,
  ],
  "a patch for kubeadm upgrade": [
    `${written("/etc/patches/kubeletconfiguration+merge.yaml", "authorization: {mode: AlwaysAllow}\n")}kubeadm upgrade node --patches /etc/patches\n`,
    /open to whoever is authenticated: everything/,
  ],
  "arguments in user data": [bootstrap(flags), everything],
  "the read-only port in user data": [bootstrap("--read-only-port=10255"), readOnly],
  "eksctl's kubeletExtraConfig": [
    eksctl({ kubeletExtraConfig: { authorization: { mode: "AlwaysAllow" } } }),
    /open to whoever is authenticated: everything/,
  ],
  "the read-only port in eksctl's kubeletExtraConfig": [
    eksctl({ kubeletExtraConfig: { readOnlyPort: 10255, maxPods: 9 } }),
    readOnly,
  ],
  "eksctl's overrideBootstrapCommand": [
    eksctl({ overrideBootstrapCommand: bootstrap(flags) }),
    everything,
  ],
};

describe("kubelets that something else starts", () => {
  for (const [name, [shape, says, file]] of Object.entries(opened)) {
    it(`are open, and that is told once: ${name}`, () => {
      const { mandatory, exitCode, stdout } = said(shape, file);
      assert.deepEqual(
        mandatory.map(({ policy }) => policy),
        ["kubelet-client-authentication"],
      );
      assert.equal(exitCode, 1);
      assert.match(stdout, says);
      assert.match(stdout, /remedy: Set (?:authorization\.mode: Webhook|readOnlyPort: 0)/);
    });
  }

  it("may have further settings that decide, which are told beside it", () => {
    const config = { authorization: { mode: "AlwaysAllow" }, serverTLSBootstrap: false };
    const { mandatory, stdout } = said(eksctl({ kubeletExtraConfig: config }));
    assert.equal(mandatory.length, 2);
    assert.match(stdout, /kubeletExtraConfig \(serverTLSBootstrap\), which may decide/);
  });

  it("are not open by settings that others may close", () => {
    const anonymous = { authentication: { anonymous: { enabled: true } } };
    const { mandatory, stdout } = said(eksctl({ kubeletExtraConfig: anonymous }));
    assert.equal(mandatory.length, 1);
    assert.match(stdout, /authentication\.anonymous\.enabled\), which may decide/);
    assert.doesNotMatch(stdout, /open to/);
  });

  it("are passed with a script that tunes alone", () => {
    for (const words of ["--max-pods=9", "--authorization-mode=Webhook --read-only-port=0"]) {
      const override = eksctl({ overrideBootstrapCommand: bootstrap(words) });
      for (const shape of [bootstrap(words), override]) {
        const { mandatory, exitCode, stdout } = said(shape);
        assert.deepEqual([mandatory, exitCode], [[], 0], stdout);
      }
    }
  });

  it("are undecidable where the script is not known, or changes their files", () => {
    for (const overrideBootstrapCommand of [
      "{{ .Values.script }}",
      `sed -i s/false/true/ /etc/kubernetes/kubelet/kubelet-config.json\n${bootstrap("--max-pods=9")}`,
      bootstrap("$MORE"),
    ]) {
      const { mandatory, exitCode } = said(eksctl({ overrideBootstrapCommand }));
      assert.ok(mandatory.length > 0 && exitCode === 1, overrideBootstrapCommand);
    }
  });

  it("are open at the read-only port with their server off", () => {
    const { exitCode, stdout } = judged({
      "run.sh": "#!/bin/sh\nexec kubelet --config=/elsewhere.yaml --read-only-port=10255\n",
    });
    assert.equal(exitCode, 1);
    assert.match(stdout, /open to anyone without a credential: metrics, stats, pods, healthz/);
  });
});

describe("a kubelet that asks who may do what", () => {
  const binding = (subject: string) => ({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata: { name: "x" },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: "system:kubelet-api-admin",
    },
    subjects: [
      { kind: "Group", apiGroup: "rbac.authorization.k8s.io", name: subject },
      // RBAC that grants nodes/proxy is the whole.
      { kind: "User", name: "kube-apiserver-kubelet-client" },
    ],
  });

  it("is open where RBAC allows every user what kube-apiserver may", () => {
    const { mandatory, exitCode, stdout } = said(binding("system:authenticated"));
    assert.match(mandatory.map(({ message }) => message).join("\n"), /by the cluster's RBAC/);
    assert.equal(exitCode, 1);
    assert.match(stdout, /open to whoever is authenticated: .*exec.* \(RBAC\)/);
  });

  /** What is said of a kube-apiserver with other authorizers, and of RBAC beside it, in both doors. */
  const asked = (change: (flag: string) => string, ...more: object[]) => {
    const pod = apiServerPod("verify").replace(/ +- --authorization-mode=.*\n/, change);
    const sent = violationsOf([
      configMap("control-plane", { "kube-apiserver.yaml": pod }),
      ...goodResources.slice(1),
      ...more.map((one) => resource("kubernetes:rbac:ClusterRoleBinding", "x", { ...one })),
    ]).filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
    const files = Object.fromEntries(more.map((one, i) => [`${i}.json`, JSON.stringify(one)]));
    const { exitCode, stdout } = judged({ "kube-apiserver.yaml": pod, ...files });
    return { sent: sent.map(({ message }) => message).join("\n"), exitCode, stdout };
  };
  const admins = (...subjects: string[]) => ({
    ...binding(""),
    roleRef: { ...binding("").roleRef, name: "cluster-admin" },
    subjects: subjects.map((name) => ({
      kind: name.startsWith("system:anonymous") ? "User" : "Group",
      apiGroup: "rbac.authorization.k8s.io",
      name,
    })),
  });
  const same = (flag: string) => flag;

  for (const [title, subject, who, never] of [
    ["every pod", "system:serviceaccounts", "every pod with a token", /to system:serviceaccounts/],
    ["strangers", "system:anonymous", "anyone who reaches kube-apiserver", /Take system:anonymous/],
    [
      "strangers, as a group",
      "system:unauthenticated",
      "anyone who reaches kube-apiserver",
      /system:unauthenticated out/,
    ],
  ] as const) {
    it(`is open where RBAC makes ${title} an administrator`, () => {
      const { sent, exitCode, stdout } = asked(same, admins("people", subject));
      assert.match(sent, new RegExp(`${who} may exec into every container on it`));
      assert.match(sent, never);
      assert.equal(exitCode, 1);
      assert.match(stdout, new RegExp(`open to ${who}: `));
    });
  }

  it("is not open to strangers where kube-apiserver takes none", () => {
    const { sent, stdout } = asked(
      (mode) => `${mode}        - --anonymous-auth=false\n`,
      admins("system:anonymous"),
    );
    assert.equal(sent, "");
    assert.doesNotMatch(stdout, /open to/);
  });

  it("is not open to pods of one namespace, or to nodes", () => {
    const { sent, stdout } = asked(same, admins("system:serviceaccounts:default", "system:nodes"));
    assert.equal(sent, "");
    assert.doesNotMatch(stdout, /open to/);
  });

  for (const [title, change] of [
    ["AlwaysAllow", (flag: string) => flag.replace("Node,RBAC", "AlwaysAllow")],
    ["AlwaysAllow beside others", (flag: string) => flag.replace("RBAC", "AlwaysAllow")],
    [
      "no flag among all that it is started with",
      () => "        - --etcd-servers=https://127.0.0.1:2379\n",
    ],
  ] as const) {
    it(`is open where kube-apiserver's authorizer is ${title}`, () => {
      const { sent, exitCode, stdout } = asked(change);
      assert.match(sent, /whoever is authenticated may exec into every container on it, by /);
      assert.match(sent, /Fix: +\(apiserver\) Set --authorization-mode=Node,RBAC/);
      assert.equal(exitCode, 1);
      assert.match(stdout, /open to whoever is authenticated: everything \(--authorization-mode\)/);
    });
  }

  it("lets nobody in by a binding where kube-apiserver does not ask RBAC", () => {
    const { sent, stdout } = asked((flag) => flag.replace("Node,RBAC", "Node"));
    for (const text of [sent, stdout]) {
      assert.match(text, /no authorizer of kube-apiserver's --authorization-mode=Node lets/);
      assert.match(text, /Set kube-apiserver's --authorization-mode=Node,RBAC, then bind user/);
    }
  });

  it("is not where somebody states kube-apiserver's flags towards kubelets alone: they say nothing of RBAC", () => {
    const whole = apiServerPod("verify");
    const towardsKubelets = whole.replace(/.*--authorization-mode=.*\n/, "");
    assert.notEqual(towardsKubelets, whole);
    const { exitCode, stdout } = judged({ "kube-apiserver.yaml": towardsKubelets });
    assert.doesNotMatch(stdout, /open to/);
    assert.equal(exitCode, 0, stdout);
  });

  it("is not where RBAC allows some", () => {
    const { mandatory, exitCode, stdout } = said(binding("admins"));
    assert.deepEqual([mandatory.length, exitCode], [0, 0], stdout);
  });
});
