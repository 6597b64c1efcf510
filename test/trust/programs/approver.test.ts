import assert from "node:assert/strict";
import { rulesIn } from "../../../trust/programs/approver/rules.ts";
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
});
