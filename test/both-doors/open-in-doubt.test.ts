/** What may open a kubelet by a value that nobody can read yet: undecidable in both doors, never passed. */
import assert from "node:assert/strict";
import { configMap, resource, unknownValue, violationsOf } from "../policies/fake.ts";
import { apiServerPod, kubeletConfiguration } from "../policies/stacks/parts.ts";
import { goodResources, judged } from "./both-doors.ts";

const apiGroup = "rbac.authorization.k8s.io";
/** Where a preview has an unknown value, a file has a template. */
const later = { pack: unknownValue, files: "{{ later }}" };
type Later = string;

const binding = (name: unknown, subjects: unknown, more: object = {}) => ({
  apiVersion: `${apiGroup}/v1`,
  kind: "ClusterRoleBinding",
  metadata: { name: "wide" },
  roleRef: { apiGroup, kind: "ClusterRole", name },
  subjects,
  ...more,
});
const group = (name: unknown) => [{ kind: "Group", apiGroup, name }];
const role = (more: object, metadata: object = {}) => ({
  apiVersion: `${apiGroup}/v1`,
  kind: "ClusterRole",
  metadata: { name: "viewers", ...metadata },
  ...more,
});
const rule = (more: object = {}) => ({
  apiGroups: [""],
  resources: ["nodes/proxy"],
  verbs: ["get"],
  ...more,
});
const all = "system:authenticated";
const select = { clusterRoleSelectors: [{ matchLabels: { to: "viewers" } }] };
const part = (metadata: object) => role({ rules: [rule()] }, { name: "part", ...metadata });

/** What both doors say of objects beside a good cluster, or one with other files. */
function said(
  make: (later: Later) => readonly object[],
  change: (texts: { pod: string; config: string }, later: string) => object = (texts) => texts,
) {
  const texts = { pod: apiServerPod("verify"), config: kubeletConfiguration("bootstrap") };
  const { pod, config } = { ...texts, ...change(texts, later.files) };
  const [, nodes, approver] = goodResources;
  const own = (nodes?.props.data ?? {}) as Record<string, string>;
  const sent = violationsOf([
    configMap("control-plane", { "kube-apiserver.yaml": pod }),
    configMap("nodes", { ...own, "kubelet-config.yaml": config }),
    ...(approver ? [approver] : []),
    ...make(later.pack as unknown as Later).map((one, index) =>
      resource(
        `kubernetes:${apiGroup}/v1:${(one as { kind: string }).kind}`,
        `rbac-${index}`,
        one as Record<string, unknown>,
      ),
    ),
  ]).filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
  const files = Object.fromEntries(
    make(later.files).map((one, index) => [`rbac/${index}.json`, JSON.stringify(one)]),
  );
  const { exitCode, stdout } = judged({
    "kube-apiserver.yaml": pod,
    "worker/kubelet-config.yaml": config,
    ...files,
  });
  return { sent, exitCode, stdout };
}

const doubtful: Readonly<Record<string, (later: Later) => readonly object[]>> = {
  "a role's name": (x) => [binding(x, group(all))],
  "a roleRef": (x) => [binding("", group(all), { roleRef: x })],
  "the rules of a role": (x) => [role({ rules: x }), binding("viewers", group(all))],
  "a rule of a role": (x) => [role({ rules: [x] }), binding("viewers", group(all))],
  "the verbs of a rule": (x) => [
    role({ rules: [rule({ verbs: x })] }),
    binding("viewers", group(all)),
  ],
  "a resource of a rule": (x) => [
    role({ rules: [rule({ resources: [x] })] }),
    binding("viewers", group(all)),
  ],
  "the names that a rule is for": (x) => [
    role({ rules: [rule({ resourceNames: [x] })] }),
    binding("viewers", group(all)),
  ],
  "the name of a role that is bound": (x) => [
    role({ rules: [rule()] }, { name: x }),
    binding("viewers", group(all)),
  ],
  "a role that is not there": () => [binding("viewers", group(all))],
  subjects: (x) => [binding("system:kubelet-api-admin", x)],
  "a subject": (x) => [binding("system:kubelet-api-admin", [x])],
  "a group": (x) => [binding("cluster-admin", group(x))],
  "the kind of a subject": (x) => [binding("cluster-admin", [{ kind: x, name: all }])],
  "an aggregation": (x) => [
    role({ aggregationRule: x, rules: [] }),
    binding("viewers", group(all)),
  ],
  "the selectors of an aggregation": (x) => [
    role({ aggregationRule: { clusterRoleSelectors: x }, rules: [] }),
    part({}),
    binding("viewers", group(all)),
  ],
  "the labels of a binding": (x) => [
    binding("cluster-admin", group(all), { metadata: { name: "wide", labels: x } }),
  ],
  "the cluster of a binding": (x) => [
    binding("cluster-admin", group(all), {
      metadata: { name: "wide", labels: { "kubelet-trust/cluster": x } },
    }),
  ],
  "a label that an aggregation selects": (x) => [
    role({ aggregationRule: select, rules: [] }),
    part({ labels: { to: x } }),
    binding("viewers", group(all)),
  ],
};

describe("a kubelet that RBAC may open", () => {
  for (const [name, make] of Object.entries(doubtful)) {
    it(`is undecidable, and told once: ${name}`, () => {
      const { sent, exitCode, stdout } = said(make);
      assert.deepEqual(
        sent.map(({ policy }) => policy),
        ["kubelet-client-authentication"],
        sent.map(({ message }) => message).join("\n"),
      );
      assert.match(
        sent[0]?.message ?? "",
        /nobody can tell whether .* may exec into every container/,
      );
      assert.match(sent[0]?.message ?? "", /without what ClusterRoleBinding wide/);
      assert.equal(exitCode, 1);
      assert.match(stdout, /nobody can tell whether .*\n.*undecidable without what ClusterRoleB/);
    });
  }

  for (const circle of [all, "system:unauthenticated", "system:serviceaccounts"]) {
    it(`is undecidable for each circle that is too wide: ${circle}`, () => {
      const { sent, exitCode } = said((x) => [binding(x, group(circle))]);
      assert.equal(sent.length, 1);
      assert.equal(exitCode, 1);
    });
  }

  it("is passed where what is known excludes it", () => {
    const fine: Readonly<Record<string, (later: Later) => readonly object[]>> = {
      "an account's": (x) => [
        binding(x, [{ kind: "ServiceAccount", name: "a", namespace: "b" }]),
        binding("cluster-admin", [{ kind: "ServiceAccount", name: x, namespace: x }]),
      ],
      "a team's": (x) => [binding(x, group("team"))],
      "a team's in some cluster": (x) => [
        binding("cluster-admin", group("team"), { metadata: { name: "team", labels: x } }),
      ],
      "another label's": (x) => [
        binding("view", group(all), { metadata: { name: "view", labels: { app: x } } }),
      ],
      "other resources": (x) => [
        role({ rules: [{ apiGroups: [""], resources: ["pods"], verbs: x }] }),
        binding("viewers", group(all)),
      ],
      "a role of Kubernetes' own": () => [
        binding("system:public-info-viewer", group("system:unauthenticated")),
        binding("system:basic-user", group(all)),
        binding("view", group(all)),
      ],
      "labels for another aggregation": (x) => [
        role({ aggregationRule: select, rules: [] }),
        part({ labels: { to: "others", x } }),
        binding("viewers", group(all)),
      ],
      "roles that nobody is bound to": (x) => [role({ rules: x }), part({ labels: x })],
    };
    for (const [name, make] of Object.entries(fine)) {
      const { sent, exitCode, stdout } = said(make);
      assert.deepEqual([sent, exitCode], [[], 0], `${name} ${stdout}`);
    }
  });

  it("is passed where only a part of a name is not known, which cannot become that name", () => {
    const { exitCode, stdout } = judged({
      "rbac.json": JSON.stringify(binding("cluster-admin", group("oidc:{{ team }}"))),
    });
    assert.equal(exitCode, 0, stdout);
  });
});

describe("RBAC beside kubeadm's own", () => {
  const people = binding("sre", group("sre"));
  const nodes = role({ rules: [rule()] }, { name: "sre" });
  const metrics = [
    role({ rules: [rule({ resources: ["nodes/metrics"] })] }, { name: "system:metrics-server" }),
    binding("system:metrics-server", [
      { kind: "ServiceAccount", name: "metrics-server", namespace: "kube-system" },
    ]),
  ];
  it("is no whole where it lets people and tools in", () => {
    for (const objects of [[people, nodes], metrics]) {
      const { sent, exitCode, stdout } = said(() => objects);
      assert.deepEqual([sent, exitCode], [[], 0], stdout);
    }
  });

  it("is the whole where it says who kube-apiserver is", () => {
    const [mine] = [binding("sre", [{ kind: "User", apiGroup, name: "my-kube-apiserver" }])];
    const { sent, exitCode, stdout } = said(() => [mine, nodes]);
    assert.match(
      sent.map(({ message }) => message).join("\n"),
      /403|Forbidden|no ClusterRoleBinding/,
    );
    assert.equal(exitCode, 1, stdout);
  });
});

describe("a kubelet or kube-apiserver of which it is not known whom it takes", () => {
  const strangers = () => [binding("cluster-admin", group("system:unauthenticated"))];
  const closed = (flag: string) => `${flag}        - --anonymous-auth=false\n`;
  const anonymous = ({ pod, config }: { pod: string; config: string }, value: string) => ({
    pod: pod.replace(/ +- --authorization-mode=.*\n/, closed),
    config: config.replace(/anonymous:\s*\{?\s*enabled: false/, (text) =>
      text.replace("false", value),
    ),
  });

  it("is undecidable where RBAC would let strangers in", () => {
    const { sent, exitCode, stdout } = said(strangers, (texts, x) => anonymous(texts, `"${x}"`));
    assert.match(
      sent.map(({ message }) => message).join("\n"),
      /nobody can tell whether anyone who reaches it may exec/,
    );
    assert.equal(exitCode, 1);
    assert.match(stdout, /nobody can tell whether anyone who reaches it may exec/);
  });

  it("is passed where RBAC lets none in", () => {
    const { sent, exitCode, stdout } = said(
      () => [],
      (texts, x) => anonymous(texts, `"${x}"`),
    );
    assert.deepEqual([sent, exitCode], [[], 0], stdout);
  });

  it("is undecidable where it is not known whether tokens are taken, and RBAC lets every pod in", () => {
    const { sent, exitCode } = said(
      () => [binding("cluster-admin", group("system:serviceaccounts"))],
      ({ config }, x) => ({
        config: `${config}`.replace(/webhook:\s*\{?\s*enabled: true/, (text) =>
          text.replace("true", `"${x}"`),
        ),
      }),
    );
    assert.match(sent.map(({ message }) => message).join("\n"), /every pod with a token/);
    assert.equal(exitCode, 1);
  });

  for (const flag of [
    "--anonymous-auth={{ later }}",
    "--authentication-config=/etc/kubernetes/authn.yaml",
  ]) {
    it(`is undecidable where kube-apiserver may take strangers that RBAC lets in: ${flag}`, () => {
      const { sent, exitCode } = said(strangers, ({ pod }) => ({
        pod: pod.replace(/ +- --authorization-mode=.*\n/, (text) => `${text}        - "${flag}"\n`),
      }));
      assert.match(
        sent.map(({ message }) => message).join("\n"),
        /whether anyone who reaches kube-apiserver/,
      );
      assert.equal(exitCode, 1);
    });
  }
});
