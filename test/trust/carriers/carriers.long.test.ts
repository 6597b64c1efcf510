import assert from "node:assert/strict";
import { issue } from "../../../lab/x509/issue.ts";
import { compressedCloudConfig, userDataLimit } from "../../../trust/carriers/cloud-init.ts";
import { filesOfMachines } from "../../support/machine-files.ts";

describe("a machine's files as carriers take them, at their largest", () => {
  it("fit a cloud's limit for a node, with keys of the largest kind under an intermediate CA", async () => {
    const key = "RSA-4096";
    const root = await issue({ subject: "CN=root", isCA: true, key });
    const ca = await issue({ subject: "CN=kubernetes", isCA: true, key, issuer: root });
    const subject = "CN=system:node:w-0, O=system:nodes";
    const [client, serving] = await Promise.all(
      (["clientAuth", "serverAuth"] as const).map((usage) =>
        issue({ subject, key, issuer: ca, usages: [usage], ipAddresses: ["10.0.0.11"] }),
      ),
    );
    assert.ok(client && serving);
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const kubeconfig = [root.certPem, client.certPem + ca.certPem, client.keyPem].map(base64);
    const real: Readonly<Record<string, string>> = {
      "/etc/kubernetes/pki/ca.crt": root.certPem,
      "/etc/kubernetes/kubelet.conf": kubeconfig.join("\n"),
      "/var/lib/kubelet/pki/kubelet-serving.crt": serving.certPem + ca.certPem,
      "/var/lib/kubelet/pki/kubelet-serving.key": serving.keyPem,
    };
    const files = (await filesOfMachines())["w-0"] ?? [];
    assert.ok(Object.keys(real).every((path) => files.some((file) => file.path === path)));
    const filled = files.map((file) => ({ ...file, content: real[file.path] ?? file.content }));
    const bytes = Buffer.from(compressedCloudConfig(filled), "base64").length;
    // No two of these keys are alike, so this is about what they come to.
    assert.ok(bytes > 14_000 && bytes < userDataLimit, `${bytes} bytes`);
  }).timeout(30_000);
});
