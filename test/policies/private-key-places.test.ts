import assert from "node:assert/strict";
import { gzipSync } from "node:zlib";
import type { PolicyResource } from "@pulumi/policy";
import { configMap, resource, unknownValue, violationsOf } from "./fake.ts";

const policy = "private-key-exposure";
const body = "MHcCAQEEIBKWkHtVf3VwLkJl";
const pem = `-----BEGIN EC PRIVATE KEY-----\n${body}\n-----END EC PRIVATE KEY-----\n`;
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
      cert: pem.replaceAll("EC PRIVATE KEY", "CERTIFICATE"),
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
