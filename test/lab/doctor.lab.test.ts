import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parse } from "yaml";
import { selfSignedCertificatePath } from "../../lab/host/kept-certificates.ts";
import { hostPath } from "../../lab/host/machine.ts";
import { readState } from "../../lab/host/state.ts";
import { repository } from "../../toolchain/paths.mjs";
import { assertNoMore, type Told } from "../cli/doctor/less.ts";
import { assertShown, take } from "../docs/pages.ts";
import { shellIn, standInNpm } from "../docs/shell.ts";
import { type Fixture, verifyFlags, writeFixture } from "./fixture.ts";
import { needsLab } from "./requirements.ts";
import { labIn, remains, runLab } from "./run.ts";

/** kubeadm's ClusterConfiguration with flags of kube-apiserver; an empty value takes kubeadm's own away. */
function clusterConfiguration(flags: Readonly<Record<string, string>>): string {
  const extraArgs = Object.entries(flags).map(([name, value]) => ({ name, value }));
  return JSON.stringify({
    apiVersion: "kubeadm.k8s.io/v1beta4",
    kind: "ClusterConfiguration",
    kubernetesVersion: "v1.37.2",
    apiServer: { extraArgs },
  });
}

const machine = (name: string, last: number, servingMode: "bootstrap" | "selfSigned") =>
  ({ name, ip: `10.240.0.${last}`, role: "node", servingMode }) as const;
const controlPlane = {
  name: "cp",
  ip: "10.240.0.10",
  role: "control-plane",
  servingMode: "provisioned",
} as const;

/** Nobody verifies; one kubelet signs its own certificate, one waits for its request. */
const unverified: Fixture = {
  kubeletAccessFlags: verifyFlags.filter((flag) => !flag.includes("certificate-authority")),
  machines: [controlPlane, machine("boot", 11, "bootstrap"), machine("self", 12, "selfSigned")],
};
/** kube-apiserver has no client certificate. */
const anonymous: Fixture = {
  kubeletAccessFlags: verifyFlags.filter((flag) => flag.includes("preferred-address-types")),
  machines: [controlPlane, machine("self", 12, "selfSigned")],
};

/** What the doctor calls what it cannot see without a right of the page's ClusterRole. */
const unseenWithout: Readonly<Record<string, readonly string[]>> = {
  pods: ["Pods of kube-system"],
  configmaps: [
    "ConfigMap kube-system/extension-apiserver-authentication",
    "ConfigMap kube-system/kube-root-ca.crt",
    "ConfigMap kube-system/kubeadm-config",
    "ConfigMap kube-system/kubelet-config",
  ],
  certificatesigningrequests: ["CertificateSigningRequests"],
  clusterroles: ["ClusterRoles"],
  clusterrolebindings: ["ClusterRoleBindings"],
  deployments: ["deployments"],
};

/** The first block of YAML under a heading of a page. */
function yamlUnder(page: string, heading: string): string {
  const text = fs.readFileSync(path.join(repository, page), "utf8");
  const [, block] = /```yaml\n([\s\S]*?)```/.exec(text.slice(text.indexOf(heading))) ?? [];
  assert.ok(block, `${page} has no YAML under ${heading}`);
  return block;
}

describe("npm run lab -- doctor", function () {
  this.timeout(240_000);
  let folder: string;
  /** Where commands of the page are run. */
  let here: string;

  before(needsLab);

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "doctor-test-"));
    here = fs.mkdtempSync(path.join(os.tmpdir(), "doctor-page-"));
  });

  after(async () => {
    for (const name of fs.readdirSync(folder)) {
      const rendered = path.join(folder, name);
      await runLab(["down", rendered]);
      assert.deepEqual(remains(labIn(rendered)), []);
    }
    for (const one of [folder, here]) fs.rmSync(one, { recursive: true });
  });

  /** Boots a cluster, and gives it the ConfigMaps that kubeadm would have made. */
  async function boot(name: string, fixture: Fixture, flags: Readonly<Record<string, string>>) {
    const rendered = path.join(folder, name);
    await writeFixture(rendered, fixture);
    const { output } = await runLab(["up", rendered]);
    assert.match(output, /1\/\d nodes answer|2\/3 nodes answer|0\/2 nodes answer/);
    const env = { LAB_STACK: rendered };
    const run = async (...args: string[]) => {
      const answer = await runLab(args, env);
      assert.doesNotMatch(answer.output, /PRIVATE KEY/);
      return answer;
    };
    const made = await run(
      ...["kubectl", "create", "configmap", "kubeadm-config", "-n", "kube-system"],
      `--from-literal=ClusterConfiguration=${clusterConfiguration(flags)}`,
    );
    assert.equal(made.code, 0, made.output);
    return run;
  }

  /** A shell of this machine in the lab's network, with what the page calls the administrator's files. */
  function beside(rendered: string) {
    const machine = readState(labIn(rendered))?.machines[0];
    assert.ok(machine);
    for (const file of ["admin.conf", "pki/ca.crt"]) {
      const from = hostPath(machine, `/etc/kubernetes/${file}`);
      fs.copyFileSync(from, path.join(here, path.basename(file)));
    }
    const bin = path.join(here, "bin");
    standInNpm(bin);
    const env = {
      PATH: `${bin}${path.delimiter}${process.env.PATH}`,
      KUBECONFIG: path.join(here, "admin.conf"),
    };
    return shellIn(here, env, ["nsenter", "-t", String(machine.pid), "-n", "--"]);
  }

  const own = { "kubelet-preferred-address-types": "InternalIP,ExternalIP,Hostname" };

  it("names a skip that nobody meant, and a request that nobody approves; once approved, it works", async () => {
    const run = await boot("unverified", unverified, own);
    const configuration = {
      apiVersion: "kubelet.config.k8s.io/v1beta1",
      kind: "KubeletConfiguration",
      serverTLSBootstrap: true,
    };
    await run(
      ...["kubectl", "create", "configmap", "kubelet-config", "-n", "kube-system"],
      `--from-literal=kubelet=${JSON.stringify(configuration)}`,
    );
    const page = take("docs/doctor.md", "Asking a running cluster");
    const shell = beside(path.join(folder, "unverified"));
    const { code, output } = await shell.run(page.commands[0]?.line ?? "");
    assert.equal(code, 1, output);
    for (const text of page.shown) assertShown(text, output);
    assert.match(output, /^ {2}self with .*: silentlySkipped: it works, and nobody verifies it$/m);
    assert.match(output, /^ {2}boot with .*: fails: remote error: tls: internal error$/m);
    assert.match(output, /^ {2}self: signed by the kubelet itself, for the node's name$/m);
    const [, request = ""] =
      /^ {2}(csr-\S+) of boot, Pending since \S+: no approver of /m.exec(output) ?? [];
    assert.notEqual(request, "", output);

    const approved = await run("kubectl", "certificate", "approve", request);
    assert.equal(approved.code, 0, approved.output);
    let after = "";
    for (let tries = 0; tries < 30 && !/boot.*: issued by kubernetes/.test(after); tries++) {
      await sleep(1000);
      ({ output: after } = await run("doctor"));
    }
    assert.match(after, /^ {2}boot with .*: silentlySkipped: it works/m);
    // The lists are read before the ports: what was signed between them is seen by the next run.
    assert.doesNotMatch((await run("doctor")).output, /requests for serving certificates/);

    await shell.runAll(take("docs/doctor.md", "Collecting self-signed certificates"));
    const found = fs.readFileSync(path.join(here, "collected.yaml"), "utf8");
    const file = selfSignedCertificatePath(labIn(path.join(folder, "unverified")), "self");
    const certificate = new X509Certificate(fs.readFileSync(file));
    const [node] = parse(found).nodes;
    assert.equal(node.name, "self");
    assert.equal(node.selfSignedCertificate, certificate.toString());
    assert.ok(found.includes(`# ${certificate.fingerprint256}\n`), found);
  });

  it("sees with the page's rights all but configz, and says what it does not see with one less", async () => {
    const rendered = path.join(folder, "unverified");
    const env = { LAB_STACK: rendered };
    const kubectl = async (...args: string[]) => {
      const { code, output } = await runLab(["kubectl", ...args], env);
      // What a token command prints is no message.
      assert.equal(code, 0, args[1] === "token" ? "no token" : output);
      return output;
    };
    const role = parse(yamlUnder("docs/doctor.md", "## Rights"));
    const grant = async (change: (resource: string) => boolean) => {
      const rules = role.rules.map((rule: { resources: string[] }) => ({
        ...rule,
        resources: rule.resources.filter(change),
      }));
      const file = path.join(here, "role.json");
      const given = rules.filter(({ resources }: { resources: string[] }) => resources.length > 0);
      fs.writeFileSync(file, JSON.stringify({ ...role, rules: given }));
      await kubectl("apply", "-f", file);
    };
    await grant(() => true);
    await kubectl("create", "serviceaccount", "doctor");
    const { name } = role.metadata;
    await kubectl(
      ...["create", "clusterrolebinding", name, `--clusterrole=${name}`],
      "--serviceaccount=default:doctor",
    );
    const shell = beside(rendered);
    const admin = parse(fs.readFileSync(path.join(here, "admin.conf"), "utf8"));
    const [user] = admin.users;
    user.user = { token: (await kubectl("create", "token", "doctor")).trim() };
    fs.writeFileSync(path.join(here, "viewer.conf"), JSON.stringify(admin), { mode: 0o600 });
    const ask = async (options: string): Promise<Told> => {
      const { stdout, stderr } = await shell.run(`npm run -s doctor -- --json ${options} || true`);
      assert.match(stdout, /^\{/, stderr);
      return JSON.parse(stdout);
    };
    const untilUnseen = async (wanted: readonly string[]): Promise<Told> => {
      for (let tries = 0; ; tries++) {
        const told = await ask("--kubeconfig viewer.conf");
        const what = told.notSeen.map((one) => one.what).sort();
        // RBAC takes a moment to reach the authorizer.
        if (tries === 10 || what.join() === wanted.join()) {
          assert.deepEqual(what, wanted);
          return told;
        }
        await sleep(500);
      }
    };
    const whole = await ask("");
    assert.deepEqual(whole.notSeen, []);
    const configz = "configz of boot, cp, self";
    assertNoMore(await untilUnseen([configz]), whole);
    for (const [resource, unseen] of Object.entries(unseenWithout)) {
      await grant((one) => one !== resource);
      assertNoMore(await untilUnseen([...unseen, configz].sort()), whole);
    }
    await grant(() => true);
  });

  it("says of a kubelet that stands still that it hangs, with and without the right to call it", async () => {
    const rendered = path.join(folder, "unverified");
    const shell = beside(rendered);
    const kubelet = readState(labIn(rendered))?.processes.find(
      ({ machine, program }) => machine === "self" && program === "kubelet",
    );
    assert.ok(kubelet);
    process.kill(kubelet.pid, "SIGSTOP");
    try {
      for (const kubeconfig of ["admin.conf", "viewer.conf"]) {
        const { code, stdout } = await shell.run(
          `npm run -s doctor -- --json --kubeconfig ${kubeconfig}`,
        );
        assert.equal(code, 1);
        const { pairs } = JSON.parse(stdout);
        const { requests } = pairs.find(({ node }: { node: string }) => node === "self");
        assert.equal(requests.logs.cause, "hangs");
        assert.match(requests.logs.symptom, /no answer within 11 s|TLS handshake timeout/);
      }
    } finally {
      process.kill(kubelet.pid, "SIGCONT");
    }
  });

  it("names a kube-apiserver without a client certificate as the cause of a 401", async () => {
    const none = { "kubelet-client-certificate": "", "kubelet-client-key": "" };
    const run = await boot("anonymous", anonymous, { ...own, ...none });
    const { code, output } = await run("doctor");
    assert.equal(code, 1, output);
    assert.match(output, /^ {2}cp, self: 401 Unauthorized$/m);
    assert.match(output, /client side: fails\n/);
    assert.match(
      output,
      /kube-apiserver presents no client certificate: --kubelet-client-certificate and --kubelet-client-key must both be set\./,
    );
  });
});
