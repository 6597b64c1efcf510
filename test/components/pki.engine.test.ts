import assert from "node:assert/strict";
import { parse } from "yaml";
import { compressedCloudConfig, userDataLimit } from "../../trust/carriers/cloud-init.ts";
import { expectSuccess, type Project } from "../support/engine.ts";
import { kubeadmFiles, kubernetesPrograms } from "./kubeadm.ts";
import {
  type Described,
  describeCertificate,
  publicKeyIn,
  publicKeyOf,
  verify,
} from "./openssl.ts";
import {
  certificatesOf,
  isKubeconfig,
  kubeconfigOf,
  type MachineFile,
  machineFiles,
  ownProject,
  renderedObjects,
} from "./stack.ts";

const pki = "/etc/kubernetes/pki";
const hour = 3_600_000;

/** Which CA signed the certificate at a path. */
function authorityOf(path: string): string {
  if (path.includes("/etcd/") || path.includes("apiserver-etcd-client"))
    return `${pki}/etcd/ca.crt`;
  if (path.includes("/front-proxy-")) return `${pki}/front-proxy-ca.crt`;
  return `${pki}/ca.crt`;
}

const authorities = [`${pki}/ca.crt`, `${pki}/etcd/ca.crt`, `${pki}/front-proxy-ca.crt`];

/** The expected certificates of the default stack: subject, SANs, extended key usages. */
const serving = (name: string, ip: string) =>
  [
    `CN=system:node:${name},O=system:nodes`,
    [`DNS:${name}`, `IP Address:${ip}`],
    ["TLS Web Server Authentication"],
  ] as const;
const client = (subject: string) => [subject, [], ["TLS Web Client Authentication"]] as const;
const etcdSans = [
  "DNS:control-plane-0",
  "DNS:localhost",
  "IP Address:0:0:0:0:0:0:0:1",
  "IP Address:10.240.0.10",
  "IP Address:127.0.0.1",
];
const both = ["TLS Web Client Authentication", "TLS Web Server Authentication"];
const node = (name: string) => client(`CN=system:node:${name},O=system:nodes`);
const kubeletConf = "/etc/kubernetes/kubelet.conf";
const servingPath = "/var/lib/kubelet/pki/kubelet-serving.crt";

const expected: Record<
  string,
  Record<string, readonly [subject: string, sans: readonly string[], usages: readonly string[]]>
> = {
  "control-plane-0": {
    [`${pki}/apiserver.crt`]: [
      "CN=kube-apiserver",
      [
        "DNS:control-plane-0",
        "DNS:kubernetes",
        "DNS:kubernetes.default",
        "DNS:kubernetes.default.svc",
        "DNS:kubernetes.default.svc.cluster.local",
        "IP Address:10.240.0.10",
        "IP Address:10.96.0.1",
      ],
      ["TLS Web Server Authentication"],
    ],
    [`${pki}/apiserver-kubelet-client.crt`]: client("CN=kube-apiserver-kubelet-client"),
    [`${pki}/apiserver-etcd-client.crt`]: client("CN=kube-apiserver-etcd-client"),
    [`${pki}/front-proxy-client.crt`]: client("CN=front-proxy-client"),
    [`${pki}/etcd/server.crt`]: ["CN=control-plane-0", etcdSans, both],
    [`${pki}/etcd/peer.crt`]: ["CN=control-plane-0", etcdSans, both],
    [`${pki}/etcd/healthcheck-client.crt`]: client("CN=kube-etcd-healthcheck-client"),
    "/etc/kubernetes/admin.conf": client("CN=kubernetes-admin,O=kubeadm:cluster-admins"),
    "/etc/kubernetes/super-admin.conf": client("CN=kubernetes-super-admin,O=system:masters"),
    "/etc/kubernetes/controller-manager.conf": client("CN=system:kube-controller-manager"),
    "/etc/kubernetes/scheduler.conf": client("CN=system:kube-scheduler"),
    [kubeletConf]: node("control-plane-0"),
    [servingPath]: serving("control-plane-0", "10.240.0.10"),
  },
  "worker-0": {
    [kubeletConf]: node("worker-0"),
    [servingPath]: serving("worker-0", "10.240.0.11"),
  },
  "worker-1": {
    [kubeletConf]: node("worker-1"),
    [servingPath]: serving("worker-1", "10.240.0.12"),
  },
  "burst-0": { [kubeletConf]: node("burst-0") },
};

describe("the default stack's PKI", function () {
  this.timeout("20m");
  let project: Project;
  let machines: Record<string, Record<string, MachineFile>>;
  let controlPlane: Record<string, MachineFile>;

  before(async () => {
    project = await ownProject();
    expectSuccess(await project.up());
    machines = machineFiles(project);
    controlPlane = machines["control-plane-0"] ?? {};
  });
  after(() => project?.remove());

  const content = (path: string) => {
    const file = controlPlane[path];
    assert.ok(file, `no ${path}`);
    return file.content;
  };

  it("fits the strictest cloud's limit as user data, on every machine", () => {
    for (const [machine, files] of Object.entries(machines)) {
      const carried = Object.entries(files).map(([path, file]) => ({ path, ...file }));
      const bytes = Buffer.from(compressedCloudConfig(carried), "base64").length;
      assert.ok(bytes < userDataLimit, `${machine}: ${bytes} bytes`);
    }
  });

  it("is what is expected, certificate by certificate, as openssl reads it", () => {
    assert.deepEqual(Object.keys(machines).sort(), Object.keys(expected).sort());
    for (const [machine, table] of Object.entries(expected)) {
      const certificates = certificatesOf(machines[machine] ?? {});
      const leaves = Object.keys(certificates).filter((path) => !authorities.includes(path));
      assert.deepEqual(leaves.sort(), Object.keys(table).sort(), machine);
      for (const [path, [subject, sans, usages]] of Object.entries(table)) {
        const found = describeCertificate(certificates[path] ?? "");
        const where = `${machine} ${path}`;
        assert.equal(found.subject, subject, where);
        assert.deepEqual(found.sans, [...sans].sort(), where);
        assert.deepEqual(found.extendedKeyUsage, usages, where);
        assert.deepEqual(found.keyUsage, ["Digital Signature", "Key Encipherment"], where);
        assert.equal(found.isCa, false, where);
        assert.equal(found.publicKey, "Public-Key: (256 bit)", where);
        const hours = path === "/etc/kubernetes/super-admin.conf" ? 24 : 8760;
        assert.equal(found.notAfter.getTime() - found.notBefore.getTime(), hours * hour, where);
      }
    }
  });

  it("has three CAs that may sign and live ten years", () => {
    const names = ["kubernetes", "etcd-ca", "front-proxy-ca"];
    authorities.forEach((path, index) => {
      const found = describeCertificate(content(path));
      assert.equal(found.subject, `CN=${names[index]}`);
      assert.equal(found.issuer, found.subject);
      assert.deepEqual(found.sans, [`DNS:${names[index]}`]);
      assert.deepEqual(found.keyUsage, [
        "Certificate Sign",
        "Digital Signature",
        "Key Encipherment",
      ]);
      assert.deepEqual(found.extendedKeyUsage, []);
      assert.equal(found.isCa, true);
      assert.equal(found.notAfter.getTime() - found.notBefore.getTime(), 87_600 * hour);
    });
  });

  it("verifies with openssl, every leaf under its own CA and under no other", () => {
    for (const [machine, files] of Object.entries(machines)) {
      for (const [path, pem] of Object.entries(certificatesOf(files))) {
        if (authorities.includes(path)) continue;
        const purpose = describeCertificate(pem).extendedKeyUsage[0]?.includes("Server")
          ? "sslserver"
          : "sslclient";
        for (const authority of authorities) {
          const answer = verify(pem, content(authority), ["-x509_strict", "-purpose", purpose]);
          const own = authority === authorityOf(path);
          assert.equal(answer.trim() === "OK", own, `${machine} ${path} ${authority}: ${answer}`);
        }
      }
    }
  });

  it("lets openssl find each node under the names and addresses that kube-apiserver dials", () => {
    const nodes = { "worker-0": "10.240.0.11", "worker-1": "10.240.0.12" };
    for (const [name, ip] of Object.entries(nodes)) {
      const pem = machines[name]?.[servingPath]?.content ?? "";
      const ca = content(`${pki}/ca.crt`);
      assert.match(verify(pem, ca, ["-verify_ip", ip]), /OK/);
      assert.match(verify(pem, ca, ["-verify_hostname", name]), /OK/);
      assert.doesNotMatch(verify(pem, ca, ["-verify_ip", "10.240.0.99"]), /OK/);
    }
  });

  it("puts each key beside its certificate", () => {
    let pairs = 0;
    for (const files of Object.values(machines)) {
      for (const [path, { content: certificate }] of Object.entries(files)) {
        const key = files[path.replace(/\.crt$/, ".key")];
        if (!path.endsWith(".crt") || key === undefined) continue;
        assert.ok(publicKeyIn(certificate) === publicKeyOf(key.content), path);
        pairs += 1;
      }
      for (const [path, { content: text }] of Object.entries(files)) {
        if (!isKubeconfig(path)) continue;
        const { certificate, key } = kubeconfigOf(text);
        assert.ok(publicKeyIn(certificate) === publicKeyOf(key), path);
      }
    }
    // 3 CAs and 7 leaves on the control plane, a serving certificate on each of three machines.
    assert.equal(pairs, 13);
    const { content: privateKey = "" } = controlPlane[`${pki}/sa.key`] ?? {};
    assert.ok(publicKeyOf(privateKey) === content(`${pki}/sa.pub`));
  });

  it("gives every kubeconfig the cluster's CA and the right server", () => {
    for (const [machine, files] of Object.entries(machines)) {
      for (const [path, { content: text }] of Object.entries(files)) {
        if (!isKubeconfig(path)) continue;
        const { ca, server, user, context, current } = kubeconfigOf(text);
        assert.equal(ca, content(`${pki}/ca.crt`), `${machine} ${path}`);
        assert.equal(server, "https://10.240.0.10:6443");
        assert.equal(context, `${user}@dev`);
        assert.equal(current, context);
      }
    }
  });

  it("has the same certificates and kubeconfigs as kubeadm makes", async () => {
    const { kubeadm } = await kubernetesPrograms();
    const configMap = Object.values(renderedObjects(project)).find(
      ({ metadata }) => metadata.name === "kubeadm-config",
    );
    const theirs = await kubeadmFiles(kubeadm, {
      name: "control-plane-0",
      advertiseAddress: "10.240.0.10",
      clusterConfiguration: configMap.data.ClusterConfiguration,
    });
    const ours = Object.fromEntries(
      Object.entries(controlPlane).filter(
        ([path]) =>
          path.startsWith("/etc/kubernetes/") &&
          !/^\/etc\/kubernetes\/(apiserver|manifests)\//.test(path),
      ),
    );
    assert.deepEqual(Object.keys(ours).sort(), Object.keys(theirs).sort());
    const asFiles = Object.fromEntries(
      Object.entries(theirs).map(([path, text]) => [path, { content: text }]),
    );
    const table = (files: Record<string, { content: string }>) =>
      Object.fromEntries(
        Object.entries(certificatesOf(files)).map(([path, pem]) => [
          path,
          comparable(describeCertificate(pem)),
        ]),
      );
    const superAdmin = "/etc/kubernetes/super-admin.conf";
    const kubeadms = table(asFiles);
    // For the first start alone, where kubeadm's lives as long as all others.
    assert.equal(kubeadms[superAdmin]?.hours, 8760);
    assert.deepEqual(table(ours), {
      ...kubeadms,
      [superAdmin]: { ...kubeadms[superAdmin], hours: 24 },
    });
    for (const [path, text] of Object.entries(theirs)) {
      if (!isKubeconfig(path)) continue;
      const [mine, other] = [kubeconfigOf(ours[path]?.content ?? ""), kubeconfigOf(text)];
      for (const field of ["server", "user", "context", "current"] as const) {
        assert.equal(mine[field], other[field], `${path} ${field}`);
      }
    }
    const keyKinds = (files: Record<string, { content: string }>) =>
      Object.fromEntries(
        Object.entries(files)
          .filter(([path]) => /\.(key|pub)$/.test(path))
          .map(([path, { content: text }]) => [path, /BEGIN (.*?)-----/.exec(text)?.[1]]),
      );
    assert.deepEqual(keyKinds(ours), keyKinds(asFiles));
  });

  it("says in its outputs what its files say", async () => {
    const outputs = await project.outputs();
    const { certificates } = outputs as {
      certificates: { ca: string; controlPlanes: Record<string, Record<string, string>> };
    };
    const end = (path: string) => describeCertificate(content(path)).notAfter.getTime();
    assert.equal(Date.parse(certificates.ca), end(`${pki}/ca.crt`));
    assert.equal(
      Date.parse(certificates.controlPlanes["control-plane-0"]?.apiserver ?? ""),
      end(`${pki}/apiserver.crt`),
    );
    assert.deepEqual(outputs.trust, {
      workers:
        "2 kubelets, certificates issued by this stack; verified by /etc/kubernetes/pki/ca.crt, dialled by InternalIP",
      burst:
        "1 kubelet, certificates requested from the cluster; verified by /etc/kubernetes/pki/ca.crt, dialled by InternalIP",
    });
  });

  it("renders one well-formed object a file", () => {
    const objects = renderedObjects(project);
    for (const [file, object] of Object.entries(objects)) {
      assert.ok(object.apiVersion && object.kind && object.metadata.name, file);
    }
    const kubelet = objects["v1-configmap-kube-system-kubelet-config-burst.yaml"];
    assert.equal(parse(kubelet.data.kubelet).serverTLSBootstrap, true);
  });
});

/** What must be the same: all but the time of making and the kind of key that a test asked for. */
function comparable({ notBefore, notAfter, ...rest }: Described) {
  // kubeadm backdates by five minutes, and lets a lifetime count from the true time.
  const hours = Math.round((notAfter.getTime() - notBefore.getTime()) / hour);
  return { ...rest, hours };
}
