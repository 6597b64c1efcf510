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
  async function refused(
    changes: Record<string, unknown>,
    messages: readonly RegExp[],
  ): Promise<void> {
    project.configure({ ...defaultConfiguration(), ...withNamespace(changes) });
    await upIsRefused(messages);
  }

  async function upIsRefused(messages: readonly RegExp[]): Promise<void> {
    const result = await project.up();
    for (const message of messages) expectFailure(result, message);
    const text = result.stdout + result.stderr;
    assert.doesNotMatch(text, /\n\s+at .*:\d+:\d+|node:internal|\.ts:\d+/, "no stack trace");
    assert.equal(result.leaksPrivateKey, false);
    const { resources } = await project.exportState();
    const made = resources.filter(({ type }) => type !== "pulumi:pulumi:Stack");
    assert.deepEqual(made, [], "nothing is made");
    assert.deepEqual(renderedObjects(project), {}, "nothing is rendered");
  }

  /** Settings, and what is said of each: all mistakes are told at once. */
  const cases: [what: string, changes: Record<string, unknown>, messages: readonly RegExp[]][] = [
    [
      "names and addresses",
      workers(
        worker("a", "10.0.0.1"),
        worker("a", "10.0.0.2"),
        worker("A-0", "10.0.0.3"),
        worker("n".repeat(64), "10.0.0.4"),
        worker("b", "10.0.0"),
        worker("c"),
      ),
      [
        /nodePools\[0\]\.nodes\[1\]\.name: "a" is the name of nodePools\[0\]\.nodes\[0\] too\. Give each/,
        /"A-0" is no node name\. Write a-0\./,
        /"n{64}" has 64 characters, .* holds 63\. Shorten the name\./,
        /"10\.0\.0" is no IP address\. Write/,
        /c has no InternalIP, .* Add its IP address\./,
      ],
    ],
    [
      "values that there are not",
      { keyAlgorithm: "DSA", validityHours: 0, kubernetesVersion: "1.37", servingmode: "x" },
      [
        /keyAlgorithm: "DSA" is none of .* Use one/,
        /validityHours: 0 is no lifetime\. Give a whole/,
        /"1\.37" is no Kubernetes version\. Write/,
        /kubelet-trust:servingmode: there is no such key/,
      ],
    ],
    [
      "values beyond their bounds",
      { validityHours: -5, kubernetesVersion: "1.33.9" },
      [/validityHours: -5 is no lifetime\. Give a whole/, /1\.33\.9 is older than 1\.34\.0.* Use/],
    ],
    [
      "settings that do not go together",
      {
        validityHours: 99_999,
        nodePools: [
          { name: "s", servingMode: "selfSigned", nodes: [worker("s-0", "10.0.0.1")] },
          { name: "w", nodes: [], kubeletConfiguration: { serverTLSBootstrap: true } },
        ],
      },
      [
        /validityHours: 99999 is longer than the CA's 87600 .* Give at most 87600/,
        /selfSigned does not go together with stance verify: .* Either use .* or keep/,
        /kubeletConfiguration\.serverTLSBootstrap: true contradicts serving mode provisioned/,
      ],
    ],
    [
      "a folder that cannot be written, and a skip without a reason",
      { renderTo: "Pulumi.yaml/rendered", stance: "skip" },
      [
        /renderTo: "Pulumi\.yaml\/rendered" cannot be written.*set renderTo to another folder/,
        /skipReason: stance skip .* Say why in skipReason/,
      ],
    ],
    [
      "a kubeconfig that does not exist, and a CA's key in plain text",
      { kubeconfig: "no-such-file", caCertificate: "c", caPrivateKey: "k" },
      [
        /kubeconfig: "no-such-file" cannot be read \(ENOENT\)\. Give the path/,
        /caPrivateKey: .* pulumi config set --secret/,
      ],
    ],
  ];

  for (const [what, changes, messages] of cases) {
    it(`is refused: ${what}`, () => refused(changes, messages));
  }

  it("is refused: a kubeconfig that does not parse", async () => {
    writeFileSync(join(project.folder, "broken"), "clusters: [");
    await refused({ kubeconfig: "broken" }, [/kubeconfig: "broken" is no kubeconfig/]);
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
      await upIsRefused([message]);
    };
    const leafKey = leaf.privateKeyPem;
    await handIn(leaf.certPem, leafKey, /\(CN=leaf\): this certificate is no CA that may sign/);
    await handIn(ca.certPem, other.privateKeyPem, /the private key does not match .*CN=ca/);
  });

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
