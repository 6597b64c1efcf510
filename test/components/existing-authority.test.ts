import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { CertificateAuthority } from "../../components/certificate-authority.ts";
import { Cluster } from "../../components/cluster.ts";
import {
  authorityEnd,
  authorityParts,
  authorityProblems,
} from "../../components/pki/existing-authority.ts";
import { planCluster } from "../../components/plan/cluster-plan.ts";
import { issue } from "../../lab/x509/issue.ts";
import { register } from "./mocks.ts";
import { openssl, selfSigned } from "./openssl.ts";

const fields = { certificate: "certPem", key: "privateKeyPem" };
const caExtensions = [
  "basicConstraints=critical,CA:TRUE",
  "keyUsage=critical,digitalSignature,keyCertSign",
];

/** A root and a CA below it, PEM, and that one's key. */
async function chain({ pathLength }: { pathLength?: number } = {}) {
  const isCA = true;
  const root = await issue({
    subject: "CN=root",
    isCA,
    ...(pathLength === undefined ? {} : { pathLength }),
  });
  const below = await issue({ subject: "CN=below", isCA, issuer: root });
  return { root: pem(root.certPem), intermediate: pem(below.certPem), key: below.keyPem };
}

/** The form in which openssl writes PEM. */
function pem(text: string): string {
  return openssl(["x509"], text);
}

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
    assert.match(problems(ca.certPem + ca.certPem, undefined)[0] ?? "", /follows a root/);
    const broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert.match(problems(broken, undefined)[0] ?? "", /holds no certificate that can be read/);
  });

  it("refuses a text with a key in it, wherever and however broken, and shows nothing of it", () => {
    const key = ca.privateKeyPem;
    const body = key.split("\n")[1] ?? "";
    for (const text of [
      `${ca.certPem}${key}`,
      `${key}${ca.certPem}`,
      `${ca.certPem}${key.replace("-----END", "-----FIN")}`,
      `${ca.certPem}${openssl(["ec"], key)}`,
      `${ca.certPem}# ${key.replaceAll("\n", " ")}`,
    ]) {
      const found = problems(text, key);
      assert.equal(found.length, 1);
      assert.match(
        found[0] ?? "",
        /^certPem: a private key is in it, and .* Give the certificates alone\. Give the key as privateKeyPem\.$/,
      );
      assert.ok(!(found[0] ?? "").includes(body));
    }
    assert.match(
      problems(
        `${ca.certPem}-----BEGIN DH PARAMETERS-----\nAA==\n-----END DH PARAMETERS-----\n`,
        key,
      )[0] ?? "",
      /^certPem: a block "DH PARAMETERS" is in it/,
    );
  });

  it("writes the parts of a CA anew, so that nothing else of the text goes on", () => {
    const parts = authorityParts(`a comment\n${ca.certPem}\nanother`);
    assert.equal(parts.certPem, ca.certPem);
    assert.equal(parts.trustPem, ca.certPem);
    assert.deepEqual([parts.chainPem, parts.restOfChainPem], ["", ""]);
  });

  it("takes an intermediate with its chain: leaves carry it, those who verify trust the root", async () => {
    const { root, intermediate, key } = await chain();
    assert.deepEqual(problems(intermediate + root, key), []);
    const parts = authorityParts(intermediate + root);
    assert.deepEqual(parts, {
      certPem: intermediate,
      chainPem: intermediate,
      restOfChainPem: root,
      trustPem: root + intermediate,
    });
    assert.deepEqual(problems(intermediate, key), [], "the intermediate alone is trusted as it is");
    assert.match(problems(root + intermediate, undefined)[0] ?? "", /follows a root/);
    assert.match(
      problems(intermediate + ca.certPem, undefined)[0] ?? "",
      /certificate 2 \(.*our CA\) did not sign certificate 1/,
    );
  });

  it("refuses a chain whose root permits no CA below it", async () => {
    const { root, intermediate, key } = await chain({ pathLength: 0 });
    assert.match(
      problems(intermediate + root, key)[0] ?? "",
      /path length 0 permits no 1 CAs below it.* Give a CA/,
    );
  });

  it("refuses a CA whose constraints or usages forbid what the stack issues, before anything is made", () => {
    const constrained = (...extensions: string[]) =>
      selfSigned({
        subject: "/CN=narrow",
        days: 400,
        extensions: [...caExtensions, ...extensions],
      });
    const args = {
      controlPlanes: [{ name: "cp", addresses: ["10.0.0.1"] }],
      nodePools: [{ name: "w", nodes: [{ name: "w-0", addresses: ["192.168.0.9"] }] }],
    };
    const cases: [string, RegExp][] = [
      [
        "nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0",
        /name constraints forbid what the stack issues: for the kubelet of w-0, IP address "192\.168\.0\.9" is not permitted/,
      ],
      [
        "nameConstraints=critical,permitted;DNS:example.org",
        /for kube-apiserver of cp, DNS name "cp" is not permitted by any constraint, and \d further/,
      ],
      [
        "nameConstraints=critical,excluded;DNS:w-0",
        /for the kubelet of w-0, DNS name "w-0" is excluded/,
      ],
      ["extendedKeyUsage=serverAuth", /its extended key usages lack clientAuth, .* Give a CA/],
    ];
    for (const [extension, pattern] of cases) {
      assert.throws(
        () => planCluster("c", { ...args, certificateAuthority: constrained(extension) }),
        (error: Error) => pattern.test(error.message) && pulumi.RunError.isInstance(error),
        extension,
      );
    }
    const wide = constrained("nameConstraints=critical,permitted;IP:0.0.0.0/0.0.0.0");
    assert.doesNotThrow(() => planCluster("c", { ...args, certificateAuthority: wide }));
  });

  it("refuses it in the same words when it is an output, before anything that it would sign", async () => {
    const narrow = selfSigned({
      subject: "/CN=narrow",
      days: 9000,
      extensions: [...caExtensions, "nameConstraints=critical,permitted;IP:10.0.0.0/255.0.0.0"],
    });
    const args = {
      controlPlanes: [{ name: "cp", addresses: ["10.0.0.1"] }],
      nodePools: [{ name: "w", nodes: [{ name: "w-0", addresses: ["192.168.0.9"] }] }],
    };
    let said = "";
    try {
      planCluster("c", { ...args, certificateAuthority: narrow });
    } catch (error) {
      said = (error as Error).message;
    }
    assert.match(said, /^certificateAuthority\.certPem .*name constraints forbid/);
    const certificateAuthority = {
      certPem: pulumi.output(narrow.certPem),
      privateKeyPem: pulumi.secret(narrow.privateKeyPem),
    };
    let made: Cluster | undefined;
    const registered = await register(() => {
      made = new Cluster("c", { ...args, certificateAuthority });
    });
    // The engine ends an update with it; mocks let it rest in whatever takes the output.
    const taken = made?.ca.certPem as unknown as { promise: () => Promise<string> };
    await assert.rejects(taken.promise(), (error: Error) => error.message.endsWith(said));
    const signed = registered.filter(
      ({ type, name }) => type.endsWith(":LocallySignedCert") && name.includes("w-0"),
    );
    assert.deepEqual(signed, []);
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
