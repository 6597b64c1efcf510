import assert from "node:assert/strict";
import { generateKeyPairSync, X509Certificate } from "node:crypto";
import { stringify } from "yaml";
import { readKubeconfig } from "../../lab/kubernetes/api.ts";
import {
  firstAdministrator,
  refuseWithoutAdministrator,
} from "../../lab/kubernetes/first-administrator.ts";
import type { Machine } from "../../lab/kubernetes/rendered.ts";
import { authorityOf } from "../../lab/x509/authority.ts";
import { type Issued, issue } from "../../lab/x509/issue.ts";

const pki = "/etc/kubernetes/pki";

function kubeconfig(ca: Issued, client: Issued): string {
  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const cluster = {
    server: "https://10.0.0.1:6443",
    "certificate-authority-data": base64(ca.certPem),
  };
  const user = {
    "client-certificate-data": base64(client.certPem),
    "client-key-data": base64(client.keyPem),
  };
  return stringify({
    "current-context": "c",
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user }],
  });
}

function machineWith(files: Readonly<Record<string, string>>): Machine {
  return {
    ...{ name: "cp-0", role: "control-plane", addresses: [], servingMode: "provisioned" },
    kubernetesVersion: "1.37.2",
    files: Object.entries(files).map(([path, text]) => ({
      ...{ path, mode: 0o600, owner: "root:root", content: Buffer.from(text) },
    })),
  };
}

describe("who applies the first manifests of a lab", () => {
  let root: Issued;
  let admin: string;

  before(async () => {
    root = await issue({ subject: "CN=kubernetes", isCA: true });
    const subject = "CN=kubernetes-admin, O=kubeadm:cluster-admins";
    admin = kubeconfig(root, await issue({ subject, issuer: root, usages: ["clientAuth"] }));
  });

  it("is super-admin.conf where there is one, and admin.conf where that is beyond RBAC", async () => {
    const both = { "/etc/kubernetes/super-admin.conf": admin, "/etc/kubernetes/admin.conf": admin };
    assert.deepEqual(await firstAdministrator(machineWith(both)), {
      path: "/etc/kubernetes/super-admin.conf",
    });
    const subject = "CN=kubernetes-admin, O=system:masters";
    const old = kubeconfig(root, await issue({ subject, issuer: root }));
    assert.deepEqual(await firstAdministrator(machineWith({ "/etc/kubernetes/admin.conf": old })), {
      path: "/etc/kubernetes/admin.conf",
    });
  });

  for (const [kind, makeKey] of [
    ["ECDSA", () => generateKeyPairSync("ec", { namedCurve: "P-384" }).privateKey],
    ["RSA", () => generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey],
  ] as const) {
    it(`is issued for an hour by the control plane's CA of kind ${kind} where neither is there`, async () => {
      // As the TLS plugin writes keys.
      const type = kind === "RSA" ? "pkcs1" : "sec1";
      const key = makeKey().export({ type, format: "pem" } as never) as string;
      const { keys } = await authorityOf(root.certPem, key);
      const issuing = await issue({ subject: "CN=issuing", issuer: root, keys, isCA: true });
      const { path, file } = await firstAdministrator(
        machineWith({
          "/etc/kubernetes/admin.conf": admin,
          [`${pki}/ca.crt`]: root.certPem,
          [`${pki}/issuing-ca.crt`]: issuing.certPem,
          [`${pki}/ca.key`]: key,
        }),
      );
      assert.equal(path, "/run/kubelet-trust/administrator.conf");
      assert.equal(file?.mode, 0o600);
      const { cert = "", server, ca } = readKubeconfig(file?.content.toString() ?? "");
      const leaf = new X509Certificate(cert);
      assert.ok(leaf.verify(new X509Certificate(issuing.certPem).publicKey));
      assert.ok(cert.endsWith(issuing.certPem), "the chain is missing");
      assert.match(leaf.subject, /^O=system:masters$/m);
      assert.ok(leaf.validToDate.getTime() - Date.now() <= 3_600_000);
      assert.equal(server.host, "10.0.0.1:6443");
      assert.equal(ca, root.certPem);
    });
  }

  it("is nobody, said in one line with the remedy, where the CA's key is not there either", () => {
    const machine = machineWith({ "/etc/kubernetes/admin.conf": admin });
    const stack = { folder: "/r", machines: [machine], manifests: [], manifestFolders: [] };
    assert.throws(() => refuseWithoutAdministrator(stack), {
      name: "Failure",
      message:
        "cp-0 has neither /etc/kubernetes/super-admin.conf nor /etc/kubernetes/pki/ca.key, and nobody else may apply " +
        "the first manifests of a new cluster: set kubelet-trust:superAdminHours to 1 or more, run `npm start`, and " +
        "boot again.",
    });
  });
});
