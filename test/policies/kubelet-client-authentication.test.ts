import assert from "node:assert/strict";
import { configMap, violationsOf } from "./fake.ts";
import { apiServerPod } from "./stacks/parts.ts";

const policy = "kubelet-client-authentication";

/** What the policy says of a kubelet with these fields, beside a kube-apiserver that verifies. */
function saidOf(fields: string) {
  const kubelet = `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nserverTLSBootstrap: true\n${fields}\n`;
  return violationsOf([
    configMap("kubelet-config", { kubelet }),
    configMap("control-plane", { "kube-apiserver.yaml": apiServerPod("verify") }),
  ]).filter((sent) => sent.policy === policy);
}

const trusting = "authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}";

describe(policy, () => {
  it("says nothing of a kubelet that lets kube-apiserver in, and nobody else", () => {
    assert.deepEqual(saidOf(trusting), []);
  });

  it("rejects AlwaysAllow whatever authenticates", () => {
    const [sent, ...others] = saidOf(`${trusting}\nauthorization: {mode: AlwaysAllow}`);
    assert.deepEqual(others, []);
    assert.equal(sent?.enforcementLevel, "mandatory");
    assert.match(sent.message, /whoever is authenticated may do anything on it/);
    assert.match(sent.message, /Fix: {3}\(kubelet\) Set authorization\.mode: Webhook/);
  });

  it("rejects AlwaysAllow with anonymous access once", () => {
    const [sent, ...others] = saidOf(
      "authentication: {anonymous: {enabled: true}, x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}\nauthorization: {mode: AlwaysAllow}",
    );
    assert.deepEqual(others, []);
    assert.match(sent?.message ?? "", /anyone who reaches it gets in without a credential/);
  });

  it("names what closes the door that is open, and nothing else", () => {
    const strangers = (more: string) =>
      saidOf(
        `authentication: {anonymous: {enabled: true}, x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}\nauthorization: {mode: AlwaysAllow}${more}`,
      )[0]?.message ?? "";
    const readOnly = saidOf(`${trusting}\nreadOnlyPort: 10255`)[0]?.message ?? "";
    assert.match(readOnly, /curl http:\/\/<node>:10255\/pods answers anyone/);
    assert.match(readOnly, /Fix: {3}\(kubelet\) Set readOnlyPort: 0 in the/);
    assert.doesNotMatch(readOnly, /Or: {4}\(kubelet\)|nonymous requests/);
    assert.match(
      strangers(""),
      /Set authentication\.anonymous\.enabled: false and authorization\.mode: Webhook in/,
    );
    assert.doesNotMatch(strangers(""), /read-only port|readOnlyPort: 0/);
    assert.match(
      strangers("\nreadOnlyPort: 10255"),
      /enabled: false, authorization\.mode: Webhook and readOnlyPort: 0 in/,
    );
  });

  it("tells one cause once, whatever requests it breaks", () => {
    const cases: readonly (readonly [string, RegExp])[] = [
      [
        "authentication: {anonymous: {enabled: true}}",
        /\(logs, exec, attach, portForward, proxy, metrics, stats\)/,
      ],
      ["", /\(logs, exec, attach, portForward, proxy, metrics, stats\)/],
      [`${trusting}\nenableDebuggingHandlers: false`, /\(logs, exec, attach, portForward, proxy\)/],
    ];
    for (const [fields, kinds] of cases) {
      const sent = saidOf(fields);
      assert.equal(sent.length, 1, sent.map(({ message }) => message).join("\n"));
      assert.match(sent[0]?.message ?? "", kinds);
    }
  });
});
