import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { take } from "../docs/pages.ts";
import { shellOf } from "../docs/shell.ts";
import {
  expectFailure,
  expectSuccess,
  makeProject,
  type Project,
  repository,
} from "../support/engine.ts";
import { machineFiles } from "./stack.ts";

const servingPath = "/var/lib/kubelet/pki/kubelet-serving.crt";

describe("examples/own-machines", function () {
  this.timeout("20m");
  let project: Project;

  before(async () => {
    project = await makeProject({
      program: join(repository, "examples", "own-machines"),
      stack: "dev",
      config: { subnet: "10.240.300" },
    });
  });
  after(() => project?.remove());

  it("fails on an address that will not do, in one text, before anything is made of it", async () => {
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

  it("shows at preview what needs no address, and deploys each machine with its own", async () => {
    project.configure({ subnet: "10.240.0" });
    // The page makes the stack, and so did this test. Its update shows a preview first, of which no address is known.
    const rm = ["stack", "rm", "--yes", "--force", "--preserve-config", "dev"];
    expectSuccess(await project.pulumi(rm));
    await shellOf(project).runAll(
      take("examples/own-machines/README.md", "A cluster on machines that the program makes"),
    );
    expectSuccess(await project.preview({ policyPacks: [join(repository, "policies")] }));
    const answer = await project.pulumi([
      ...["stack", "output", "--json", "--show-secrets", "--stack", "dev"],
    ]);
    const { addresses, userData } = JSON.parse(expectSuccess(answer).stdout);
    const machines = machineFiles(project);
    assert.deepEqual(Object.keys(machines).sort(), Object.keys(addresses).sort());
    for (const [name, address] of Object.entries<string>(addresses)) {
      const serving = new X509Certificate(machines[name]?.[servingPath]?.content ?? "");
      assert.equal(serving.checkIP(address), address, name);
      assert.equal(serving.subjectAltName, `DNS:${name}, IP Address:${address}`);
      assert.ok(userData[name].includes(`--node-ip=${address}`), name);
    }
  });
});
