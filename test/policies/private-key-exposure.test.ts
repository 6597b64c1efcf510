import assert from "node:assert/strict";
import { issue } from "../../lab/x509/issue.ts";
import { configMap, resource } from "./fake.ts";
import { only, saidBy } from "./good-stack.ts";

const policy = "private-key-exposure";

const said = saidBy(policy);

describe(policy, () => {
  let key: string;
  let certificate: string;
  before(async () => {
    const issued = await issue({ subject: "CN=node-1" });
    key = issued.keyPem;
    certificate = issued.certPem;
  });

  it("says nothing of a good stack", () => {
    assert.deepEqual(said(), []);
  });

  it("says nothing of a certificate in a ConfigMap, nor of a key in a Secret", () => {
    assert.deepEqual(
      said((parts) => {
        parts.others.push(
          configMap("public", { "tls.crt": certificate }),
          resource("kubernetes:core/v1:Secret", "pair", {
            metadata: { name: "pair", namespace: "kube-system" },
            stringData: { "tls.key": key },
          }),
        );
      }),
      [],
    );
  });

  it("rejects a private key in a ConfigMap, and does not show it", () => {
    const sent = only(
      said((parts) => {
        parts.others.push(configMap("pair", { "tls.key": key }));
      }),
    );
    assert.equal(sent.enforcementLevel, "mandatory");
    assert.match(sent.message, /a private key is in .*tls\.key/);
    assert.match(sent.message, /Move it into a Secret/);
    assert.ok(!sent.message.includes(key.split("\n")[1] ?? ""));
  });

  it("rejects a private key inside the base64 of a kubeconfig", () => {
    const encoded = Buffer.from(key).toString("base64");
    const sent = only(
      said((parts) => {
        parts.others.push(configMap("admin", { "admin.conf": `client-key-data: ${encoded}` }));
      }),
    );
    assert.match(sent.message, /a private key is in .*admin\.conf/);
  });

  it("rejects a bootstrap token in an annotation, and does not show it", () => {
    const token = "abcdef.0123456789abcdef";
    const sent = only(
      said((parts) => {
        parts.others.push(
          configMap("join", {}, { annotations: { note: `kubeadm join --token ${token}` } }),
        );
      }),
    );
    assert.match(sent.message, /a bootstrap token is in metadata\.annotations\["note"\]/);
    assert.ok(!sent.message.includes(token));
  });

  it("rejects a private key in an object among a chart's values, and none that a chart may make a Secret of", () => {
    const release = (values: object) =>
      said((parts) => {
        parts.others.push(resource("kubernetes:helm.sh/v3:Release", "chart", { values }));
      });
    const object = (kind: string) => ({
      extraObjects: [{ apiVersion: "v1", kind, metadata: { name: "p" }, data: { "tls.key": key } }],
    });
    assert.match(
      only(release(object("ConfigMap"))).message,
      /a private key is in values\.extraObjects\[0\]\.data\["tls\.key"\]/,
    );
    assert.deepEqual(release(object("Secret")), []);
    assert.deepEqual(release({ tls: { key } }), []);
  });

  it("rejects a private key in the objects of Flux and of k3s, which are read like any other", () => {
    for (const kind of [
      "helm.toolkit.fluxcd.io/v2:HelmRelease",
      "kustomize.toolkit.fluxcd.io/v1:Kustomization",
      "helm.cattle.io/v1:HelmChart",
    ]) {
      const sent = only(
        said((parts) => {
          const spec = { values: { tls: { key } } };
          const metadata = { name: "release", namespace: "kube-system" };
          parts.others.push(resource(`kubernetes:${kind}`, "release", { metadata, spec }));
        }),
      );
      assert.match(sent.message, /a private key is in spec\.values\.tls\.key/);
    }
  });

  it("rejects a private key in a command that is not marked secret, its connection aside", () => {
    const command = (props: object, type = "command:remote:Command") =>
      said((parts) => {
        const provider = { type: "pulumi:providers:command", props: {}, urn: "urn:c", name: "c" };
        parts.others.push(resource(type, "c", { ...props }, { provider }));
      });
    const create = `cat > /etc/kubernetes/own.key <<'E'\n${key}\nE\n`;
    assert.match(only(command({ create })).message, /a private key is in create/);
    assert.match(
      only(command({ create: "true", environment: { KEY: key } }, "command:local:Command")).message,
      /a private key is in environment\.KEY/,
    );
    assert.deepEqual(command({ create: "true", connection: { host: "h", privateKey: key } }), []);
  });

  it("rejects a private key in user data that is not marked secret, and no token for joining", () => {
    const machine = (userData: string) =>
      said((parts) => {
        const provider = { type: "pulumi:providers:aws", props: {}, urn: "urn:aws", name: "a" };
        const vm = resource("aws:ec2/instance:Instance", "vm", { userData }, { provider });
        parts.others.push(vm);
      });
    const config = (content: string) =>
      `#cloud-config\n${JSON.stringify({ write_files: [{ path: "/srv/own.key", content }] })}\n`;
    const sent = only(machine(Buffer.from(config(key)).toString("base64")));
    assert.match(sent.message, /a private key is in userData, where it is not secret/);
    assert.match(sent.message, /Mark the input secret/);
    assert.deepEqual(machine(config("some text")), []);
    assert.deepEqual(machine("#!/bin/sh\nkubeadm join --token abcdef.0123456789abcdef x\n"), []);
  });

  it("rejects a private key among a stack's outputs that are not secret", () => {
    const sent = only(
      said((parts) => {
        parts.others.push(resource("pulumi:pulumi:Stack", "test", { key }));
      }),
    );
    assert.match(sent.message, /Mark the output secret/);
  });
});
