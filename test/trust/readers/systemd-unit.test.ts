import assert from "node:assert/strict";
import { readSystemdUnit, type SystemdUnitOptions } from "../../../trust/readers/systemd-unit.ts";

const source = { where: "kubelet.service" };

function words(text: string, options?: SystemdUnitOptions): string[] | undefined {
  const [line] = readSystemdUnit(text, source, options).commandLines;
  return line?.words.map((word) => (word.kind === "text" ? word.text : `<${word.missing}>`));
}

describe("readSystemdUnit", () => {
  it("joins continued lines and passes over comments between them", () => {
    assert.deepEqual(
      words("[Service]\nExecStart=/usr/bin/kubelet \\\n  --a=1 \\\n# why\n  --b=2\n"),
      ["--a=1", "--b=2"],
    );
  });

  it("reads ExecStart of [Service] alone", () => {
    assert.equal(words("[Unit]\nExecStart=/usr/bin/kubelet\n"), undefined);
  });

  it("fills in Environment: a bare variable splits into words, one in braces does not", () => {
    const unit = `[Service]\nEnvironment="A=--x --y" B=z\nExecStart=kubelet $A --b=\${B} "$A"`;
    assert.deepEqual(words(unit), ["--x", "--y", "--b=z", "$A"]);
  });

  it("lets an empty ExecStart reset the ones before, as kubeadm's drop-in does", () => {
    assert.deepEqual(
      words("[Service]\nExecStart=/usr/bin/kubelet --old\n", {
        dropIns: [{ text: "[Service]\nExecStart=\nExecStart=/usr/bin/kubelet --new\n", source }],
      }),
      ["--new"],
    );
  });

  it("takes an unset variable for empty, and for unknown where an EnvironmentFile may set it", () => {
    const unit = (file: string) => `[Service]\n${file}ExecStart=kubelet --a $KUBELET_EXTRA_ARGS`;
    assert.deepEqual(words(unit("")), ["--a"]);
    assert.deepEqual(words(unit("EnvironmentFile=-/etc/default/kubelet\n")), [
      "--a",
      "<the value of $KUBELET_EXTRA_ARGS, set by an EnvironmentFile>",
    ]);
    assert.deepEqual(
      words(unit("EnvironmentFile=-/etc/default/kubelet\n"), {
        environmentFiles: { "/etc/default/kubelet": 'KUBELET_EXTRA_ARGS="--b --c"\n' },
      }),
      ["--a", "--b", "--c"],
    );
  });

  it("keeps specifiers as placeholders", () => {
    const [line] = readSystemdUnit(
      "[Service]\nExecStart=-/usr/bin/kubelet --hostname-override=%H",
      source,
    ).commandLines;
    const [word] = line?.words ?? [];
    assert.equal(word?.kind === "text" && word.placeholder, "%H");
  });
});
