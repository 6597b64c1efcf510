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

  it("fills in Environment: a variable that is a word of its own splits, quoted or not; one in braces does not", () => {
    const unit = `[Service]\nEnvironment="A=--x --y" B=z\nExecStart=kubelet $A --b=\${B} "$A"`;
    assert.deepEqual(words(unit), ["--x", "--y", "--b=z", "--x", "--y"]);
  });

  it("lets an empty ExecStart reset the ones before, as kubeadm's drop-in does", () => {
    assert.deepEqual(
      words("[Service]\nExecStart=/usr/bin/kubelet --old\n", {
        dropIns: [{ text: "[Service]\nExecStart=\nExecStart=/usr/bin/kubelet --new\n", source }],
      }),
      ["--new"],
    );
  });

  it("reads quotes and escapes as systemd does", () => {
    const unit = (start: string) => `[Service]\nEnvironment="A=--x='a b'" B=1\nExecStart=${start}`;
    assert.deepEqual(words(unit("kubelet --a='b c' \"d\\x41\" e\\sf \\d")), [
      "--a=b c",
      "dA",
      "e f",
      "\\d",
    ]);
    assert.deepEqual(words(unit("kubelet $A")), ["--x=a b"]);
    assert.deepEqual(words(unit("kubelet --c=$B --d=$$B")), ["--c=$B", "--d=$B"]);
    assert.deepEqual(words(unit(":kubelet $B")), ["$B"]);
    assert.deepEqual(words(unit("@/usr/bin/kubelet kubelet --a")), ["--a"]);
    assert.deepEqual(words(unit("/bin/true ; kubelet --a")), ["--a"]);
  });

  it("lets environment files override Environment=, wherever they stand, in the order they stand", () => {
    const unit = (a: string, b: string) => `[Service]\n${a}\n${b}\nExecStart=kubelet --a $X`;
    const own = "Environment=X=--own";
    const environmentFiles = { "/f": "# c\nX='--file' \n", "/g": "X=--other\\\n-end\n" };
    assert.deepEqual(words(unit("EnvironmentFile=/f", own), { environmentFiles }), [
      "--a",
      "--file",
    ]);
    assert.deepEqual(
      words(unit("EnvironmentFile=/f\nEnvironmentFile=-/g", own), { environmentFiles }),
      ["--a", "--other-end"],
    );
  });

  it("takes an unset variable for empty, for unknown where a file that must exist may set it", () => {
    const unit = (file: string) => `[Service]\n${file}ExecStart=kubelet --a $KUBELET_EXTRA_ARGS`;
    assert.deepEqual(words(unit("")), ["--a"]);
    assert.deepEqual(words(unit("EnvironmentFile=/etc/default/kubelet\n")), [
      "--a",
      "<the value of $KUBELET_EXTRA_ARGS, which the EnvironmentFile /etc/default/kubelet may set>",
    ]);
    assert.deepEqual(words(unit("EnvironmentFile=-/etc/default/kubelet\n")), ["--a"]);
    assert.deepEqual(
      readSystemdUnit(unit("EnvironmentFile=-/etc/default/kubelet\n"), source).absentFiles,
      ["/etc/default/kubelet"],
    );
    assert.deepEqual(
      words(unit("EnvironmentFile=-/etc/default/kubelet\n"), {
        environmentFiles: { "/etc/default/kubelet": 'KUBELET_EXTRA_ARGS="--b --c"\n' },
      }),
      ["--a", "--b", "--c"],
    );
  });

  it("takes what only an optional file that is not kubeadm's could set for unknown", () => {
    const file = "EnvironmentFile=-/etc/node/env\n";
    const unit = (more = "") => `[Service]\n${file}${more}ExecStart=kubelet --a $ARGS`;
    const unset = "<the value of $ARGS, which the EnvironmentFile /etc/node/env may set>";
    assert.deepEqual(words(unit()), ["--a", unset]);
    assert.deepEqual(words(unit("Environment=ARGS=--b\n")), ["--a", "--b"]);
    assert.deepEqual(words(unit(), { isWhole: true }), ["--a"]);
    assert.deepEqual(words(`[Service]\n${file}ExecStart=kubelet --a`), ["--a"]);
    const kubeadm = ["/var/lib/kubelet/kubeadm-flags.env", "/etc/sysconfig/kubelet"];
    const lines = kubeadm.map((path) => `EnvironmentFile=-${path}\n`).join("");
    const read = readSystemdUnit(`[Service]\n${lines}ExecStart=kubelet $ARGS`, source);
    assert.deepEqual(read.absentFiles, kubeadm);
    assert.deepEqual(read.unknownFiles, []);
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
