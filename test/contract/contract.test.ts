import assert from "node:assert/strict";
import {
  namesIn,
  readAddresses,
  readFileList,
  statedIn,
  writeAddresses,
} from "../../trust/contract.ts";

describe("the contract between components and their readers", () => {
  it("writes addresses so that they can be read again, and says which part is none", () => {
    const addresses = [
      { type: "InternalIP" as const, address: "fd00::11" },
      { type: "Hostname" as const, address: "worker-0" },
    ];
    assert.deepEqual(readAddresses(writeAddresses(addresses)), addresses);
    assert.equal(readAddresses("InternalIP=10.0.0.1,10.0.0.2"), "10.0.0.2");
  });

  it("takes no list of files for one when a path or a mode is not what it must be", () => {
    const file = { path: "/etc/a", mode: "0600", owner: "root:root", key: "etc_a" };
    assert.deepEqual(readFileList(JSON.stringify([file])), [file]);
    for (const wrong of [{ path: "etc/a" }, { mode: "rw" }, { key: 1 }]) {
      assert.equal(readFileList(JSON.stringify([{ ...file, ...wrong }])), undefined);
    }
    assert.equal(readFileList("{}"), undefined);
    assert.equal(readFileList("["), undefined);
  });

  const asked = {
    ...{ algorithm: "ECDSA", ecdsaCurve: "P256", validityPeriodHours: 8760 },
    ...{ subject: { commonName: "a", organization: "b" }, dnsNames: ["c"] },
    allowedUses: ["digital_signature"],
  };

  it("leaves out of what a certificate says what providers fill in", () => {
    const filledIn = {
      ...asked,
      ...{ rsaBits: 2048, isCaCertificate: false, maxPathLength: -1, earlyRenewalHours: 0 },
      subject: [{ organization: "b", commonName: "a", country: "", streetAddresses: [] }],
      ...{ uris: [], ipAddresses: [], setSubjectKeyId: null, certPem: "x" },
    };
    assert.equal(statedIn(filledIn), statedIn(asked));
    assert.equal(namesIn(filledIn), namesIn(asked));
  });

  for (const change of [
    { algorithm: "RSA", rsaBits: 2048 },
    { ecdsaCurve: "P224" },
    { subject: { commonName: "a", organization: "b", organizationalUnit: "c" } },
    { allowedUses: ["digital_signature", "cert_signing"] },
    { isCaCertificate: true },
    { validityPeriodHours: 9000 },
    { earlyRenewalHours: 1 },
    { uris: ["spiffe://x"] },
  ]) {
    it(`tells certificates apart by ${Object.keys(change).join(" and ")}`, () =>
      assert.notEqual(statedIn({ ...asked, ...change }), statedIn(asked)));
  }

  it("tells certificates apart by their names", () => {
    assert.notEqual(namesIn({ ...asked, ipAddresses: ["10.0.0.1"] }), namesIn(asked));
  });
});
