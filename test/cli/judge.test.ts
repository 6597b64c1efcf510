import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { issue } from "../support/issue.ts";

const program = fileURLToPath(new URL("../../cli/judge.ts", import.meta.url));

const apiServerPod = (flags: readonly string[], annotations = "{}") => `
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, annotations: ${annotations}}
spec:
  containers:
  - image: registry.k8s.io/kube-apiserver:v1.37.2
    command:
    - kube-apiserver
    - --authorization-mode=Node,RBAC
    - --kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt
    - --kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key
    - --kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname
${flags.map((flag) => `    - ${flag}\n`).join("")}`;

const kubeletConfiguration = (fields: string) => `
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}}
${fields}`;

const binding = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: kubelets}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:kubelet-api-admin"}
subjects: [{kind: User, name: kube-apiserver-kubelet-client}]
`;

const kubeadmDefaults = `
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: v1.37.2
---
${kubeletConfiguration("")}`;

describe("npm run judge", function () {
  this.timeout(60_000);
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "kubelet-trust-judge-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function put(files: Readonly<Record<string, string>>): void {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
  }

  function run(...argv: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...argv], {
      cwd: folder,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  }

  const bothKubeadm = ["--kubelet", "kubeadm.yaml", "--apiserver", "kubeadm.yaml"];
  const bothFiles = ["--kubelet", "kubelet.yaml", "--apiserver", "pod.yaml"];

  it("rejects kubeadm as it comes, and accepts it once the skip is said", () => {
    put({ "kubeadm.yaml": kubeadmDefaults });
    const plain = run(...bothKubeadm);
    assert.equal(plain.status, 1, plain.stderr);
    assert.match(plain.stdout, /^Kubernetes 1\.37\.2: rejected\n\nserving side: silentlySkipped\n/);
    assert.match(plain.stdout, /remedy: Set serverTLSBootstrap: true/);
    const said = run(...bothKubeadm, "--skip-reason", "a lab");
    assert.equal(said.status, 0, said.stdout);
  });

  it("accepts kubelets that request certificates from an apiserver that verifies", () => {
    put({
      "kubelet.yaml": kubeletConfiguration("serverTLSBootstrap: true\n"),
      "pod.yaml": apiServerPod(["--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt"]),
      "rbac.yaml": binding,
    });
    const sides = [...bothFiles, "--rbac", "rbac.yaml"];
    const issued = run(...sides, "--csr", "issued");
    assert.equal(issued.status, 0, issued.stdout);
    assert.match(issued.stdout, /assumed\n/);
    const pending = run(...sides, "--csr", "pending");
    assert.equal(pending.status, 1);
    assert.match(pending.stdout, /remote error: tls: internal error/);
    const nobodyKnows = run(...sides);
    assert.equal(nobodyKnows.status, 1);
    assert.match(nobodyKnows.stdout, /serving side: undecidable\n.*--csr issued/);
  });

  it("takes the annotations of the apiserver's pod for a skip that is meant", () => {
    put({
      "kubelet.yaml": kubeletConfiguration(""),
      "pod.yaml": apiServerPod(
        [],
        '{kubelet-trust/kubelet-serving-verification: skip, kubelet-trust/reason: "air-gapped"}',
      ),
      "rbac.yaml": binding,
    });
    const { status, stdout } = run(...bothFiles, "--rbac", "rbac.yaml");
    assert.equal(status, 0, stdout);
    assert.match(stdout, /air-gapped/);
  });

  it("reads certificates by their path on the host, by base name and under a root", async () => {
    const ca = await issue({ subject: "CN=kubernetes", isCA: true });
    const leaf = await issue({
      subject: "CN=system:node:node-1, O=system:nodes",
      issuer: ca,
      ipAddresses: ["10.0.0.11"],
      usages: ["serverAuth"],
    });
    const client = await issue({
      subject: "CN=kube-apiserver-kubelet-client, O=system:masters",
      issuer: ca,
      usages: ["clientAuth"],
    });
    put({
      "kubelet.yaml": kubeletConfiguration(
        "tlsCertFile: /pki/serving.crt\ntlsPrivateKeyFile: /pki/serving.key\n",
      ),
      "pod.yaml": apiServerPod(["--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt"]),
      "node.crt": leaf.certPem,
      "serving.key": leaf.keyPem,
      "ca.crt": ca.certPem,
      "host/etc/kubernetes/pki/ca.crt": ca.certPem,
      "host/etc/kubernetes/pki/apiserver-kubelet-client.crt": client.certPem,
      "host/etc/kubernetes/pki/apiserver-kubelet-client.key": client.keyPem,
    });
    const { status, stdout, stderr } = run(
      ...["--kubelet", "kubelet.yaml", "/pki/serving.crt=node.crt", "serving.key", "ca.crt"],
      ...["--apiserver", "pod.yaml", "--apiserver-root", "host"],
      ...["--node-name", "node-1", "--node-address", "InternalIP=10.0.0.11"],
      ...["--at", "2026-11-24T08:00:00Z", "--json"],
    );
    assert.equal(status, 0, stdout + stderr);
    const json = JSON.parse(stdout);
    assert.equal(json.schema, "kubelet-trust/verdict/v1");
    assert.equal(json.serving.verdict, "verified");
    assert.equal(json.client.logs.verdict, "verified");
    assert.ok(!stdout.includes("PRIVATE KEY"));
  });

  it("names the line of the flag that keeps a kubelet from starting", () => {
    put({
      "kubelet.service":
        "[Service]\nEnvironment=A=--network-plugin=cni\nExecStart=/usr/bin/kubelet \\\n  --config=/c.yaml $A\n",
      "kubelet.yaml": kubeletConfiguration(""),
      "pod.yaml": apiServerPod([]),
    });
    const { status, stdout } = run("--kubelet", "kubelet.service", ...bothFiles.slice(1));
    assert.equal(status, 1);
    assert.match(stdout, /unknown flag: --network-plugin/);
    assert.match(stdout, /at kubelet\.service:3 \(ExecStart\)/);
  });

  it("answers bad input with one line and exit code 2", () => {
    put({
      "kubelet.yaml": kubeletConfiguration(""),
      "pod.yaml": apiServerPod([]),
      "noise.txt": "hello",
    });
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /--kubelet: no file is given/],
      [["--kubelet", "kubelet.yaml"], /--apiserver: no file is given/],
      [["--kublet", "x"], /Unknown option '--kublet'/],
      [["--kubelet", "nowhere", "--apiserver", "pod.yaml"], /nowhere does not exist/],
      [["--kubelet", "noise.txt", "--apiserver", "pod.yaml"], /noise\.txt is no KubeletConf/],
      [["--kubelet", "kubelet.yaml", "--apiserver", "kubelet.yaml"], /no kube-apiserver found/],
      [["--kubelet", "kubelet.yaml", ...bothFiles.slice(1)], /two KubeletConfigurations/],
      [[...bothFiles, "--csr", "x"], /--csr: "x" is no state/],
      [[...bothFiles, "--at", "x"], /--at: "x" is no time/],
      [[...bothFiles, "--kubernetes-version", "newest"], /--kubernetes-version: "newest"/],
      [[...bothFiles, "--node-address", "IP=1"], /--node-address/],
      [[...bothFiles, "--apiserver-root", "no"], /no is no folder/],
    ];
    for (const [argv, expected] of cases) {
      const { status, stderr, stdout } = run(...argv);
      assert.equal(status, 2, `${argv.join(" ")}\n${stderr}`);
      assert.equal(stdout, "");
      assert.match(stderr, expected);
      assert.equal(stderr.trim().split("\n").length, 1, stderr);
    }
  });

  it("explains itself", () => {
    const { status, stdout } = run("--help");
    assert.equal(status, 0);
    assert.match(stdout, /^usage: npm run judge/);
  });
});
