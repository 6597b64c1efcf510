/** Texts that are put together before a machine gets them: read as what the machine gets, in both doors. */
import assert from "node:assert/strict";
import { configMap, resource, unknownValue } from "../policies/fake.ts";
import { kubeletConfiguration } from "../policies/stacks/parts.ts";
import { flags, judged, open, rejectedByPack } from "./both-doors.ts";

const path = "/var/lib/kubelet/own.yaml";
const good = kubeletConfiguration("bootstrap");
const kubelet = `kubelet --config=${path} --kubeconfig=/etc/kubernetes/kubelet.conf`;
/** A script, a line an item: a here-document begins in one and ends in another. */
const lines = (text: string) => [`cat > ${path} <<'E'`, ...text.trim().split("\n"), "E", kubelet];

const shapes: Readonly<Record<string, (lines: readonly string[]) => object>> = {
  "a document of AWS Systems Manager": (runCommand) => ({
    schemaVersion: "2.2",
    mainSteps: [{ action: "aws:runShellScript", name: "x", inputs: { runCommand } }],
  }),
  "a provisioner of Terraform": (inline) => ({
    resource: { null_resource: { x: { provisioner: [{ "remote-exec": { inline } }] } } },
  }),
  "a job of GitLab": (script) => ({ deploy: { stage: "deploy", script } }),
  "a component of EC2 Image Builder": (commands) => ({
    phases: [{ steps: [{ action: "ExecuteBash", inputs: { commands } }] }],
  }),
  "user data of CloudFormation, joined by lines": (some) => ({
    Resources: {
      A: { UserData: { "Fn::Base64": { "Fn::Join": ["\n", ["#!/bin/sh", ...some]] } } },
    },
  }),
  "user data of CloudFormation, joined by nothing": (some) => ({
    Resources: {
      A: {
        UserData: {
          "Fn::Base64": {
            "Fn::Join": ["", ["#!/bin/sh\n", ...some.map((one) => `${one}\n`), { Ref: "X" }, "\n"]],
          },
        },
      },
    },
  }),
  "custom data of Azure": (some) => ({
    osProfile: {
      customData: `[base64(concat('#!/bin/sh\n', '${some.join("\n").replaceAll("'", "''")}', variables('x'), '\n'))]`,
    },
  }),
};

describe("a script that is put together", () => {
  for (const [name, shape] of Object.entries(shapes)) {
    it(`is read as one: ${name}`, () => {
      const said = (text: string) => {
        const json = JSON.stringify(shape(lines(text)));
        const { exitCode, stdout } = judged({ "other/x.json": json });
        return { pack: rejectedByPack(configMap("files", { "x.json": json })), exitCode, stdout };
      };
      const { pack, exitCode, stdout } = said(good);
      assert.deepEqual([pack, exitCode], ["", 0], stdout);
      const bad = said(open);
      assert.match(bad.pack, /gets in without a credential/);
      assert.doesNotMatch(bad.pack, /will not start/);
      assert.match(bad.stdout, /open to anyone/);
      assert.equal(bad.exitCode, 1);
    });
  }
});

describe("variables beside a command", () => {
  const provider = { type: "pulumi:providers:command", name: "p", urn: "urn:p", props: {} };
  const said = (create: string, environment: object) =>
    rejectedByPack(resource("command:remote:Command", "x", { create, environment }, { provider }));
  const write = `cat > ${path} <<'E'\n${good}E\n`;

  it("are set in it", () => {
    const more = "--kubeconfig=/etc/kubernetes/kubelet.conf --node-labels=a=b";
    for (const head of ["", "#!/bin/bash\n# starts a kubelet\n"]) {
      const create = `${head}${write}exec kubelet --config=${path} $MORE\n`;
      assert.equal(said(create, { MORE: more, OTHER: "x" }), "");
      const open = said(create, { MORE: `${more} ${flags}` });
      assert.match(open, /gets in without a credential|may do anything on it/);
      assert.match(open, new RegExp(`Command x:${create.split("\n").length - 1} \\(--auth`));
      assert.doesNotMatch(open, /will not start/);
    }
  });

  it("stay unknown where they are", () => {
    const pack = said(`${write}exec kubelet --config=${path} $MORE\n`, { MORE: unknownValue });
    assert.match(pack, /\$MORE/);
    assert.doesNotMatch(pack, /will not start/);
  });

  it("are read by themselves where the command does not use them", () => {
    assert.match(said("./start.sh", { KUBELET_EXTRA_ARGS: flags }), /may do anything on it/);
  });
});

describe("a file of flags", () => {
  it("may have several on a line", () => {
    const { exitCode, stdout } = judged({ "other/args/kubelet": `${flags} --v=2\n` });
    assert.equal(exitCode, 1);
    assert.match(stdout, /open to anyone: everything/);
    assert.doesNotMatch(stdout, /does not start/);
    assert.match(rejectedByPack(configMap("args", { kubelet: flags })), /without a credential/);
  });
});

describe("very many variables beside a very long command", () => {
  it("are looked for once", () => {
    const environment = Object.fromEntries(
      Array.from({ length: 20_000 }, (_, at) => [`A${at}`, "--v=2"]),
    );
    const text = JSON.stringify({ create: "kubelet $A1 ".repeat(40_000), environment });
    const before = process.cpuUsage();
    judged({ "other/x.json": text });
    const { user, system } = process.cpuUsage(before);
    assert.ok((user + system) / 1000 < 5000);
  });
});
