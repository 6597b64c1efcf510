import assert from "node:assert/strict";
import { kubeletCsrApprover, rulesIn } from "../../../trust/programs/approver/rules.ts";
import { known } from "../../../trust/words/fact.ts";
import type { CertificateFacts } from "../../../trust/words/facts.ts";

const image = "postfinance/kubelet-csr-approver:v1.2.14";

/** What worker-0 asks for. */
function request(dnsNames: string[], ipAddresses: string[]): CertificateFacts {
  return {
    ids: ["request"],
    label: "a request",
    subject: known({ commonName: "system:node:worker-0", organizations: ["system:nodes"] }),
    dnsNames: known(dnsNames),
    ipAddresses: known(ipAddresses),
    extendedKeyUsages: known(["serverAuth"]),
    isCA: known(false),
    notBefore: known(new Date(0)),
    notAfter: known(new Date(1)),
    key: known({ ids: [] }),
    signedBy: known({}),
  };
}

const plain = request(["worker-0"], ["10.0.0.11"]);
const env = (name: string, value: string) => ({ env: [{ name, value }] });

describe("the rules of kubelet-csr-approver", () => {
  for (const [name, container, asked, expected] of [
    ["none", {}, plain, undefined],
    ["a name that matches", env("PROVIDER_REGEX", "^worker-\\d+$"), plain, undefined],
    ["a name that does not match", env("PROVIDER_REGEX", "^node"), plain, "denied"],
    ["Go's own syntax", env("PROVIDER_REGEX", "(?i)^WORKER-[[:digit:]]\\z"), plain, undefined],
    ["no regular expression of Go", env("PROVIDER_REGEX", "(?=w)"), plain, "pending"],
    [
      "an address in a prefix",
      env("PROVIDER_IP_PREFIXES", "10.0.0.0/8,fd00::/8"),
      plain,
      undefined,
    ],
    ["an address in no prefix", env("PROVIDER_IP_PREFIXES", "192.168.0.0/16"), plain, "denied"],
    ["no prefix at all", env("PROVIDER_IP_PREFIXES", "10.0.0.0"), plain, "pending"],
    ["two names where one is allowed", {}, request(["worker-0", "worker-0.lan"], []), "denied"],
    [
      "two names where two are allowed",
      env("ALLOWED_DNS_NAMES", "2"),
      request(["worker-0", "worker-0.lan"], []),
      undefined,
    ],
    ["another node's name", {}, request(["worker-1"], []), "denied"],
    [
      "another node's name, unchecked",
      env("BYPASS_HOSTNAME_CHECK", "true"),
      request(["worker-1"], []),
      undefined,
    ],
    [
      "a flag, which goes before the variable",
      { args: ["-provider-regex", "^node"], ...env("PROVIDER_REGEX", "^worker") },
      plain,
      "denied",
    ],
    ["an empty variable", env("ALLOWED_DNS_NAMES", ""), plain, undefined],
    ["a number that Go does not take", env("ALLOWED_DNS_NAMES", "many"), plain, "pending"],
    ["a lifetime that it does not take", env("MAX_EXPIRATION_SEC", "31708801"), plain, "pending"],
    ["a switch that Go does not take", env("BYPASS_HOSTNAME_CHECK", "yes"), plain, "pending"],
    [
      "another node's name, unchecked by a bare switch before another word",
      { args: ["-bypass-hostname-check", "-level", "1"] },
      request(["worker-1"], []),
      undefined,
    ],
    [
      "another node's name, checked by a text of Go",
      env("BYPASS_HOSTNAME_CHECK", "F"),
      request(["worker-1"], []),
      "denied",
    ],
    ["neither a name nor an address", {}, request([], []), "denied"],
    ["a value that nobody knows", env("PROVIDER_REGEX", "$(X)"), plain, undefined],
    ["a request that nobody knows", env("PROVIDER_REGEX", "^node"), undefined, undefined],
    ["an approver that cannot start", env("PROVIDER_REGEX", "("), undefined, "pending"],
    [
      "another approver",
      {
        image: "ghcr.io/alex1989hu/kubelet-serving-cert-approver:v0.11.0",
        ...env("PROVIDER_REGEX", "^node"),
      },
      plain,
      undefined,
    ],
  ] as const) {
    it(`${name}: ${expected ?? "approved"}`, () => {
      assert.equal(rulesIn({ image, ...container })(asked)?.state, expected);
    });
  }

  describe("with look-ups", () => {
    const worker = { ip: "10.0.0.11", hostnames: ["Worker-0"] };
    const nobody = known<readonly string[]>([]);
    const bypass = env("BYPASS_DNS_RESOLUTION", "true");
    const within = env("PROVIDER_IP_PREFIXES", "10.0.0.0/24");
    const also = (ip: string) => [worker, { ip, hostnames: ["worker-0"] }];
    for (const [name, container, lookUps, addresses, expected] of [
      ["its own address", {}, { hostAliases: [worker] }, ["10.0.0.11"], undefined],
      ["an address of nobody", {}, { hostAliases: [worker] }, ["10.0.0.12"], "denied"],
      ["that are bypassed", bypass, { hostAliases: [worker] }, ["10.0.0.12"], undefined],
      [
        "one address in two spellings",
        {},
        { hostAliases: also("fd00:0::1") },
        ["fd00::1"],
        undefined,
      ],
      ["an answer that is not allowed", within, { hostAliases: also("10.9.0.1") }, [], "denied"],
      ["a name for DNS alone", {}, { hostAliases: [] }, ["10.0.0.12"], undefined],
      ["a name that DNS lacks", {}, { hostAliases: [], dns: () => nobody }, [], "denied"],
      ["a hosts file that nobody knows", {}, { dns: () => nobody }, ["10.0.0.12"], undefined],
      [
        "an alias that nobody knows",
        {},
        { hostAliases: [worker, { ip: "$(X)", hostnames: ["worker-0"] }] },
        ["10.0.0.12"],
        undefined,
      ],
    ] as const) {
      it(`${name}: ${expected ?? "approved"}`, () => {
        const asked = request(["worker-0"], [...addresses]);
        assert.equal(rulesIn({ image, ...container }, lookUps)(asked)?.state, expected);
      });
    }
  });

  it("asks who made a request, and for how long", () => {
    const rules = kubeletCsrApprover({ image, ...env("MAX_EXPIRATION_SEC", "60") });
    assert.equal(rules({ ...plain, username: "system:node:worker-0" }), undefined);
    assert.equal(rules({ ...plain, username: "system:node:worker-1" })?.state, "denied");
    assert.equal(rules({ ...plain, username: "worker-0" })?.state, "denied");
    assert.equal(rules({ ...plain, expirationSeconds: 60 }), undefined);
    assert.equal(rules({ ...plain, expirationSeconds: 61 })?.state, "denied");
  });
});
