import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import type { Programs } from "../../toolchain/kubernetes/programs.ts";
import { expectSuccess, type Project } from "../support/engine.ts";
import { inFolder } from "../support/folders.ts";
import { kubernetesPrograms } from "./kubeadm.ts";
import { type MachineFile, machineFiles, ownProject, renderedWith } from "./stack.ts";

type Files = Record<string, MachineFile>;

/**
 * Runs a program in a root folder that holds a machine's rendered files and nothing else, with no network, until it
 * says what is expected or exits.
 */
function runOn(files: Files, program: string, argv: readonly string[], until: RegExp) {
  return inFolder(async (root) => {
    for (const [path, { content, mode }] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content, { mode: Number.parseInt(mode, 8) });
    }
    for (const folder of ["proc", "sys", "dev", "tmp", "run", "var/log", "etc"]) {
      mkdirSync(join(root, folder), { recursive: true });
    }
    copyFileSync(program, join(root, "program"));
    chmodSync(join(root, "program"), 0o755);
    const script =
      'mount -t proc proc "$0/proc" && mount --bind /sys "$0/sys" && mount --bind /dev "$0/dev" && ' +
      'ip link set lo up && root="$0" && exec chroot "$root" /program "$@"';
    const child = spawn(
      "unshare",
      [
        "--mount",
        "--net",
        "--uts",
        "--pid",
        "--fork",
        "--kill-child",
        "sh",
        "-c",
        script,
        root,
        ...argv,
      ],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    return await outputOf(child, until);
  });
}

/** What a process prints until it says something, or exits; it is dead afterwards. */
function outputOf(child: ChildProcess, until: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
    const take = (chunk: string) => {
      text += chunk;
      if (until.test(text)) child.kill("SIGKILL");
    };
    child.stdout?.setEncoding("utf8").on("data", take);
    child.stderr?.setEncoding("utf8").on("data", take);
    child.on("error", reject);
    child.on("close", () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}

/** What concerns the machine that the test runs on, as a drop-in: it may have control groups v1, and swap. */
const dropIn: Files = {
  "/etc/kubelet.d/machine.conf": {
    mode: "0644",
    owner: "root:root",
    content:
      "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nfailCgroupV1: false\nfailSwapOn: false\n",
  },
};

function runKubelet(files: Files, kubelet: string): Promise<string> {
  const argv = [...kubeletArguments(files), "--config-dir=/etc/kubelet.d"];
  return runOn({ ...files, ...dropIn }, kubelet, argv, pastConfiguration);
}

/** The words of the unit's ExecStart, without the program. */
function kubeletArguments(files: Files): string[] {
  const unit = files["/etc/systemd/system/kubelet.service"]?.content ?? "";
  const [, line] = /^ExecStart=\/usr\/bin\/kubelet (.*)$/m.exec(unit) ?? [];
  assert.ok(line, "the unit starts a kubelet");
  return line.split(" ");
}

/** Where the kubelet stands once flags, configuration, kubeconfig and certificates are behind it. */
const pastConfiguration = /validate CRI v1 runtime API for endpoint/;
const refusal =
  /failed to (parse|load|validate) kubelet|unknown flag|strict decoding error|invalid configuration/;

describe("Kubernetes 1.37.2, given what the default stack rendered", function () {
  this.timeout("20m");
  let project: Project;
  let programs: Programs;
  let machines: Record<string, Files>;

  before(async function () {
    if (process.platform !== "linux" || process.getuid?.() !== 0) {
      if (process.env.CI === "true") throw new Error("needs Linux and root");
      console.warn("    skipped: needs Linux and root, for namespaces and chroot");
      this.skip();
    }
    programs = await kubernetesPrograms();
    project = await ownProject({
      "kubelet-trust:nodePools": [
        { name: "p", nodes: [{ name: "p-0", addresses: ["10.240.0.11"] }] },
        {
          name: "b",
          servingMode: "bootstrap",
          nodes: [{ name: "b-0", addresses: ["10.240.0.21"] }],
        },
      ],
    });
    expectSuccess(await project.up());
    machines = machineFiles(project);
  });
  after(() => project?.remove());

  it("has private keys, and the key of encryption at rest, for machines alone", () => {
    const encryption = machines["control-plane-0"]?.["/etc/kubernetes/apiserver/encryption.yaml"];
    const secret = /secret: (\S+)/.exec(encryption?.content ?? "")?.[1];
    assert.equal(encryption?.mode, "0600");
    assert.equal(Buffer.from(secret ?? "", "base64").length, 32);
    for (const text of ["PRIVATE KEY", secret ?? ""]) {
      assert.deepEqual(renderedWith(project, "cluster", text), []);
      assert.ok(renderedWith(project, "machines", text).length > 0, "nothing is found where it is");
    }
  });

  for (const name of ["control-plane-0", "p-0", "b-0"]) {
    it(`the kubelet of ${name} gets past its configuration`, async () => {
      const text = await runKubelet(machines[name] ?? {}, programs.kubelet);
      assert.match(text, pastConfiguration);
      assert.doesNotMatch(text, refusal);
    });
  }

  it("a kubelet does not get past a broken configuration, so the test above can fail", async () => {
    const files = machines["p-0"] ?? {};
    const path = "/var/lib/kubelet/config.yaml";
    const file = files[path];
    assert.ok(file);
    const broken = {
      ...file,
      content: file.content.replace("readOnlyPort: 0", "readOnlyPort: none"),
    };
    const text = await runKubelet({ ...files, [path]: broken }, programs.kubelet);
    assert.match(text, refusal);
    assert.doesNotMatch(text, pastConfiguration);
  });

  it("a kubelet does not get past a missing client CA, so it has read the one that is there", async () => {
    const { "/etc/kubernetes/pki/ca.crt": _, ...files } = machines["p-0"] ?? {};
    const text = await runKubelet(files, programs.kubelet);
    assert.match(text, /unable to load client CA file|ca\.crt: no such file/);
    assert.doesNotMatch(text, pastConfiguration);
  });

  it("kube-apiserver takes its flags and files, and waits for etcd", async () => {
    const files = machines["control-plane-0"] ?? {};
    const manifest = files["/etc/kubernetes/manifests/kube-apiserver.yaml"]?.content ?? "";
    const [, ...argv] = parse(manifest).spec.containers[0].command as string[];
    const waits = /127\.0\.0\.1:2379.*connection refused/;
    const text = await runOn(files, programs["kube-apiserver"], argv, waits);
    assert.match(text, waits);
    const wrong = [...argv, "--kubelet-https=true"];
    assert.match(
      await runOn(files, programs["kube-apiserver"], wrong, waits),
      /unknown flag: --kubelet-https/,
    );
  });

  for (const [component, program] of [
    ["kube-controller-manager", "kube-controller-manager"],
    ["kube-scheduler", "kube-scheduler"],
  ] as const) {
    it(`${component} takes its flags and files, and calls kube-apiserver`, async () => {
      const files = machines["control-plane-0"] ?? {};
      const manifest = files[`/etc/kubernetes/manifests/${component}.yaml`]?.content ?? "";
      const [, ...argv] = parse(manifest).spec.containers[0].command as string[];
      const calls = /10\.240\.0\.10:6443.*(unreachable|refused|timeout)/;
      assert.match(await runOn(files, programs[program], argv, calls), calls);
    });
  }
});
