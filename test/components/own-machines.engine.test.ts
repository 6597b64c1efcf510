import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { type Command, type Section, take } from "../docs/pages.ts";
import { shellOf } from "../docs/shell.ts";
import { violationsIn } from "../policies/preview.ts";
import {
  expectFailure,
  expectSuccess,
  makeProject,
  type Project,
  repository,
} from "../support/engine.ts";
import { acceptedMachines, machineFiles } from "./stack.ts";

const page = take(
  "docs/how-to/machines-of-the-same-program.md",
  "Make the machines in the same program",
);
const packs = [join(repository, "policies")];
const servingPath = "/var/lib/kubelet/pki/kubelet-serving.crt";

describe("examples/own-machines", function () {
  this.timeout("20m");
  let project: Project;

  before(async () => {
    project = await makeProject({
      program: join(repository, "examples", "own-machines"),
      stack: "dev",
      config: { subnet: "10.240.0" },
    });
    symlinkSync(repository, join(project.folder, "..", "kubelet-trust"));
  });
  after(() => project?.remove());

  /** Runs some commands of a page, and returns what they printed. */
  const run = async (section: Section, ...commands: (Command | undefined)[]) => {
    const given = commands.filter((command) => command !== undefined);
    assert.equal(given.length, commands.length, section.page);
    const ran = await shellOf(project).runAll({ ...section, commands: given });
    return ran.map(({ stdout }) => stdout).join("\n");
  };

  it("passes the policies at its first preview, which say what waits for addresses", async () => {
    const said = violationsIn({ stdout: await run(page, page.commands[0]) });
    assert.deepEqual(
      said.map(({ level, policy }) => `${level} ${policy}`),
      ["advisory kubelet-serving-trust"],
    );
    assert.match(said[0]?.text ?? "", /3 resources, e\.g\. Secret .*known at the update/);
  });

  it("fails on an address that will not do, in one text, before anything is made of it", async () => {
    project.configure({ subnet: "10.240.300" });
    const { stdout, stderr, leaksPrivateKey } = expectFailure(
      await project.up(),
      /controlPlanes\[0\]\.addresses\[0\]: "10\.240\.300\.1\d" is no IP address\. Write an IPv4 or IPv6/,
    );
    const said = `${stdout}${stderr}`;
    assert.match(said, /nodePools\[0\]\.nodes\[1\]\.addresses\[0\]: "10\.240\.300\.3\d" is no IP/);
    assert.doesNotMatch(said, /\n\s+at /, "a stack trace");
    assert.ok(!leaksPrivateKey);
    const { resources } = await project.exportState();
    const requests = resources.filter(({ type }) => type.endsWith(":CertRequest"));
    assert.ok(!requests.some(({ urn }) => urn.endsWith("/kubelet-serving")));
    assert.ok(!resources.some(({ type }) => type.endsWith(":Secret")));
  });

  it("deploys each machine with its own, and passes the policies once all is known", async () => {
    project.configure({ subnet: "10.240.0" });
    // The page makes the stack, and so did this test.
    const rm = ["stack", "rm", "--yes", "--force", "--preserve-config", "dev"];
    expectSuccess(await project.pulumi(rm));
    const readme = take(
      "examples/own-machines/README.md",
      "A cluster on machines that the program makes",
    );
    await run(readme, readme.commands[0]);
    const stdout = await run(page, page.commands[1]);
    const updating = stdout.indexOf("Updating (dev)");
    assert.match(stdout.slice(0, updating), /known at the update/);
    assert.deepEqual(violationsIn({ stdout: stdout.slice(updating) }), []);
    await run(readme, readme.commands[1]);
    const answer = await project.pulumi([
      ...["stack", "output", "--json", "--show-secrets", "--stack", "dev"],
    ]);
    const { addresses, userData } = JSON.parse(expectSuccess(answer).stdout);
    const machines = machineFiles(project);
    assert.deepEqual(Object.keys(machines).sort(), Object.keys(addresses).sort());
    assert.deepEqual(acceptedMachines(project), Object.keys(addresses).sort());
    for (const [name, address] of Object.entries<string>(addresses)) {
      const serving = new X509Certificate(machines[name]?.[servingPath]?.content ?? "");
      assert.equal(serving.checkIP(address), address, name);
      assert.equal(serving.subjectAltName, `DNS:${name}, IP Address:${address}`);
      assert.ok(userData[name].includes(`--node-ip=${address}`), name);
    }
  });

  it("passes the policies when an address changes, known beforehand or not", async () => {
    const { resources } = await project.exportState();
    const drawn = resources.find(({ urn }) => urn.endsWith("PrivateKey::worker-0"))?.urn ?? "";
    const replaced = expectSuccess(
      await project.preview({ policyPacks: packs, args: ["--replace", drawn] }),
    );
    const said = violationsIn(replaced);
    assert.deepEqual(
      said.map(({ level, policy }) => `${level} ${policy}`),
      ["advisory kubelet-serving-trust"],
    );
    assert.match(said[0]?.text ?? "", /^Secret kube-system\/host-files-worker-0: .*at the update/);
    project.configure({ subnet: "10.241.0" });
    const known = expectSuccess(await project.preview({ policyPacks: packs }));
    assert.deepEqual(violationsIn(known), []);
  });
});
