import assert from "node:assert/strict";
import type { Issued } from "../../../lab/x509/issue.ts";
import { readPem } from "../../../trust/readers/pem.ts";
import { clusterAuthority, servingCertificate } from "../../support/certificates.ts";

const source = { where: "bundle.crt" };

describe("readPem", () => {
  let ca: Issued;
  let leaf: Issued;

  before(async () => {
    ca = await clusterAuthority();
    leaf = await servingCertificate(ca, "a", "10.0.0.1", "fd00::1");
  });

  it("reads every certificate in order, with junk anywhere", () => {
    const { certificates } = readPem(`junk\n${leaf.certPem}more junk\n${ca.certPem}end`, source);
    const [first, second] = certificates;
    assert.equal(certificates.length, 2);
    assert.deepEqual(first?.dnsNames, { known: true, value: ["a"] });
    assert.deepEqual(first?.ipAddresses, { known: true, value: ["10.0.0.1", "fd00::1"] });
    assert.deepEqual(first?.extendedKeyUsages, { known: true, value: ["serverAuth"] });
    assert.deepEqual(second?.isCA, { known: true, value: true });
    assert.deepEqual(second?.extendedKeyUsages, { known: true, value: undefined });
  });

  it("keeps of a private key its public half alone", () => {
    const read = readPem(leaf.keyPem, source);
    const certificate = readPem(leaf.certPem, source).certificates[0];
    assert.equal(read.keys.length, 1);
    assert.deepEqual(
      read.keys[0]?.ids,
      certificate?.key.known ? certificate.key.value.ids : undefined,
    );
    assert.ok(!JSON.stringify(read).includes(leaf.keyPem.split("\n")[1] ?? "?"));
  });

  it("makes a problem of what is no certificate", () => {
    const broken = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    const { certificates, problems } = readPem(broken + ca.certPem, source);
    assert.equal(certificates.length, 1);
    assert.equal(problems[0]?.message, "x509: malformed certificate");
  });
});
