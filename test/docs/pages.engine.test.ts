import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as path from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { issue } from "../../lab/x509/issue.ts";
import { pulumiEnvironment } from "../../toolchain/environment.mjs";
import { repository } from "../../toolchain/paths.mjs";
import { createProgress } from "../../toolchain/progress.mjs";
import { hostFilesSecretName, readHostFilesSecret } from "../../trust/contract.ts";
import { type Clone, makeClone } from "../bench/clone.ts";
import { writeExampleCluster } from "./example-cluster.ts";
import { assertShown, type Section, take, withoutComment } from "./pages.ts";
import { type Shell, shellIn, standIn } from "./shell.ts";

/** The commands of a section, without comments. */
const words = ({ commands }: Section) => commands.map(({ line }) => withoutComment(line).trim());

/** How one machine gets its files. */
const remote =
  "npm run --silent machine -- worker-0 | ssh root@10.240.0.11 tar --extract --same-permissions --directory /";

describe("the pages, acted out in a clone", function () {
  this.timeout("10m"); // the toolchain may have to be built first

  let clone: Clone;
  /** As somebody in the clone has it: npm scripts bring what they need along. */
  let shell: Shell;
  /** As somebody has it who has the CLI, and the clone's backend. */
  let pulumi: Shell;
  const settings = () => path.join(clone.folder, "Pulumi.dev.yaml");

  before(async () => {
    const { config } = parse(fs.readFileSync(path.join(repository, "Pulumi.dev.yaml"), "utf8"));
    const keys = Object.entries(config).map(([key, value]) => [key.split(":")[1], value]);
    clone = makeClone(Object.fromEntries(keys));
    // Where a machine is reached: what would run there runs here, below a folder instead of /.
    const bin = path.join(clone.folder, ".bin");
    standIn(
      bin,
      "ssh",
      'host=$1; shift; mkdir -p "$host"; eval "$(echo "$*" | sed "s, /\\$, $host,")"',
    );
    const cli = await pulumiEnvironment(createProgress());
    const PATH = `${bin}${path.delimiter}${cli.PATH}`;
    const own = { PULUMI_BACKEND_URL: undefined, PULUMI_CONFIG_PASSPHRASE: undefined };
    const confirmed = { PULUMI_SKIP_CONFIRMATIONS: "true" };
    shell = shellIn(clone.folder, { PATH, ...own, ...confirmed });
    pulumi = shellIn(clone.folder, {
      ...{ ...cli, PATH, ...confirmed, PULUMI_STACK: "dev" },
      PULUMI_BACKEND_URL: pathToFileURL(path.join(clone.folder, ".pulumi/state")).href,
      PULUMI_CONFIG_PASSPHRASE_FILE: path.join(clone.folder, ".pulumi/passphrase"),
    });
  });
  after(() => clone?.remove());

  it("getting started: provision, read the advice, break it", async () => {
    const provision = take("docs/getting-started.md", "Provision");
    // Other pages begin with it too.
    assert.deepEqual(words(take("README.md", "kubelet-trust")), words(provision));
    const [start] = await shell.runAll(provision);
    for (const shown of [
      ...provision.shown,
      ...take("docs/getting-started.md", "Read the advice").shown,
    ]) {
      assertShown(shown, start?.output ?? "");
    }

    const broken = take("docs/getting-started.md", "Break it");
    const text = fs.readFileSync(settings(), "utf8");
    fs.writeFileSync(settings(), text.replace("servingMode: bootstrap", "servingMode: selfSigned"));
    const { code, output } = await shell.run(broken.commands[0]?.line ?? "");
    assert.notEqual(code, 0);
    for (const shown of broken.shown) assertShown(shown, output);
    fs.writeFileSync(settings(), text);
    await shell.runAll(take("docs/getting-started.md", "Clean up"));
    assert.deepEqual(rendered(), []);
  });

  it("what contributors run, on sources that need no mending", async () => {
    const [tests, mended] = await shell.runAll(take("CONTRIBUTING.md", "Contributing"));
    assert.match(tests?.output ?? "", /^ +\d+ passing/m);
    assert.match(mended?.output ?? "", /No fixes applied/);
  });

  it("a CA that is there already, and a part of hardening off", async () => {
    const { certPem, keyPem } = await issue({
      subject: "CN=of a test",
      isCA: true,
      notAfter: new Date(Date.now() + 5 * 365 * 86_400_000),
    });
    fs.writeFileSync(path.join(clone.folder, "ca.crt"), certPem);
    fs.writeFileSync(path.join(clone.folder, "ca.key"), keyPem, { mode: 0o600 });
    await shell.runAll(take("docs/hardening.md", "Hardening"));
    const adopt = take("docs/how-to/adopt-a-ca.md", "Adopt an existing CA");
    const [certificate = "", key = "", ...rest] = words(adopt);
    assert.deepEqual(words(take("docs/configuration.md", "An existing CA")), [certificate, key]);
    // The same two commands renew certificates later.
    assert.deepEqual(words(take("docs/how-to/renew-certificates.md", "Renew certificates")), [
      ...rest,
      remote,
    ]);
    await shell.runAll(adopt);
    assert.match(fs.readFileSync(settings(), "utf8"), /eventRateLimit: "?false/);
    const flags = rendered().filter((file) => /eventratelimit|event-rate/i.test(file));
    assert.deepEqual(flags, []);
  });

  it("the files of machines, brought by a file, ssh, a folder and the state", async () => {
    const section = take("docs/components.md", "How they get to the machines");
    await shell.runAll(section);
    assert.equal(words(section)[1], remote);
    const at = (file: string) => path.join(clone.folder, file);
    assert.match(fs.readFileSync(at("worker-0.yaml"), "utf8"), /^#cloud-config/);
    assert.equal(JSON.parse(fs.readFileSync(at("worker-0.ign"), "utf8")).ignition.version, "3.4.0");
    const ca = "etc/kubernetes/pki/ca.crt";
    const brought = fs.readFileSync(at(`root@10.240.0.11/${ca}`), "utf8");
    assert.equal(brought, fs.readFileSync(at(`worker-0/${ca}`), "utf8"));
    assert.equal(brought, fs.readFileSync(at("ca.crt"), "utf8"));
  });

  it("from self-signed to bootstrap, each step as the page has it", async () => {
    const [request = "", preview = "", verify = ""] = words(
      take(
        "docs/how-to/self-signed-to-bootstrap.md",
        "Move from self-signed to bootstrap without an outage",
        "npm",
      ),
    );
    const text = fs.readFileSync(settings(), "utf8");
    const skip = "stance: skip\nkubelet-trust:skipReason: these kubelets sign their own";
    const configure = (servingMode: string, stance: string) =>
      fs.writeFileSync(
        settings(),
        text
          .replace("servingMode: bootstrap", `servingMode: ${servingMode}`)
          .replace("stance: verify", stance.replaceAll("\n", "\n  ")),
      );
    const step = async (line: string) => {
      const { code, output } = await shell.run(line);
      assert.equal(code, 0, `${line}\n${output}`);
    };
    const side = () => ({
      requests: /serverTLSBootstrap: true/.test(
        ofMachine("burst-0", "/var/lib/kubelet/config.yaml"),
      ),
      approved: rendered().some((file) => file.endsWith("kubelet-csr-approver.yaml")),
      verified: /--kubelet-certificate-authority=/.test(
        ofMachine("control-plane-0", "/etc/kubernetes/manifests/kube-apiserver.yaml"),
      ),
    });

    configure("selfSigned", skip);
    await step("npm start");
    assert.deepEqual(side(), { requests: false, approved: false, verified: false });
    configure("bootstrap", skip);
    await step(request);
    assert.deepEqual(side(), { requests: true, approved: true, verified: false });
    configure("bootstrap", "stance: verify");
    await step(preview);
    await step(verify);
    assert.deepEqual(side(), { requests: true, approved: true, verified: true });
  });

  it("a report of a preview, and the pack on an exported state", async () => {
    const reports = take("docs/report.md", "Reports");
    const ofFiles = reports.commands.at(-1);
    await shell.runAll({ ...reports, commands: reports.commands.slice(0, -1) });
    const read = (file: string) => fs.readFileSync(path.join(clone.folder, file), "utf8");
    assert.ok(read("report.md").length < 65_536);
    assert.match(read("report.md"), /approver-binds-addresses/);
    assert.match(read("report.html"), /<svg/);
    writeExampleCluster(clone.folder);
    const { code, output } = await shell.run(ofFiles?.line ?? "");
    assert.equal(code, 1, output);
    assert.match(read("report.html"), /✗ rejected/);

    const analysis = take("docs/policies/README.md", "Use", "state.json");
    const previewed = take("README.md", "Policies", "from here");
    const [, analysed] = await pulumi.runAll(analysis);
    const [preview] = await pulumi.runAll(previewed);
    for (const ran of [analysed, preview]) {
      assert.match(ran?.output ?? "", /approver-binds-addresses/);
    }
  });

  /** What a machine gets at a path. */
  function ofMachine(name: string, file: string): string {
    const secret = `v1-secret-kube-system-${hostFilesSecretName(name)}.yaml`;
    const rendered = path.join(clone.folder, "rendered/machines/1-manifest", secret);
    const host = readHostFilesSecret(parse(fs.readFileSync(rendered, "utf8")));
    assert.ok(typeof host === "object", `${host}`);
    const found = host.files.find((one) => one.path === file);
    assert.ok(found, `${name} gets no ${file}`);
    return found.content.toString();
  }

  /** What lies below `rendered`, by path. */
  function rendered(): string[] {
    const folder = path.join(clone.folder, "rendered");
    if (!fs.existsSync(folder)) return [];
    return fs
      .readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ name }) => name);
  }
});
