import assert from "node:assert/strict";
import type { Piece } from "../../../trust/readers/piece.ts";
import { known, unknown } from "../../../trust/words/fact.ts";
import {
  apiServer,
  approver,
  at,
  closed,
  configuration,
  program,
  rbac,
  said,
  servingOf,
} from "./pieces.ts";

const cluster: readonly Piece[] = [
  apiServer("verify"),
  configuration(`${closed}serverTLSBootstrap: true`),
];

const role = (rules: string) => `apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: approver}
rules:
${rules}`;
const sign = `- {apiGroups: [certificates.k8s.io], resources: [signers], resourceNames: [kubernetes.io/kubelet-serving], verbs: [approve]}\n`;
const approval = `- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests/approval], verbs: [update]}\n- {apiGroups: [certificates.k8s.io], resources: [certificatesigningrequests], verbs: [list, watch]}\n`;
const everything = `- {apiGroups: ["*"], resources: ["*"], verbs: ["*"]}\n`;
const bound = (subject: string) => `---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: approver}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: approver}
subjects: [${subject}]
`;
const account = "{kind: ServiceAccount, name: approver, namespace: kube-system}";
const mayApprove = rbac(role(sign + approval) + bound(account));

/** A workload of some other image. */
const other = (more = {}) => approver({ containers: [{ image: "example/controller:1" }], ...more });

describe("an approver", () => {
  const verdict = (...pieces: readonly Piece[]) => said(servingOf([...cluster, ...pieces]));

  it("approves with the permissions that its project publishes, taken for granted where none are given", () => {
    assert.match(verdict(approver()), /^verified/);
    assert.match(verdict(approver(), mayApprove), /^verified/);
    assert.match(verdict(), /^fails: remote error: tls: internal error/);
  });

  it("is not spoken of by the roles of others, who approve for signers of their own", () => {
    for (const others of [
      sign
        .replace("certificates.k8s.io", "cert-manager.io")
        .replace("kubernetes.io/kubelet-serving", "issuers.cert-manager.io/*"),
      sign.replace("kubernetes.io/kubelet-serving", "issuers.cert-manager.io/*"),
    ]) {
      assert.match(verdict(approver(), rbac(role(others))), /^verified/);
    }
    assert.match(verdict(approver(), rbac(role(sign))), /may not approve for signer/);
  });

  it("needs both permissions where some are given", () => {
    const without = (rules: string) => verdict(approver(), rbac(role(rules) + bound(account)));
    assert.match(without(sign), /may not update certificatesigningrequests\/approval/);
    assert.match(without(approval), /may not approve for signer/);
    assert.match(
      without(sign.replace("kubelet-serving", "kube-apiserver-client") + approval),
      /may not approve for signer/,
    );
    assert.match(without(everything), /^verified/);
  });

  it("is in doubt where something of its permissions is not known yet", () => {
    const doubt = /^undecidable: .*what ClusterRoleBinding approver grants/;
    const later = (text: string) => verdict(approver(), rbac(text));
    const whole = role(sign + approval) + bound(account);
    assert.match(later(whole.replace("[update]", '["{{ later }}"]')), doubt);
    assert.match(
      later(whole.replace("name: approver, namespace", 'name: "{{ x }}", namespace')),
      doubt,
    );
  });

  it("needs them for its own ServiceAccount", () => {
    const bindTo = (subject: string) =>
      verdict(approver(), rbac(role(sign + approval) + bound(subject)));
    assert.match(bindTo(account.replace("name: approver", "name: aprover")), /may not approve/);
    assert.match(bindTo("{kind: Group, name: admins}"), /may not approve/);
    assert.match(bindTo("{kind: Group, name: 'system:serviceaccounts:kube-system'}"), /^verified/);
    assert.match(
      bindTo("{kind: User, name: 'system:serviceaccount:kube-system:approver'}"),
      /^verified/,
    );
  });

  it("must run", () => {
    const idle = approver({ runs: known({ because: "it has 0 replicas" }) });
    assert.match(verdict(idle, mayApprove), /^fails: .*does not run: it has 0 replicas/);
    const later = approver({ runs: unknown("the replicas") });
    assert.match(verdict(later, mayApprove), /^undecidable: the replicas/);
  });

  it("may be a job whose words approve, as somebody who may do anything", () => {
    const job = (command: readonly string[]) =>
      approver({ containers: [{ image: "example/kubectl:1", command: [...command] }] });
    const words = ["sh", "-c", "kubectl get csr -o name | xargs kubectl certificate approve"];
    const may = rbac(role(everything) + bound(account));
    assert.match(verdict(job(words), may), /^verified/);
    assert.match(verdict(job(["kubectl", "get", "csr"]), may), /^fails/);
    assert.match(verdict(job(words), rbac(role(sign) + bound(account))), /may not update/);
  });

  it("must tolerate what every kubelet starts with", () => {
    const tainted = configuration(
      `${closed}serverTLSBootstrap: true\nregisterWithTaints: [{key: example.com/new, effect: NoSchedule}]`,
    );
    const on = (...pieces: readonly Piece[]) =>
      said(servingOf([apiServer("verify"), tainted, ...pieces]));
    assert.match(on(approver()), /no node to run on.*example\.com\/new:NoSchedule/);
    assert.match(on(approver({ tolerations: [{ operator: "Exists" }] })), /^verified/);
    assert.match(on(approver({ tolerations: [{ key: "example.com/new" }] })), /^verified/);
    assert.match(on(approver({ tolerations: [{ key: "other" }] })), /no node to run on/);
  });

  it("waits for what takes a new node's first taints away, and this is said", () => {
    const starting = (...keys: readonly string[]) => {
      const taints = keys.map((key) => `{key: ${key}, effect: NoExecute}`).join(", ");
      const tainted = configuration(
        `${closed}serverTLSBootstrap: true\nregisterWithTaints: [${taints}]`,
      );
      return said(servingOf([apiServer("verify"), tainted, approver()]));
    };
    assert.match(starting("node.cilium.io/agent-not-ready"), /^verified/);
    assert.match(
      starting("node.cloudprovider.kubernetes.io/uninitialized", "ebs.csi.aws.com/agent-not-ready"),
      /^verified/,
    );
    assert.match(starting("startup-taint.cluster-autoscaler.kubernetes.io/x"), /^verified/);
    assert.match(starting("node.cilium.io/agent-not-ready.example.com"), /no node to run on/);
    assert.match(
      starting("node.cilium.io/agent-not-ready", "example.com/new"),
      /no node to run on.*example\.com\/new/,
    );
  });

  it("approves by an update where it is known to, and by a patch where it is not", () => {
    const patches = rbac(role(sign + approval.replace("update", "patch")) + bound(account));
    assert.match(verdict(approver(), patches), /^fails: .*may not update certificatesigning/);
    assert.match(verdict(other(), patches), /^verified/);
    const kubectl = [{ image: "x", command: ["kubectl", "certificate", "approve", "a"] }];
    assert.match(verdict(approver({ containers: kubectl }), patches), /^fails: .*may not update/);
  });

  it("may be any workload whose ServiceAccount may approve by name, and no other", () => {
    assert.match(verdict(other(), mayApprove), /^verified/);
    assert.match(verdict(mayApprove), /^fails/);
    assert.match(verdict(other(), rbac(role(everything) + bound(account))), /^fails/);
    assert.match(
      verdict(other({ runs: known({ because: "it is suspended" }) }), mayApprove),
      /is suspended/,
    );
    assert.match(
      verdict(rbac(role(sign + approval) + bound("{kind: Group, name: admins}"))),
      /^fails/,
    );
  });

  it("denies by what is known of a request, even where addresses are not", () => {
    const named = [
      apiServer("verify"),
      program(
        "kubelet --kubeconfig=/k --config=/c.yaml --hostname-override=cp-7.mesh.example",
        at("n"),
      ),
      configuration(`${closed}serverTLSBootstrap: true`, at("n", { key: "c.yaml" })),
    ];
    const by = (regex: string) =>
      said(servingOf([...named, approver({}, { PROVIDER_REGEX: regex })]));
    assert.match(by("^worker-\\d+\\.lan\\.example$"), /^fails: .*was denied: .*PROVIDER_REGEX/);
    assert.match(by("^cp-\\d+\\.mesh\\.example$"), /^verified/);
    assert.match(verdict(approver({}, { PROVIDER_REGEX: "^worker-\\d+$" })), /^verified/);
  });
});
