import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expectFailure, expectSuccess, type Project } from "../support/engine.ts";
import { selfSigned } from "./openssl.ts";
import { defaultConfiguration, ownProject, renderedObjects } from "./stack.ts";

const worker = (name: string, ...addresses: string[]) => ({ name, addresses });
const workers = (...nodes: object[]) => ({ nodePools: [{ name: "workers", nodes }] });
const caExtensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign"];

describe("bad input to the project's program", function () {
  this.timeout("20m");
  let project: Project;

  before(async () => {
    project = await ownProject();
  });
  after(() => project?.remove());

  /** Runs `up` with a changed configuration and expects one clear paragraph and nothing else. */
  async function refused(changes: Record<string, unknown>, message: RegExp): Promise<void> {
    project.configure({ ...defaultConfiguration(), ...withNamespace(changes) });
    await upIsRefused(message);
  }

  async function upIsRefused(message: RegExp): Promise<void> {
    const result = expectFailure(await project.up(), message);
    const text = result.stdout + result.stderr;
    assert.doesNotMatch(text, /\n\s+at .*:\d+:\d+|node:internal|\.ts:\d+/, "no stack trace");
    assert.equal(result.leaksPrivateKey, false);
    const { resources } = await project.exportState();
    const made = resources.filter(({ type }) => type !== "pulumi:pulumi:Stack");
    assert.deepEqual(made, [], "nothing is made");
    assert.deepEqual(renderedObjects(project), {}, "nothing is rendered");
  }

  const cases: [what: string, changes: Record<string, unknown>, message: RegExp][] = [
    [
      "a duplicate node name",
      workers(worker("a", "10.0.0.1"), worker("a", "10.0.0.2")),
      /nodePools\[0\]\.nodes\[1\]\.name: "a" is the name of nodePools\[0\]\.nodes\[0\] too\. Give each/,
    ],
    [
      "an upper-case name",
      workers(worker("A-0", "10.0.0.1")),
      /"A-0" is no node name\. Write a-0\./,
    ],
    [
      "an over-long name",
      workers(worker("n".repeat(64), "10.0.0.1")),
      /"n{64}" has 64 characters, .* holds 63\. Shorten the name\./,
    ],
    [
      "an address that is no IP",
      workers(worker("a", "10.0.0")),
      /"10\.0\.0" is no IP address\. Write/,
    ],
    ["a node without an IP", workers(worker("a")), /a has no InternalIP, .* Add its IP address\./],
    [
      "an unknown key algorithm",
      { keyAlgorithm: "DSA" },
      /keyAlgorithm: "DSA" is none of .* Use one/,
    ],
    ["a validity of zero", { validityHours: 0 }, /validityHours: 0 is no lifetime\. Give a whole/],
    [
      "a negative validity",
      { validityHours: -5 },
      /validityHours: -5 is no lifetime\. Give a whole/,
    ],
    [
      "a validity longer than the CA's",
      { validityHours: 99_999 },
      /validityHours: 99999 is longer than the CA's 87600 .* Give at most 87600/,
    ],
    [
      "a malformed version",
      { kubernetesVersion: "1.37" },
      /"1\.37" is no Kubernetes version\. Write/,
    ],
    [
      "a version before 1.34",
      { kubernetesVersion: "1.33.9" },
      /1\.33\.9 is older than 1\.34\.0.* Use/,
    ],
    ["an unknown key", { servingmode: "x" }, /kubelet-trust:servingmode: there is no such key/],
    [
      "a skip without a reason",
      { stance: "skip" },
      /skipReason: stance skip .* Say why in skipReason/,
    ],
    [
      "self-signing kubelets that nobody trusts",
      { nodePools: [{ name: "s", servingMode: "selfSigned", nodes: [worker("s-0", "10.0.0.1")] }] },
      /selfSigned does not go together with stance verify: .* Either use .* or keep/,
    ],
    [
      "a field that contradicts the serving mode",
      {
        nodePools: [{ name: "w", nodes: [], kubeletConfiguration: { serverTLSBootstrap: true } }],
      },
      /kubeletConfiguration\.serverTLSBootstrap: true contradicts serving mode provisioned/,
    ],
    [
      "a folder that cannot be written",
      { renderTo: "Pulumi.yaml/rendered" },
      /renderTo: "Pulumi\.yaml\/rendered" cannot be written.*set renderTo to another folder/,
    ],
    [
      "a kubeconfig that does not exist",
      { kubeconfig: "no-such-file" },
      /kubeconfig: "no-such-file" cannot be read \(ENOENT\)\. Give the path/,
    ],
  ];

  for (const [what, changes, message] of cases) {
    it(`is refused: ${what}`, () => refused(changes, message));
  }

  it("is refused: a kubeconfig that does not parse", async () => {
    writeFileSync(join(project.folder, "broken"), "clusters: [");
    await refused({ kubeconfig: "broken" }, /kubeconfig: "broken" is no kubeconfig/);
  });

  it("is refused: a CA that is none, and a key that is another's, neither shown", async () => {
    const leaf = selfSigned({ subject: "/CN=leaf", extensions: ["basicConstraints=CA:FALSE"] });
    const ca = selfSigned({ subject: "/CN=ca", days: 400, extensions: caExtensions });
    const other = selfSigned({ subject: "/CN=other", days: 400, extensions: caExtensions });
    const handIn = async (certPem: string, key: string, message: RegExp) => {
      project.configure(defaultConfiguration());
      for (const [name, value, ...flags] of [
        ["caCertificate", certPem],
        ["caPrivateKey", key, "--secret"],
      ]) {
        // The newline keeps the CLI from taking the dashes of a PEM for a flag.
        const args = ["config", "set", "--stack", "dev", ...flags, name ?? "", `\n${value}`];
        expectSuccess(await project.pulumi(args));
      }
      await upIsRefused(message);
    };
    const leafKey = leaf.privateKeyPem;
    await handIn(leaf.certPem, leafKey, /\(CN=leaf\): this certificate is no CA that may sign/);
    await handIn(ca.certPem, other.privateKeyPem, /the private key does not match .*CN=ca/);
  });

  it("is refused: a CA's key in plain text", () =>
    refused(
      { caCertificate: "c", caPrivateKey: "k" },
      /caPrivateKey: .* pulumi config set --secret/,
    ));

  it("does not keep the next, good configuration from working", async () => {
    project.configure(defaultConfiguration());
    expectSuccess(await project.up());
    expectSuccess(await project.destroy());
  });
});

function withNamespace(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [`kubelet-trust:${key}`, value]),
  );
}
