import assert from "node:assert/strict";
import {
  type CommandLine,
  readArguments,
  readShell,
  type Word,
} from "../../../trust/readers/command-line.ts";

const source = { where: "test" };

function texts(line: CommandLine | undefined): string[] {
  return (line?.words ?? []).map((word: Word) =>
    word.kind === "text" ? word.text : `<${word.missing}>`,
  );
}

function shell(text: string, environment?: Record<string, string>): string[][] {
  return readShell(text, source, environment).commandLines.map((line) => [
    line.program,
    ...texts(line),
  ]);
}

describe("readArguments", () => {
  it("finds a program by the last part of its path", () => {
    const [line] = readArguments(["/usr/local/bin/kubelet", "--v=2"], source).commandLines;
    assert.equal(line?.program, "kubelet");
    assert.deepEqual(texts(line), ["--v=2"]);
  });

  it("looks behind wrappers, hyperkube and sh -c", () => {
    for (const argv of [
      ["/go-runner", "--log-file=/x", "kube-apiserver", "--a=b"],
      ["env", "A=1", "kube-apiserver", "--a=b"],
      ["hyperkube", "apiserver", "--a=b"],
      ["/bin/sh", "-ec", "exec kube-apiserver --a=b"],
      ["bash", "-c", "sleep 1; kube-apiserver \\\n  --a=b"],
    ]) {
      const [line] = readArguments(argv, source).commandLines;
      assert.equal(line?.program, "kube-apiserver", argv.join(" "));
      assert.deepEqual(texts(line), ["--a=b"]);
    }
  });

  it("takes no other program's argument for the program", () => {
    for (const argv of [["cp", "kubelet", "/usr/bin"], ["systemctl", "restart", "kubelet"], []]) {
      assert.deepEqual(readArguments(argv, source).commandLines, []);
    }
  });

  it("notices placeholders", () => {
    const [line] = readArguments(
      ["kubelet", "--node-ip=$(IP)", "--x={{ .X }}"],
      source,
    ).commandLines;
    assert.deepEqual(
      line?.words.map((word) => word.kind === "text" && word.placeholder),
      ["$(IP)", "{{ .X }}"],
    );
  });
});

describe("readShell", () => {
  it("joins continued lines, takes quotes off and leaves comments out", () => {
    assert.deepEqual(
      shell(`# start\nkubelet --a="x y" \\\n  --b='$HOME' # the end\n  \nkubelet --c\\ d`),
      [
        ["kubelet", "--a=x y", "--b=$HOME"],
        ["kubelet", "--c d"],
      ],
    );
  });

  it("follows variables that the script sets and splits them where a shell does", () => {
    assert.deepEqual(
      shell(`ARGS="--a --b"\nexport IP=10.0.0.1\nkubelet $ARGS "--q=$ARGS" --ip=\${IP}`),
      [["kubelet", "--a", "--b", "--q=--a --b", "--ip=10.0.0.1"]],
    );
  });

  it("keeps an unset variable as any number of unknown words", () => {
    assert.deepEqual(shell("kubelet --a $EXTRA --ip=$(hostname -i)"), [
      ["kubelet", "--a", "<the value of $EXTRA>", "--ip=$(hostname -i)"],
    ]);
  });

  it("says the line of each word", () => {
    const [line] = readShell("\n\nkubelet \\\n --a", source).commandLines;
    assert.equal(line?.source.line, 3);
    assert.equal(line?.words[0]?.source?.line, 4);
  });
});
