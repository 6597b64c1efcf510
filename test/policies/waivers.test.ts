import assert from "node:assert/strict";
import { policyNames, type Waiver } from "../../policies/config.ts";
import { specs } from "../../policies/policies.ts";
import { unknownPolicies } from "../../policies/policy.ts";
import { pemOf } from "../support/pem.ts";
import { configMap, violationsOf } from "./fake.ts";

const now = new Date("2026-11-26T12:00:00Z");
const trust = "kubelet-serving-trust";

/** kubeadm's cluster as it comes: its kubelets sign for themselves, and nothing is said. */
const stack = [
  configMap(
    "kubeadm-config",
    {
      ClusterConfiguration:
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.37.2\n",
    },
    { labels: { "kubelet-trust/cluster": "prod" } },
  ),
  configMap(
    "kubelet-config",
    {
      kubelet:
        "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}\n",
    },
    { labels: { "kubelet-trust/cluster": "prod" } },
  ),
];

function sentWith(...waivers: Partial<Waiver>[]) {
  const complete = waivers.map((one) => ({
    reason: "moves to CSRs in spring",
    until: "2027-03-31",
    policy: trust,
    ...one,
  }));
  return violationsOf(stack, { waivers: complete }, now)
    .filter(({ policy }) => policy === trust)
    .map(({ enforcementLevel, message }) => ({ enforcementLevel, message }));
}

describe("a waiver", () => {
  it("is needed: the stack is rejected without one", () => {
    assert.deepEqual(
      sentWith().map(({ enforcementLevel }) => enforcementLevel),
      ["mandatory"],
    );
  });

  it("leaves out what it covers, and is told with reason and last day", () => {
    for (const names of [{ cluster: "prod" }, { cluster: "pr*" }, { resource: "kubelet-config" }]) {
      const [note, ...others] = sentWith(names);
      assert.deepEqual(others, []);
      assert.equal(note?.enforcementLevel, "advisory");
      assert.match(note.message, /^waiver for .*: until 2027-03-31 it leaves out .*kubelet-config/);
      assert.match(note.message, /Why: {3}moves to CSRs in spring/);
      assert.match(note.message, /docs\/policies\/kubelet-serving-trust\.md/);
    }
  });

  it("is told when it covers nothing", () => {
    const sent = sentWith({ cluster: "other" });
    assert.deepEqual(sent.map(({ enforcementLevel }) => enforcementLevel).sort(), [
      "advisory",
      "mandatory",
    ]);
    assert.match(sent.at(-1)?.message ?? "", /it leaves out nothing/);
    assert.match(
      sentWith({ cluster: "other", until: "2026-01-31" }).at(-1)?.message ?? "",
      /ended on 2026-01-31, and covers nothing\.\n[\s\S]*Fix: {3}Remove it/,
    );
  });

  it("rejects again after its last day", () => {
    assert.equal(
      sentWith({ cluster: "prod", until: "2026-11-26" })[0]?.enforcementLevel,
      "advisory",
    );
    const [sent, ...others] = sentWith({ cluster: "prod", until: "2026-11-25" });
    assert.deepEqual(others, []);
    assert.equal(sent?.enforcementLevel, "mandatory");
    assert.match(sent.message, /The waiver for this .* expired on 2026-11-25/);
  });

  it("holds for nothing when it is wrong", () => {
    const cases: readonly (readonly [Partial<Waiver>, RegExp])[] = [
      [{}, /names neither a resource nor a cluster/],
      [{ cluster: "*" }, /covers everything/],
      [{ cluster: "**" }, /covers everything/],
      [{ resource: "*" }, /covers everything/],
      [{ resource: "*", cluster: "*" }, /covers everything/],
      [{ resource: "urn:*" }, /covers everything/],
      [{ resource: "*::*" }, /covers everything/],
      [{ resource: "*kubernetes:*" }, /covers everything, or everything of one type/],
      [{ cluster: "prod", until: "2027-05-27" }, /more than 180 days away/],
      [{ cluster: "prod", until: "2999-01-01" }, /more than 180 days away/],
      [{ cluster: "prod", until: "2026-02-31" }, /is no day/],
      [{ cluster: "prod", reason: "\u200b\u2060" }, /reason says nothing/],
      [{ cluster: "prod", reason: "12." }, /reason says nothing/],
      [{ cluster: "prod", reason: "tbd" }, /reason says nothing: "tbd" is no reason: .*words/],
      [
        { cluster: "prod", policy: "kubelet-serving-truts" },
        /waivers\[0\]\.policy: there is no policy "kubelet-serving-truts"\. Did you mean kubelet-serving-trust\?/,
      ],
    ];
    for (const [waiver, problem] of cases) {
      const sent = sentWith(waiver);
      const title = JSON.stringify(waiver);
      assert.deepEqual(
        sent.map(({ enforcementLevel }) => enforcementLevel),
        ["mandatory", "mandatory"],
        title,
      );
      assert.match(sent[0]?.message ?? "", problem, title);
    }
    assert.equal(sentWith({ resource: "*", cluster: "prod" })[0]?.enforcementLevel, "advisory");
  });

  it("says nothing of another policy where it names private-key-exposure, and nothing at all where it names another", () => {
    const said = (policy: Waiver["policy"]) =>
      violationsOf(
        stack,
        {
          waivers: [{ policy, resource: "files", reason: "a test", until: "2026-12-31" } as Waiver],
        },
        now,
      )
        .filter((sent) => sent.policy === "private-key-exposure")
        .map(({ message }) => message);
    assert.match(said("private-key-exposure").join(), /cannot be waived\. (?!.*another policy)/);
    assert.deepEqual(said(trust), []);
  });

  it("does not hide a private key", () => {
    const pem = pemOf("EC PRIVATE KEY", "MHcCAQEE");
    const sent = violationsOf(
      [configMap("files", { "tls.key": pem })],
      { waivers: [{ resource: "files", reason: "a test", until: "2026-12-31" }] },
      now,
    ).filter(({ policy }) => policy === "private-key-exposure");
    assert.equal(sent.length, 2);
    assert.match(
      sent[0]?.message ?? "",
      /private-key-exposure cannot be waived\. .* Where another policy is meant, name it, e\.g\. "policy": "kubelet-serving-trust"\.$/,
    );
    assert.match(sent[1]?.message ?? "", /a private key is in/);
  });
});

describe("the configuration of a policy", () => {
  it("names a key that the policy does not take, and what was meant", () => {
    const said = (config: object) =>
      violationsOf(stack, config, now)
        .filter(({ policy, message }) => policy === trust && message.includes("configuration of"))
        .map(({ enforcementLevel, message }) => `${enforcementLevel}: ${message}`);
    assert.deepEqual(said({ aprovers: [{ name: "a" }] }), [
      `mandatory: The configuration of ${trust} is wrong: there is no "aprovers". Did you mean approvers?`,
    ]);
    assert.match(
      said({ colour: "red" })[0] ?? "",
      /there is no "colour"\. Leave it out; there are /,
    );
    assert.deepEqual(said({ approvers: [{ name: "a" }] }), []);
  });

  it("is for a policy that there is; the first one that runs says which is none", () => {
    const ours = specs.map(({ name }) => name);
    assert.deepEqual(ours, [...policyNames]);
    const said = (config: Record<string, boolean>, others: readonly string[] = []) => {
      const configured = new Map([
        ...ours.map((name) => [name, false] as const),
        ...Object.entries(config),
      ]);
      return ours.flatMap((name) =>
        unknownPolicies(name, configured, others).map((text) => `${name}: ${text}`),
      );
    };
    assert.deepEqual(said({}), []);
    assert.deepEqual(said({ all: false }), []);
    assert.deepEqual(said({ "our-labels": false }, ["our-labels"]), []);
    assert.match(
      said({ "our-label": false }, ["our-labels"])[0] ?? "",
      /there is no policy "our-label"\. Did you mean our-labels\?/,
    );
    assert.deepEqual(said({ "kubelet-start": true, colour: false, [trust]: true }), [
      'kubelet-client-authentication: The configuration of the policies is wrong: there is no policy "kubelet-start". Did you mean kubelet-starts?',
      `kubelet-client-authentication: The configuration of the policies is wrong: there is no policy "colour". Leave it out; there are ${ours.join(", ")}.`,
    ]);
  });
});
