import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { main } from "../../cli/main.ts";
import { issue } from "../../lab/x509/issue.ts";
import { writeExampleCluster } from "../docs/example-cluster.ts";
import { assertShown, take } from "../docs/pages.ts";
import { clusterAuthority, masterClient } from "../support/certificates.ts";
import { type Files, folderForEach, writeFiles } from "../support/folders.ts";
import { pemOf } from "../support/pem.ts";

const program = fileURLToPath(new URL("../../cli/kubelet-trust.ts", import.meta.url));

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
  const folder = folderForEach();

  const put = (files: Files) => writeFiles(folder, files);

  /** Runs the command in the folder, in this process. */
  function run(...argv: string[]) {
    const before = process.cwd();
    process.chdir(folder);
    try {
      const { exitCode: status, stdout, stderr } = main(argv);
      return { status, stdout, stderr };
    } finally {
      process.chdir(before);
    }
  }

  const bothKubeadm = ["--kubelet", "kubeadm.yaml", "--apiserver", "kubeadm.yaml"];
  const bothFiles = ["--kubelet", "kubelet.yaml", "--apiserver", "pod.yaml"];

  it("prints what its page shows", () => {
    writeExampleCluster(folder);
    for (const { commands, shown } of [
      take("docs/judge.md", "Judging plain files"),
      take("docs/judge.md", "One side alone"),
    ]) {
      const [, words = ""] = /^npm run judge -- (.+)$/.exec(commands[0]?.line ?? "") ?? [];
      const { status, stdout } = run(...words.split(" "));
      assert.equal(status, 1);
      assert.equal(shown.length, 1);
      assertShown(shown[0] ?? "", stdout);
    }
  });

  it("rejects kubeadm as it comes, and accepts it once the skip is said", () => {
    put({ "kubeadm.yaml": kubeadmDefaults });
    const plain = run(...bothKubeadm);
    assert.equal(plain.status, 1, plain.stderr);
    assert.match(plain.stdout, /^Kubernetes 1\.37\.2: rejected\n\nserving side: silentlySkipped\n/);
    assert.match(plain.stdout, /remedy: Set serverTLSBootstrap: true/);
    const said = run(...bothKubeadm, "--skip-reason", "a lab on one machine");
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
    put({
      "pod.yaml": apiServerPod(
        [],
        "{kubelet-trust/kubelet-serving-verification: skip, kubelet-trust/reason: todo}",
      ),
    });
    const thin = run(...bothFiles, "--rbac", "rbac.yaml");
    assert.match(thin.stdout, /silentlySkipped/);
    assert.match(thin.stdout, /"todo" is no reason: one has at least 2 different words/);
  });

  it("reads certificates by their path on the host, by base name and under a root", async () => {
    const ca = await clusterAuthority();
    const leaf = await issue({
      subject: "CN=system:node:node-1, O=system:nodes",
      issuer: ca,
      ipAddresses: ["10.0.0.11"],
      usages: ["serverAuth"],
    });
    const client = await masterClient(ca);
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
    assert.match(stdout, /at kubelet\.service:2 \(ExecStart\)/);
  });

  it("answers bad input with one line and exit code 2", () => {
    put({
      "kubelet.yaml": kubeletConfiguration(""),
      "pod.yaml": apiServerPod([]),
      "noise.txt": "hello",
    });
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /no file is given; name the files, or the folder/],
      [["--kublet", "x"], /Unknown option '--kublet'/],
      [["--kubelet", "nowhere", "--apiserver", "pod.yaml"], /nowhere does not exist/],
      [["--kubelet", "noise.txt", "--apiserver", "pod.yaml"], /noise\.txt holds nothing that is/],
      [["nowhere"], /nowhere does not exist/],
      [["--kubelet", "pod.yaml", "--apiserver", "pod.yaml"], /--kubelet: no kubelet found/],
      [["--kubelet", "kubelet.yaml", "--apiserver", "kubelet.yaml"], /no kube-apiserver found/],
      [[...bothFiles, "--skip-reason", "123"], /--skip-reason: "123" is no reason/],
      [
        [...bothFiles, "--skip-reason", "todo"],
        /--skip-reason: "todo" is no reason: .*2 different words/,
      ],
      [[...bothFiles, "--signer", "noise.txt"], /--signer: noise\.txt holds no certificate/],
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

  const unit = (name: string) =>
    `[Service]\nExecStart=/usr/bin/kubelet \\\n  --config=/var/lib/kubelet/config.yaml \\\n  --kubeconfig=/etc/kubernetes/kubelet.conf \\\n  --hostname-override=${name}\n`;
  const verifyingPod = apiServerPod(["--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt"]);

  it("recognises a folder, judges each node, one line a pair and equal lines once", () => {
    put({
      "c/pod.yaml": verifyingPod,
      "c/n0/kubelet.service": unit("n0"),
      "c/n0/config.yaml": kubeletConfiguration(""),
      "c/n1/kubelet.service": unit("n1"),
      "c/n1/config.yaml": kubeletConfiguration("serverTLSBootstrap: true\n"),
      "c/notes.txt": "hello",
    });
    const { status, stdout } = run("c", "--csr", "issued");
    assert.equal(status, 1);
    const [head, , ...lines] = stdout.split("\n");
    assert.equal(head, "Kubernetes 1.37.2: rejected, 1 of 2 pairs");
    assert.match(lines[0] ?? "", /^ {2}n0 \(c\/n0\/kubelet\.service\) with .*: fails: .*IP SANs$/);
    assert.match(
      lines[1] ?? "",
      /^ {2}n1 \(c\/n1\/kubelet\.service\) with .*: accepted, verified$/,
    );
    assert.match(stdout, /^ {2}everything: works$/m);
    assert.match(stdout, /^ {2}metrics, stats, pods, healthz, configz, proxy: 503 /m);
    assert.doesNotMatch(stdout, /notes\.txt/);
  });

  it("reads a folder as a host, with its own paths", async () => {
    const ca = await clusterAuthority();
    const client = await masterClient(ca);
    put({
      "hosts/cp/etc/kubernetes/manifests/kube-apiserver.yaml": verifyingPod,
      "hosts/cp/etc/kubernetes/pki/ca.crt": ca.certPem,
      "hosts/cp/etc/kubernetes/pki/apiserver-kubelet-client.crt": client.certPem,
      "hosts/cp/etc/kubernetes/pki/apiserver-kubelet-client.key": client.keyPem,
      "hosts/n0/etc/systemd/system/kubelet.service": unit("n0"),
      "hosts/n0/etc/kubernetes/pki/ca.crt": ca.certPem,
      "hosts/n0/etc/kubernetes/kubelet.conf": "apiVersion: v1\nkind: Config\n",
      "hosts/n0/var/lib/kubelet/config.yaml": kubeletConfiguration("serverTLSBootstrap: true\n"),
    });
    const { stdout } = run("hosts", "--csr", "issued", "--json");
    const json = JSON.parse(stdout);
    assert.equal(json.pairs.length, 1, stdout);
    assert.equal(json.serving.verdict, "verified");
    assert.equal(json.client.logs.verdict, "verified");
    assert.ok(!json.assumptions.join().includes("apiserver-kubelet-client"), stdout);
  });

  it("tells every reason that keeps a kubelet from starting, each with its own line", () => {
    put({
      "kubelet.service": unit("n0").replace(
        "--hostname",
        "--network-plugin=cni \\\n  --allow-privileged \\\n  --hostname",
      ),
      "config.yaml": kubeletConfiguration(""),
      "pod.yaml": apiServerPod([]),
    });
    const { stdout } = run("kubelet.service", "config.yaml", "pod.yaml");
    assert.match(stdout, /unknown flag: --network-plugin"\n {2}at kubelet\.service:5/);
    assert.match(stdout, /unknown flag: --allow-privileged"\n {2}at kubelet\.service:6/);
    assert.match(stdout, /once that is mended:\nserving side: silentlySkipped/);
  });

  it("says what a caller, a signer, an approver or RBAC needs where it is given alone", () => {
    const alone = (text: string) => {
      put({ "alone.yaml": text });
      const { status, stdout } = run("alone.yaml");
      assert.equal(status, 1);
      assert.match(stdout, /^undecidable, one side is not given/);
      return stdout;
    };
    const pod = (name: string, image: string, command = "") =>
      `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}, namespace: kube-system}\nspec: {serviceAccountName: ${name}, containers: [{name: a, image: "${image}"${command}}]}\n`;
    const metricsServer = "registry.k8s.io/metrics-server/metrics-server:v0.8.0";
    assert.match(
      alone(pod("ms", metricsServer)),
      /serving certificate that a CA in \/var\/run\/secrets\/\S+ signed.*\n.*InternalIP.*\n.*lets kube-system\/ms get nodes\/metrics/,
    );
    assert.match(
      alone(pod("ms", metricsServer, ", args: [--kubelet-insecure-tls]")),
      /verifies no kubelet \(--kubelet-insecure-tls\)/,
    );
    const manager = (flags: string) =>
      alone(pod("m", "kube-controller-manager:v1.37.2", `, command: [${flags}]`));
    const signing =
      "kube-controller-manager, --cluster-signing-cert-file=/a.crt, --cluster-signing-key-file=/a.key";
    assert.match(manager(signing), /with \/a\.crt: --kubelet-certificate/);
    assert.match(manager("kube-controller-manager"), /signs no kubelet serving certificate/);
    assert.match(
      alone(pod("approver", "ghcr.io/postfinance/kubelet-csr-approver:v1.2.9")),
      /Kubelets need serverTLSBootstrap: true/,
    );
    const binding = (subject: string) =>
      `apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding\nmetadata: {name: b}\nroleRef: {kind: ClusterRole, name: system:kubelet-api-admin}\nsubjects: [{${subject}}]\n`;
    assert.match(alone(binding("kind: User, name: somebody")), /needs user somebody \(CN\)/);
    assert.match(
      alone(binding("kind: ServiceAccount, name: a, namespace: b")),
      /lets no user and no group/,
    );
  });

  it("says of one side what it needs of the other", () => {
    put({ "kubelet.yaml": kubeletConfiguration(""), "pod.yaml": verifyingPod });
    const kubelet = run("kubelet.yaml");
    assert.equal(kubelet.status, 1);
    assert.match(kubelet.stdout, /^undecidable, one side is not given/);
    assert.match(
      kubelet.stdout,
      /kube-apiserver needs --kubelet-certificate-authority with this kubelet\.crt/,
    );
    const apiserver = run("pod.yaml");
    assert.equal(apiserver.status, 1);
    assert.match(apiserver.stdout, /Each kubelet needs a serving certificate that a CA in/);
    assert.match(apiserver.stdout, /Each kubelet's authentication\.x509\.clientCAFile needs/);
  });

  it("reads what people export and paste", () => {
    const base64 = (text: string) => Buffer.from(text).toString("base64");
    const configuration = JSON.stringify({
      authentication: { x509: { clientCAFile: "/etc/kubernetes/pki/ca.crt" } },
      serverTLSBootstrap: true,
    });
    put({
      "pod.yaml": verifyingPod,
      "list.yaml": `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: files}\n  data: {config.yaml: ${base64(kubeletConfiguration("serverTLSBootstrap: true"))}}\n`,
      "configz.json": `{"kubeletconfig":${configuration}}`,
      cmdline:
        "/usr/bin/kubelet\0--kubeconfig=/k\0--rotate-server-certificates=true\0--client-ca-file=/etc/kubernetes/pki/ca.crt\0--authorization-mode=Webhook\0--anonymous-auth=false\0",
    });
    for (const file of ["list.yaml", "configz.json", "cmdline"]) {
      const { stdout } = run(file, "pod.yaml", "--csr", "issued", "--json");
      assert.equal(JSON.parse(stdout).serving?.verdict, "verified", `${file}: ${stdout}`);
    }
  });

  it("shows no text of a Secret, no key, and nothing that a terminal obeys", () => {
    const key = pemOf("EC PRIVATE KEY", "MHcCAQEE");
    put({
      "unit.yaml": `apiVersion: v1\nkind: Secret\nmetadata: {name: files}\nstringData:\n  kubelet.service: |\n${unit("n0").replaceAll(/^/gm, "    ")}\n  config.yaml: |\n    password: hunter2\n    serverTLSBootstrap: true\n`,
      "evil.service": unit("n\u001b[2J\u202e0").replace(
        "--kubeconfig",
        `--feature-gates=\u200bX=true --kubeconfig`,
      ),
      "config.yaml": `password: hunter2\nkey: |\n${key.replaceAll(/^/gm, "  ")}`,
      "pod.yaml": apiServerPod([]),
    });
    for (const files of [
      ["unit.yaml"],
      ["evil.service", "config.yaml"],
      ["evil.service", "/var/lib/kubelet/config.yaml=config.yaml"],
    ]) {
      for (const more of [[], ["--json"]]) {
        const { stdout } = run(...files, "pod.yaml", ...more);
        assert.doesNotMatch(stdout, /hunter2|MHcCAQEE/, files.join(" "));
        assert.ok(!/[\p{Cf}]/u.test(stdout) && !stdout.includes("\u001b"), stdout);
      }
    }
  });

  it("explains itself, as a process", () => {
    const { status, stdout } = spawnSync(process.execPath, [program, "judge", "--help"], {
      encoding: "utf8",
    });
    assert.equal(status, 0);
    assert.match(stdout, /^usage: kubelet-trust judge/);
    const failed = spawnSync(process.execPath, [program, "judge", "nowhere"], { encoding: "utf8" });
    assert.equal(failed.status, 2);
    assert.equal(failed.stderr, "judge: file: nowhere does not exist\n");
  });
});
