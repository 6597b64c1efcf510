import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { PolicyResource } from "@pulumi/policy";
import { pemOf } from "../support/pem.ts";
import { configMap, resource, unknownValue, violationsOf } from "./fake.ts";

const policy = "private-key-exposure";
const body = "MHcCAQEEIBKWkHtVf3VwLkJl";
const pem = pemOf("EC PRIVATE KEY", body);
const token = "abcdef.0123456789abcdef";

function said(...resources: PolicyResource[]) {
  return violationsOf(resources).filter((sent) => sent.policy === policy);
}

/** A Pod whose only container has these fields. */
function pod(container: object): PolicyResource {
  return resource("kubernetes:core/v1:Pod", "app", {
    metadata: { name: "app" },
    spec: { containers: [{ name: "app", image: "app:1", ...container }] },
  });
}

const base64 = (bytes: string | Uint8Array) => Buffer.from(bytes).toString("base64");

describe(policy, () => {
  it("passes a Secret, whatever is in it", () => {
    const props = {
      metadata: { name: "s" },
      data: { "tls.key": base64(pem) },
      stringData: { token, pem },
    };
    assert.deepEqual(said(resource("kubernetes:core/v1:Secret", "s", props)), []);
    const list = { items: [{ apiVersion: "v1", kind: "Secret", ...props }] };
    assert.deepEqual(said(resource("kubernetes:core/v1:SecretList", "l", list)), []);
  });

  it("passes what is public", () => {
    const data = {
      cert: "-----BEGIN CERTIFICATE-----\nMIIBeDCCAR2gAwIBAgIBADAKBggqhkjOPQQDAjAjMSEwHwYDVQQD\n-----END CERTIFICATE-----\n",
      digest: "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
      url: "https://registry.internalservices.example/path",
    };
    assert.deepEqual(
      said(configMap("c", data), pod({ env: [{ name: "A", value: data.url }] })),
      [],
    );
  });

  it("finds a key or a token wherever a pod shows it", () => {
    const places: readonly (readonly [PolicyResource, string])[] = [
      [pod({ env: [{ name: "KEY", value: pem }] }), "spec.containers[0].env[0].value"],
      [pod({ args: ["--key", pem] }), "spec.containers[0].args[1]"],
      [
        pod({ command: ["sh", "-c", `kubeadm join --token ${token}`] }),
        "spec.containers[0].command[2]",
      ],
      [
        resource("kubernetes:apps/v1:Deployment", "d", {
          metadata: { name: "d" },
          spec: { template: { metadata: { annotations: { note: pem } } } },
        }),
        'spec.template.metadata.annotations["note"]',
      ],
      [
        resource("kubernetes:example.com/v1:Machine", "m", { spec: { userData: base64(pem) } }),
        "spec.userData",
      ],
      [
        resource("kubernetes:core/v1:Secret", "s", { metadata: { annotations: { was: pem } } }),
        'metadata.annotations["was"]',
      ],
      [configMap("c", { "a.key": pem }), 'data["a.key"]'],
    ];
    for (const [one, place] of places) {
      const sent = said(one);
      assert.equal(sent.length, 1, place);
      assert.ok(sent[0]?.message.includes(` is in ${place}, where`), sent[0]?.message);
      assert.ok(!sent[0]?.message.includes(body) && !sent[0]?.message.includes(token));
    }
  });

  it("finds a key under any encoding", () => {
    const kubeconfig = `users: [{user: {client-key-data: ${base64(pem)}}}]`;
    const wide = Buffer.from(`\ufeff${pem}`, "utf16le");
    const texts: Readonly<Record<string, string>> = {
      "base64 in a kubeconfig": kubeconfig,
      "base64 of that": base64(kubeconfig),
      "base64 three times": base64(base64(base64(pem))),
      "base64 in lines": base64(pem).replace(/.{40}/g, "$&\n"),
      "base64url without padding": Buffer.from(pem).toString("base64url"),
      gzip: base64(gzipSync(pem)),
      "gzip of base64 of gzip": base64(gzipSync(base64(gzipSync(pem)))),
      "UTF-16": base64(wide),
      JSON: JSON.stringify({ pem }),
      "JSON with escapes": `{"pem": "${pem.replaceAll("-", "\\u002d").replaceAll("\n", "\\n")}"}`,
      "JSON in JSON": JSON.stringify({ a: JSON.stringify({ pem: base64(pem) }) }),
      "cloud-init": `#cloud-config\nwrite_files:\n- {path: /k, encoding: gz+b64, content: ${base64(gzipSync(pem))}}\n`,
    };
    for (const [title, text] of Object.entries(texts)) {
      const sent = said(configMap("c", { file: text }));
      assert.equal(sent.length, 1, title);
      assert.match(sent[0]?.message ?? "", /a private key is in data\["file"\]/, title);
    }
    const binary = resource("kubernetes:core/v1:ConfigMap", "b", {
      metadata: { name: "b" },
      binaryData: { k: base64(gzipSync(pem)) },
    });
    assert.equal(said(binary).length, 1);
  });

  it("finds a key of any kind, and none in what is public", () => {
    const pair = (type: "ec" | "rsa" | "ed25519") =>
      type === "rsa"
        ? generateKeyPairSync("rsa", { modulusLength: 2048 })
        : type === "ec"
          ? generateKeyPairSync("ec", { namedCurve: "P-256" })
          : generateKeyPairSync("ed25519");
    for (const type of ["ec", "rsa", "ed25519"] as const) {
      const { privateKey, publicKey } = pair(type);
      const der = (own: "pkcs8" | "sec1" | "pkcs1") =>
        privateKey.export({ format: "der", type: own as "pkcs8" });
      const pem8 = String(privateKey.export({ format: "pem", type: "pkcs8" }));
      const jwk = JSON.stringify(privateKey.export({ format: "jwk" }));
      const keys: Readonly<Record<string, string>> = {
        "DER as base64": base64(der("pkcs8")),
        "DER as hexadecimal digits": der("pkcs8").toString("hex"),
        "DER with colons": der("pkcs8")
          .toString("hex")
          .toUpperCase()
          .replace(/..(?=.)/g, "$&:"),
        "DER in gzip": base64(gzipSync(der("pkcs8"))),
        "encrypted DER": base64(
          privateKey.export({
            format: "der",
            type: "pkcs8",
            cipher: "aes-256-cbc",
            passphrase: "x",
          }),
        ),
        "the PEM's lines without its marks": pem8.split("\n").slice(1, -2).join(" "),
        "PEM as hexadecimal digits": Buffer.from(pem8).toString("hex").replace(/.{60}/g, "$&\n"),
        "PEM in a URL": `https://x.example/?key=${encodeURIComponent(pem8)}`,
        "PEM of a form": new URLSearchParams({ key: pem8 }).toString(),
        "PEM with CRLF": pem8.replaceAll("\n", "\r\n"),
        "PEM in YAML": `key: |\n${pem8.replace(/^/gm, "      ")}`,
        "PEM over lines": pem8.replace("BEGIN ", "BEGIN \\\n").replaceAll("PRIVATE", "PRIV\\\nATE"),
        "PEM in a list": JSON.stringify({ "Fn::Join": ["", pem8.match(/[\s\S]{1,9}/g)] }),
        "PEM that is added up": pem8.replace("PRIVATE", "PRIV' + 'ATE"),
        "PEM in XML": pem8.replaceAll("-", "&#45;").replaceAll("A", "&#x41;"),
        ...(type === "ec" && { "SEC 1": base64(der("sec1")) }),
        ...(type === "rsa" && { "PKCS#1": base64(der("pkcs1")) }),
        JWK: jwk,
        "JWK in a set": JSON.stringify({ keys: [JSON.parse(jwk)] }, undefined, 2),
        "JWK in YAML": jwk.replace(/[{}"]/g, "").replaceAll(":", ": ").replaceAll(",", "\n"),
      };
      for (const [title, text] of Object.entries(keys)) {
        assert.equal(said(configMap("c", { file: text })).length, 1, `${type}: ${title}`);
        assert.equal(said(pod({ env: [{ name: "A", value: text }] })).length, 1, title);
        assert.equal(said(resource("pulumi:pulumi:Stack", "s", { text })).length, 1, title);
      }
      const list = pod({ args: pem8.match(/[\s\S]{1,9}/g) ?? [] });
      assert.equal(said(list).length, 1);
      assert.equal(said(configMap("c", {}), pod({ args: [pem8, "b"] })).length, 1);
      const custom = { spec: { key: privateKey.export({ format: "jwk" }) } };
      assert.equal(said(resource("kubernetes:example.com/v1:Key", "k", custom)).length, 1);
      const spki = publicKey.export({ format: "der", type: "spki" });
      const open = {
        der: base64(spki),
        hex: spki.toString("hex"),
        jwks: JSON.stringify({ keys: [publicKey.export({ format: "jwk" })] }),
        random: base64(randomBytes(4096)),
        digests: randomBytes(4096).toString("hex"),
      };
      assert.deepEqual(said(configMap("c", open)), []);
    }
  });

  it("finds keys of other programs, and stores that hold one", () => {
    const oid = (last: string) => Buffer.from(`060b2a864886f70d010c0a010${last}`, "hex");
    const pkcs12 = (last: string) =>
      base64(
        Buffer.concat([
          Buffer.from("308204000201033082030006092a864886f70d010701", "hex"),
          randomBytes(100),
          oid(last),
          randomBytes(100),
        ]),
      );
    /** A JKS store of one entry with alias `a`. */
    const jks = (tag: string) => {
      const certificate = `0005${Buffer.from("X.509").toString("hex")}00000002ffff`;
      const entry = `${tag}000161${"00".repeat(8)}${certificate}`;
      return base64(Buffer.from(`feedfeed0000000200000001${entry}${"ab".repeat(20)}`, "hex"));
    };
    const keys: Readonly<Record<string, string>> = {
      PuTTY: "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nPrivate-Lines: 1\nAAAA\n",
      age: `AGE-SECRET-KEY-1${"Q".repeat(58)}`,
      OpenSSH: "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n",
      "OpenSSH without its marks": base64(
        Buffer.concat([Buffer.from("openssh-key-v1\0"), Buffer.from("fffefdfc", "hex")]),
      ),
      SSH2: "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----\nAAAA\n",
      OpenPGP: "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nlQ\n",
      "PKCS#12": pkcs12("2"),
      JKS: jks("00000001"),
    };
    for (const [title, text] of Object.entries(keys)) {
      assert.equal(said(configMap("c", { file: text })).length, 1, title);
    }
    const open = {
      pkcs12: pkcs12("3"),
      jks: jks("00000002"),
      age: `age1${"q".repeat(58)}`,
      ssh: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKWkHtVf3VwLkJlKWkHtVf3VwLkJl me@example",
      pgp: "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ\n",
      text: "kty: EC is a key type\nd: the private part\n",
    };
    assert.deepEqual(said(configMap("c", open)), []);
  });

  it("finds a key that is not there yet, by its name", () => {
    const key = resource("tls:index/privateKey:PrivateKey", "key", { algorithm: "ED25519" });
    const made = (path: string, properties: Record<string, unknown>) => ({
      ...properties,
      propertyDependencies: { [path]: [key] },
    });
    const spec = { containers: [{ env: [{ name: "TLS_KEY", value: unknownValue }] }] };
    const hidden = resource("kubernetes:core/v1:Pod", "p", { spec }, made("spec", {}));
    assert.match(said(key, hidden)[0]?.message ?? "", /a private key is in spec\.containers\[0\]/);
    const publicSpec = { containers: [{ env: [{ name: "PUBLIC_KEY", value: unknownValue }] }] };
    const open = resource("kubernetes:core/v1:Pod", "q", { spec: publicSpec }, made("spec", {}));
    assert.deepEqual(said(key, open), []);
  });
});
