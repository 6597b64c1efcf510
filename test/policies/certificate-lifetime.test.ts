import assert from "node:assert/strict";
import { issue } from "../../lab/x509/issue.ts";
import type { Config } from "../../policies/config.ts";
import { resource, violationsOf } from "./fake.ts";
import { goodStack, type Parts } from "./good-stack.ts";

const policy = "certificate-lifetime";
const now = new Date("2026-11-26T12:00:00Z");
const day = 86_400_000;

/** What the policy says of the good stack after a change. */
function said(change?: (parts: Parts) => void, config: Config = {}) {
  return violationsOf(goodStack(change), config, now).filter((sent) => sent.policy === policy);
}

/** A CA that is in the stack, a year old and with so many days left. */
async function caWithDaysLeft(days: number) {
  const { certPem } = await issue({
    subject: "CN=kubernetes",
    isCA: true,
    notBefore: new Date(now.getTime() - 365 * day),
    notAfter: new Date(now.getTime() + days * day),
  });
  return (parts: Parts) => {
    parts.others.push(resource("tls:index/selfSignedCert:SelfSignedCert", "ca", { certPem }));
  };
}

describe(policy, () => {
  it("says nothing of a good stack", () => {
    assert.deepEqual(said(), []);
  });

  it("says nothing of a certificate that is far from its end", async () => {
    assert.deepEqual(said(await caWithDaysLeft(31)), []);
  });

  it("tells of one that ends soon, and what renews it", async () => {
    const [sent, ...others] = said(await caWithDaysLeft(7));
    assert.deepEqual(others, []);
    assert.equal(sent?.enforcementLevel, "advisory");
    assert.match(sent.message, /ends on 2026-12-03, in 7 days/);
    assert.match(sent.message, /earlyRenewalHours/);
  });

  it("looks as far ahead as it is told to", async () => {
    const change = await caWithDaysLeft(60);
    assert.deepEqual(said(change), []);
    assert.match(said(change, { expiryWindowDays: 90 })[0]?.message ?? "", /in 60 days/);
  });

  it("rejects one that is over", async () => {
    const [sent, ...others] = said(await caWithDaysLeft(-1));
    assert.deepEqual(others, []);
    assert.equal(sent?.enforcementLevel, "mandatory");
    assert.match(sent.message, /expired on 2026-11-25/);
  });

  it("tells of a certificate that a kubelet signs for itself: nothing renews it", () => {
    const [sent, ...others] = said((parts) => {
      parts.configuration.serverTLSBootstrap = false;
    });
    assert.deepEqual(others, []);
    assert.equal(sent?.enforcementLevel, "advisory");
    assert.match(sent.message, /nothing renews it/);
  });
});
