/** Whether an approver runs, and may approve, as clusters have such workloads and roles; in both doors. */
import assert from "node:assert/strict";
import { resource, violationsOf } from "../policies/fake.ts";
import { goodResources, judged } from "./both-doors.ts";

const group = "rbac.authorization.k8s.io";
const rules = [
  {
    apiGroups: ["certificates.k8s.io"],
    resources: ["certificatesigningrequests"],
    verbs: ["list", "watch"],
  },
  {
    apiGroups: ["certificates.k8s.io"],
    resources: ["certificatesigningrequests/approval"],
    verbs: ["update"],
  },
  {
    apiGroups: ["certificates.k8s.io"],
    resources: ["signers"],
    resourceNames: ["kubernetes.io/kubelet-serving"],
    verbs: ["approve"],
  },
];
const object = (apiVersion: string, kind: string, more: object) => ({
  apiVersion,
  kind,
  metadata: { name: "approver", namespace: "kube-system" },
  ...more,
});
const role = (more: object = { rules }) => object(`${group}/v1`, "ClusterRole", more);
const binding = object(`${group}/v1`, "ClusterRoleBinding", {
  roleRef: { apiGroup: group, kind: "ClusterRole", name: "approver" },
  subjects: [{ kind: "ServiceAccount", name: "approver", namespace: "kube-system" }],
});
const template = (container: object) => ({
  spec: { serviceAccountName: "approver", containers: [{ name: "a", ...container }] },
});
const image = { image: "ghcr.io/postfinance/kubelet-csr-approver:v1.2.14" };
const kubectl = {
  image: "example/kubectl:1",
  command: ["sh", "-c", "kubectl get csr -o name | xargs kubectl certificate approve"],
};
const deployment = (more: object = {}, status: object = {}) =>
  object("apps/v1", "Deployment", { spec: { ...more, template: template(image) }, ...status });
const cronJob = (schedule: string) =>
  object("batch/v1", "CronJob", {
    spec: { schedule, jobTemplate: { spec: { template: template(kubectl) } } },
  });
const job = object("batch/v1", "Job", { spec: { template: template(kubectl) } });

type Objects = readonly { readonly apiVersion: string; readonly kind: string }[];

/** What both doors say of a cluster with these in the place of its approver. */
function said(...objects: Objects) {
  const sent = violationsOf([
    ...goodResources.slice(0, 2),
    ...objects.map((one, i) =>
      resource(`kubernetes:${one.apiVersion}:${one.kind}`, String(i), { ...one }),
    ),
  ]).filter(({ enforcementLevel }) => enforcementLevel === "mandatory");
  const files = Object.fromEntries(objects.map((one, i) => [`${i}.json`, JSON.stringify(one)]));
  const { exitCode, stdout } = judged({ ...files, "approver.json": "{}" });
  return { pack: sent.map(({ message }) => message).join("\n"), exitCode, stdout };
}

function assertApproves(...objects: Objects): string {
  const { pack, exitCode, stdout } = said(...objects);
  assert.equal(pack, "");
  assert.equal(exitCode, 0, stdout);
  return stdout;
}

function assertIdle(because: RegExp, ...objects: Objects): void {
  const { pack, exitCode, stdout } = said(...objects);
  assert.match(pack, because);
  assert.match(stdout, because);
  assert.equal(exitCode, 1);
}

describe("an approver, in both doors", () => {
  const aggregating = role({
    rules: [],
    aggregationRule: { clusterRoleSelectors: [{ matchLabels: { approves: "yes" } }] },
  });
  const part = (approves: string) => ({
    ...role(),
    metadata: { name: "part", labels: { approves } },
  });

  it("may approve by a role that aggregates another, and not where it selects none", () => {
    assertApproves(deployment(), aggregating, part("yes"), binding);
    assertIdle(/may not approve for signer/, deployment(), aggregating, part("no"), binding);
  });

  it("runs on where it was paused with pods of its own", () => {
    const paused = (availableReplicas: number) =>
      deployment({ paused: true }, { status: { observedGeneration: 3, availableReplicas } });
    assertApproves(paused(1), role(), binding);
    assertIdle(/it is paused/, paused(0), role(), binding);
  });

  it("never runs on a day that no month has", () => {
    for (const schedule of ["0 0 31 2 *", "0 0 30 feb ?", "@never 1 31 4,6 *"]) {
      assertIdle(/has no day/, cronJob(schedule), role(), binding);
    }
    for (const schedule of ["*/5 * * * *", "0 0 31 2 1", "0 0 29 2 *", "0 0 31 2,3 *", "@hourly"]) {
      assertApproves(cronJob(schedule), role(), binding);
    }
  });

  it("approves in vain where kube-controller-manager signs nothing, and the reason says why", () => {
    const pair = ["cert", "key"].map(
      (part) =>
        `--cluster-signing-${part}-file=/etc/kubernetes/pki/ca.${part === "key" ? part : "crt"}`,
    );
    const own = ["--cluster-signing-kubelet-serving-cert-file=/x.crt"];
    const manager = (...flags: readonly string[]) => ({
      ...object("v1", "Pod", {
        spec: { containers: [{ name: "m", command: ["kube-controller-manager", ...flags] }] },
      }),
      metadata: { name: "kube-controller-manager", namespace: "kube-system" },
    });
    const approving = [deployment(), role(), binding];
    assertApproves(...approving, manager(...pair));
    for (const [because, flags] of [
      [/has no pair to sign it with/, []],
      [/has no pair to sign it with/, pair.slice(1)],
      [
        /--controllers of .* leaves out the one that signs/,
        [...pair, "--controllers=*,-csrsigning"],
      ],
      [/--controllers of .* leaves out the one that signs/, [...pair, "--controllers=deployment"]],
      [/does not start: .*cannot specify/, [...pair, ...own]],
    ] as const) {
      assertIdle(because, ...approving, manager(...flags));
      assertIdle(/Let kube-controller-manager sign .* csrsigning/, ...approving, manager(...flags));
    }
  });

  it("that ends approves nothing that comes later, which is said", () => {
    assert.match(assertApproves(job, role(), binding), /nobody approves what is requested later/);
    assert.doesNotMatch(assertApproves(cronJob("@daily"), role(), binding), /requested later/);
  });
});
