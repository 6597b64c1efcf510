import assert from "node:assert/strict";
import { parse } from "yaml";
import { Cluster, type ClusterArgs } from "../../components/index.ts";
import { issue } from "../../lab/x509/issue.ts";
import { violationsOf } from "../policies/fake.ts";
import { machinesIn, textsIn, threeMachines } from "../support/machine-files.ts";
import { recordPreview } from "../support/recorded.ts";
import { register } from "./mocks.ts";
import { openssl } from "./openssl.ts";

const validity = { notBefore: new Date(Date.now() - 3_600_000), notAfter: inYears(5) };

function inYears(years: number): Date {
  return new Date(Date.now() + years * 365 * 86_400_000);
}

/** A root and a CA below it that issues, PEM as openssl writes it. */
async function authorities() {
  const root = await issue({ subject: "CN=root", isCA: true, ...validity });
  const below = await issue({ subject: "CN=below", isCA: true, issuer: root, ...validity });
  const pem = (text: string) => openssl(["x509"], text);
  return { root: pem(root.certPem), below: pem(below.certPem), key: below.keyPem };
}

const cluster = (args: Partial<ClusterArgs>) => () => {
  new Cluster("c", { ...threeMachines, ...args });
};

describe("a cluster whose CA is an intermediate", () => {
  it("has leaves that carry the chain, machines that trust the root, and a signer of its own file", async () => {
    const { root, below, key } = await authorities();
    const certificateAuthority = { certPem: below + root, privateKeyPem: key };
    const registered = await register(cluster({ certificateAuthority }));
    const machines = machinesIn(registered);
    assert.equal(machines.length, 3);
    const texts = textsIn(registered);
    const text = (machine: string, path: string) => texts(machine, path) ?? "";
    for (const { machine } of machines) {
      assert.equal(text(machine, "/etc/kubernetes/pki/ca.crt"), root + below, machine);
      const { clusters, users } = parse(text(machine, "/etc/kubernetes/kubelet.conf"));
      const decode = (base64: string) => Buffer.from(base64, "base64").toString();
      assert.equal(decode(clusters[0].cluster["certificate-authority-data"]), root + below);
      assert.ok(decode(users[0].user["client-certificate-data"]).endsWith(`\n${below}`));
    }
    for (const [machine, path] of [
      ["cp-0", "/etc/kubernetes/pki/apiserver.crt"],
      ["cp-0", "/etc/kubernetes/pki/apiserver-kubelet-client.crt"],
      ["p-0", "/var/lib/kubelet/pki/kubelet-serving.crt"],
    ] as const) {
      assert.match(text(machine, path), /^certificate [0-9a-f]{8}\n-----BEGIN/, path);
      assert.ok(text(machine, path).endsWith(below), path);
    }
    assert.doesNotMatch(text("cp-0", "/etc/kubernetes/pki/etcd/server.crt"), /BEGIN/);
    assert.equal(text("cp-0", "/etc/kubernetes/pki/issuing-ca.crt"), below);
    const manager = text("cp-0", "/etc/kubernetes/manifests/kube-controller-manager.yaml");
    assert.match(manager, /--cluster-signing-cert-file=\/etc\/kubernetes\/pki\/issuing-ca\.crt/);
    const leaf = registered.find(
      ({ type, name }) => type.endsWith(":LocallySignedCert") && name === "c/p/p-0/kubelet-serving",
    );
    assert.equal(leaf?.inputs.caCertPem, below);
  });

  it("passes the policies at the first preview", async () => {
    const { root, below, key } = await authorities();
    const certificateAuthority = { certPem: below + root, privateKeyPem: key };
    const found = violationsOf(await recordPreview(cluster({ certificateAuthority })));
    // Recorded resources have their secrets in the open, and no approver of several nodes goes without its advice.
    const others = ["private-key-exposure", "approver-binds-addresses"];
    const judged = found.filter(({ policy }) => !others.includes(policy));
    assert.deepEqual(judged, []);
  });
});
