import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { CertificateAuthority } from "../../components/certificate-authority.ts";
import { authorityEnd, authorityProblems } from "../../components/pki/existing-authority.ts";
import { planCluster } from "../../components/plan/cluster-plan.ts";
import { register } from "./mocks.ts";
import { openssl, selfSigned } from "./openssl.ts";

const fields = { certificate: "certPem", key: "privateKeyPem" };
const caExtensions = [
  "basicConstraints=critical,CA:TRUE",
  "keyUsage=critical,digitalSignature,keyCertSign",
];

function problems(certPem: string, key: string | undefined, now = new Date()): string[] {
  return authorityProblems(certPem, key, fields, now);
}

describe("authorityProblems", () => {
  const ca = selfSigned({ subject: "/O=Example/CN=our CA", extensions: caExtensions });

  it("takes a CA with its key, and one without", () => {
    assert.deepEqual(problems(ca.certPem, ca.privateKeyPem), []);
    assert.deepEqual(problems(ca.certPem, undefined), []);
    assert.deepEqual(problems(`junk before\n${ca.certPem}`, ca.privateKeyPem), []);
  });

  it("takes a key in the older form too", () => {
    assert.deepEqual(problems(ca.certPem, openssl(["ec"], ca.privateKeyPem)), []);
  });

  it("refuses a certificate that is no CA, and a CA that may not sign", () => {
    const leaf = selfSigned({ subject: "/CN=leaf", extensions: ["basicConstraints=CA:FALSE"] });
    const mute = selfSigned({
      subject: "/CN=mute",
      extensions: ["basicConstraints=critical,CA:TRUE", "keyUsage=digitalSignature"],
    });
    for (const { certPem, privateKeyPem } of [leaf, mute]) {
      const found = problems(certPem, privateKeyPem);
      assert.equal(found.length, 1);
      assert.match(
        found[0] ?? "",
        /^certPem \(CN=(leaf|mute)\): this certificate is no CA that may sign/,
      );
    }
  });

  it("refuses a key of another CA, an encrypted one and garbage, and shows none of them", () => {
    const other = selfSigned({ subject: "/CN=other", extensions: caExtensions });
    const encrypted = openssl(["ec", "-aes128", "-passout", "pass:secret"], ca.privateKeyPem);
    const cases: [string, RegExp][] = [
      [
        other.privateKeyPem,
        /^privateKeyPem: the private key does not match .*our CA.* Give the key/,
      ],
      [
        encrypted,
        /^privateKeyPem: not a private key that can be read\. Give it as unencrypted PEM\.$/,
      ],
      ["garbage", /^privateKeyPem: not a private key that can be read/],
    ];
    for (const [key, pattern] of cases) {
      const found = problems(ca.certPem, key);
      assert.equal(found.length, 1);
      assert.match(found[0] ?? "", pattern);
      assert.ok(!/PRIVATE/.test(found[0] ?? ""));
    }
  });

  it("refuses an expired CA and one that is not valid yet", () => {
    const end = authorityEnd(ca.certPem);
    assert.ok(end);
    const past = new Date(Date.now() - 86_400_000);
    assert.match(
      problems(ca.certPem, undefined, end)[0] ?? "",
      /it expired on .*Give one that is still/,
    );
    assert.match(problems(ca.certPem, undefined, past)[0] ?? "", /it is not valid before/);
  });

  it("refuses several certificates and unreadable ones", () => {
    assert.match(problems(ca.certPem + ca.certPem, undefined)[0] ?? "", /found 2/);
    const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert.match(problems(broken, undefined)[0] ?? "", /holds no certificate that can be read/);
  });

  it("refuses certificates that would outlive the CA handed in", () => {
    const args = {
      controlPlanes: [{ name: "cp", addresses: ["10.0.0.1"] }],
      nodePools: [],
      certificateAuthority: ca,
    };
    assert.throws(
      () => planCluster("c", args),
      /validityHours: 8760 is longer than the 7\d\d hours that the CA handed in has left/,
    );
    assert.doesNotThrow(() => planCluster("c", { ...args, validityHours: 48 }));
  });
});

describe("CertificateAuthority", () => {
  const ca = selfSigned({ subject: "/CN=our CA", extensions: caExtensions });

  it("adopts an existing CA without making a key, and keeps the key secret", async () => {
    let authority: CertificateAuthority | undefined;
    const registered = await register(() => {
      authority = new CertificateAuthority("ca", { existing: ca });
    });
    assert.deepEqual(
      registered.map(({ type }) => type),
      ["kubelet-trust:index:CertificateAuthority"],
    );
    assert.ok(authority?.privateKeyPem);
    assert.equal(await pulumi.isSecret(authority.privateKeyPem), true);
    assert.equal(await pulumi.isSecret(authority.certPem), false);
  });

  it("throws before it registers anything when the plain PEMs will not do", async () => {
    const registered = await register(() => {
      assert.throws(
        () => new CertificateAuthority("ca", { existing: { certPem: "x" } }),
        /existing\.certPem: expected one PEM certificate, found 0/,
      );
    });
    assert.deepEqual(registered, []);
  });
});
