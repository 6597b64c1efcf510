import assert from "node:assert/strict";
import { authorize, type Question } from "../../../trust/rbac/authorize.ts";
import { known, unknown } from "../../../trust/words/fact.ts";
import { rbacIn } from "../../support/pieces.ts";

const logs: Question = { apiGroup: "", resource: "nodes/proxy", verb: "get", name: "node-1" };
const modes = known(["Node", "RBAC"]);

function ask(yaml: string, groups: string[] = [], question = logs): string {
  const rbac = rbacIn(yaml);
  const who = { user: "client", groups };
  return authorize(who, question, { authorizationModes: modes, rbac: known(rbac) }).answer;
}

const head = "apiVersion: rbac.authorization.k8s.io/v1\n";
const bind = (role: string, subject = "{kind: User, name: client}", kind = "ClusterRole") =>
  `${head}kind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {kind: ${kind}, name: "${role}"}\nsubjects: [${subject}]\n`;
const role = (rules: string, more = "") =>
  `${head}kind: ClusterRole\nmetadata: {name: r${more}}\nrules: [${rules}]\n`;

describe("authorize", () => {
  it("lets system:masters through whatever the authorizers say", () => {
    assert.equal(ask("", ["system:masters"]), "yes");
  });

  it("knows the roles that kube-apiserver makes for itself", () => {
    assert.equal(ask(bind("system:kubelet-api-admin")), "yes");
    assert.equal(ask(bind("view")), "no");
    assert.equal(ask(""), "no");
  });

  it("matches verbs, groups, resources and names, with stars where RBAC has them", () => {
    const allows = (rule: string) => ask(`${role(rule)}---\n${bind("r")}`);
    assert.equal(allows('{apiGroups: [""], resources: [nodes/proxy], verbs: [get]}'), "yes");
    assert.equal(allows('{apiGroups: [""], resources: ["*/proxy"], verbs: ["*"]}'), "yes");
    assert.equal(allows('{apiGroups: ["*"], resources: ["*"], verbs: [get]}'), "yes");
    assert.equal(allows('{apiGroups: [""], resources: [nodes], verbs: [get]}'), "no");
    assert.equal(allows('{apiGroups: [""], resources: ["nodes/*"], verbs: [get]}'), "no");
    assert.equal(allows('{apiGroups: [""], resources: [nodes/proxy], verbs: [create]}'), "no");
    assert.equal(allows("{apiGroups: [apps], resources: [nodes/proxy], verbs: [get]}"), "no");
    assert.equal(
      allows('{apiGroups: [""], resources: [nodes/proxy], verbs: [get], resourceNames: [node-2]}'),
      "no",
    );
  });

  it("binds users, groups, service accounts and everybody who is authenticated", () => {
    const admin = "system:kubelet-api-admin";
    assert.equal(ask(bind(admin, "{kind: Group, name: team}"), ["team"]), "yes");
    assert.equal(ask(bind(admin, "{kind: Group, name: 'system:authenticated'}")), "yes");
    assert.equal(ask(bind(admin, "{kind: Group, name: 'system:unauthenticated'}")), "no");
    assert.equal(ask(bind(admin, "{kind: ServiceAccount, name: client, namespace: x}")), "no");
    assert.equal(ask(bind(admin, "{kind: User, name: client}", "Role")), "no");
  });

  it("aggregates roles by label", () => {
    const aggregate = `${head}kind: ClusterRole\nmetadata: {name: all}\naggregationRule: {clusterRoleSelectors: [{matchLabels: {to: all}}]}\nrules: []\n`;
    const part = role(
      '{apiGroups: [""], resources: [nodes/proxy], verbs: [get]}',
      ", labels: {to: all}",
    );
    assert.equal(ask(`${aggregate}---\n${part}---\n${bind("all")}`), "yes");
    assert.equal(ask(`${aggregate}---\n${bind("all")}`), "no");
  });

  it("lets nodes submit reviews by the Node authorizer alone", () => {
    const node = { user: "system:node:a", groups: ["system:nodes"] };
    const review = {
      apiGroup: "authorization.k8s.io",
      resource: "subjectaccessreviews",
      verb: "create",
      name: "",
    };
    const rbac = known({ roles: [], bindings: [] });
    const by = (list: string[]) =>
      authorize(node, review, { authorizationModes: known(list), rbac }).answer;
    assert.equal(by(["Node", "RBAC"]), "yes");
    assert.equal(by(["RBAC"]), "no");
  });

  it("takes a value that is not known yet for neither there nor absent", () => {
    const node = "{apiGroups: [''], resources: [nodes/proxy], verbs: [get]}";
    const open = '"{{ later }}"';
    const by = (rule: string, binding = bind("r")) => ask(`${role(rule)}---\n${binding}`);
    assert.equal(by(node), "yes");
    assert.equal(by(node.replace("get", open)), "unknown");
    assert.equal(by(node.replace("[get]", open)), "unknown");
    assert.equal(by(node.replace("nodes/proxy", open)), "unknown");
    assert.equal(by(node.replace("''", open)), "unknown");
    assert.equal(by(open), "unknown");
    assert.equal(ask(`${role(node).replace(`[${node}]`, open)}---\n${bind("r")}`), "unknown");
    assert.equal(by(node, bind("r", `{kind: User, name: ${open}}`)), "unknown");
    assert.equal(by(node, bind("r", `{kind: ${open}, name: other}`)), "unknown");
    assert.equal(by(node, bind("r", open)), "unknown");
    assert.equal(by(node, bind("r").replace(/subjects: .*/, `subjects: ${open}`)), "unknown");
    assert.equal(by(node, bind("{{ later }}")), "unknown");
    assert.equal(by(node, bind("r").replace(/roleRef: .*/, `roleRef: ${open}`)), "unknown");
    // What is known may exclude it all the same.
    assert.equal(by("{apiGroups: [''], resources: [pods], verbs: [get, \"{{ later }}\"]}"), "no");
    assert.equal(by(node, bind("r", `{kind: ServiceAccount, name: ${open}, namespace: a}`)), "no");
  });

  it("takes labels that are not known for neither there nor absent", () => {
    const node = "{apiGroups: [''], resources: [nodes/proxy], verbs: [get]}";
    const by = (selector: string, labels: string) =>
      ask(
        `${head}kind: ClusterRole\nmetadata: {name: all}\naggregationRule: {clusterRoleSelectors: [${selector}]}\n---\n${role(node, `, labels: ${labels}`)}---\n${bind("all")}`,
      );
    const one = "{matchLabels: {to: all}}";
    assert.equal(by(one, '"{{ later }}"'), "unknown");
    assert.equal(by(one, '{"{{ later }}": all}'), "unknown");
    assert.equal(by(one, '{to: "{{ later }}"}'), "unknown");
    assert.equal(by('{matchLabels: {to: "{{ later }}"}}', "{to: all}"), "unknown");
    for (const [operator, answer] of [
      ["In", "unknown"],
      ["Exists", "yes"],
      // Neither has cluster-admin.
      ["NotIn", "yes"],
      ["DoesNotExist", "yes"],
    ]) {
      const selector = `{matchExpressions: [{key: to, operator: ${operator}, values: [all]}]}`;
      assert.equal(by(selector, '{to: "{{ later }}"}'), answer, operator);
    }
  });

  it("does not guess what it was not told", () => {
    const rbac = unknown("the cluster's RBAC objects");
    assert.deepEqual(
      authorize({ user: "client", groups: [] }, logs, { authorizationModes: modes, rbac }),
      { answer: "unknown", missing: "the cluster's RBAC objects" },
    );
    const webhook = known(["Webhook"]);
    assert.equal(
      authorize({ user: "client", groups: [] }, logs, {
        authorizationModes: webhook,
        rbac: known({ roles: [], bindings: [] }),
      }).answer,
      "unknown",
    );
  });
});
