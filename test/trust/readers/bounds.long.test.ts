import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";
import { pemBlocks } from "../../../trust/certificates/pem.ts";
import { readingDocument } from "../../../trust/readers/reading-document.ts";
import { goodResources } from "../../both-doors/both-doors.ts";
import { configMap, violationsOf } from "../../policies/fake.ts";
import { piecesOf, say } from "../../support/pieces.ts";

const megabyte = 1024 * 1024;

function filled(piece: string, head = "", size = megabyte): string {
  return (head + piece.repeat(Math.ceil(size / piece.length))).slice(0, size);
}

const script = "#!/bin/sh\n";
const many = (count: number, item: (index: number) => [string, string]) =>
  JSON.stringify({
    kind: "ConfigMap",
    data: Object.fromEntries(Array.from({ length: count }, (_, index) => item(index))),
  });

/** Texts of 1 MB that something was once slow for. */
const texts: Record<string, string> = {
  "PEM that only begins": filled("-----BEGIN CERTIFICATE-----\n"),
  "PEM that begins often and ends once": `${filled("-----BEGIN A-----\nMIIB\n")}\n-----END A-----\n`,
  "PEM that ends as something else": `${filled("-----BEGIN A-----\n")}\n-----END B-----\n`,
  "PEM of headers": `${filled("-----BEGIN A:B-----\n")}\n!\n-----END A:B-----\n`,
  "small certificates": filled("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
  "a list of YAML": `kubelet: [${filled("a, ")}]`,
  "documents of YAML": filled("kind: KubeletConfiguration\n---\n"),
  brackets: filled('{"kubelet":'),
  colons: filled("kubelet: : "),
  quotes: filled('"', "kubelet: "),
  "empty quotes": filled("'' ", "kubelet:\n- "),
  tags: filled("!a ", "kubelet: "),
  anchors: filled("&a ", "kubelet: "),
  "brackets that close": filled("] ", "kubelet: "),
  templates: `kubelet: 1\n${filled("{{ a }}")}`,
  aliases: `kubelet: &a [${filled("*a,")}]`,
  "substitutions that do not end": filled("$(", `${script}kubelet `),
  backticks: filled("`a", `${script}kubelet `),
  "kubelets in one script": filled("kubelet x\n", script),
  "kubelets in a list of lines": JSON.stringify({
    runCommand: { inline: Array.from({ length: 80_000 }, () => "kubelet x") },
  }),
  "kubelets in texts of their own": many(40_000, (i) => [`s${i}`, `#!/bin/sh\nkubelet x`]),
  "programs in one line": filled("kubelet --x ", `${script}mystery `),
  "functions in each other": filled("f(){ ", script),
  "here-documents": filled("cat >> /f <<E\nkubelet\nE\n", script),
  "variables of a unit": filled("$A ", "[Service]\nExecStart=kubelet "),
  "backslashes of a unit": filled("\\", "[Service]\nExecStart=kubelet "),
  "an environment file": filled('A="kubelet\n'),
  NUL: filled("kubelet\0"),
  "parts of MIME": filled(
    "--B\n\nkubelet --a\n",
    'Content-Type: multipart/mixed; boundary="B"\n\n',
  ),
  "paths of a program that is not known": filled("/etc/kubernetes/a ", `${script}mystery `),
  "files that are copied": filled("cp /tmp/a /etc/kubernetes/b\n", script),
  "files that are downloaded": filled("curl -o /etc/x x\n", `${script}kubelet --config=/etc/y\n`),
  "variables that are exported": filled("export KUBELET_ARGS=--a\n", script),
  "manifests of kubectl": filled("kubectl apply -f https://x\n", script),
  "bindings of kubectl": filled("kubectl create clusterrolebinding a --user=u\n", script),
  "merges of YAML": filled("- {a: 1, <<: {a: 2}}\n", "kubelet:\n"),
  "numbers of YAML": filled("- 0x1_0\n", "kubelet:\n"),
  "optional environment files": filled(
    "EnvironmentFile=-/etc/a\n",
    "[Service]\nExecStart=kubelet $A\n",
  ),
  "kubeadm's commands": filled("kubeadm join --config=/a\n", script),
  "units and drop-ins": many(15_000, (i) => [
    `k${i}.${i % 2 === 0 ? "service" : "conf"}`,
    "[Service]\nExecStart=kubelet",
  ]),
  "the commands of a script": filled("cp a b\n", script),
  "commands in a pipe": filled("|a", `${script}a`),
  "sourced files": filled(". /a\n", script),
  "a list that grows": filled("A+=(a b)\n", script),
  "escapes of a word": filled("\\a", `${script}kubelet `),
  "quotes of a word": filled("$'\\x41'", `${script}kubelet `),
  "shells in shells": filled("sh -c 'sh -c kubelet'\n", script),
  "starts of a unit": filled("ExecStart=/usr/bin/kubelet\n", "[Service]\n"),
  "a long variable of a unit": `[Service]\nEnvironment="A=${filled("x ", "", megabyte / 2)}"\nExecStart=kubelet ${"$A ".repeat(1000)}`,
  "a long word of a unit": `[Service]\nEnvironment="A=${filled("x", "", megabyte / 2)}"\nExecStart=kubelet ${"$".concat("{A}").repeat(1000)}`,
  "one word of kubelets": filled("kubelet"),
  "one word of variables": filled("KUBELET_"),
  "one word of names": filled("kube_kubelet"),
  "empty lines": `${filled("\n")}kubelet --anonymous-auth`,
  "blanks behind a name": filled(" ", "apiServer:\n"),
  "environment files": many(15_000, (i) => [`k${i}`, "KUBELET_EXTRA_ARGS=--a"]),
};

/** A quarter of a megabyte as people write it. */
const ordinary = filled(
  "kind: Deployment\nspec:\n  template:\n    spec:\n      containers: [{ name: a, image: b }]\n---\n",
  "",
  megabyte / 4,
);

/** Milliseconds of processor time. */
function cost(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

describe("bounds of readers", function () {
  this.timeout(60_000);
  // Of the machine that the budget was made for 2 s; a slower one, or one with other work, is slower at all texts.
  let budget = 0;

  before(() => {
    const [, middle = 0] = [1, 2, 3]
      .map(() => cost(() => parseAllDocuments(ordinary)))
      .sort((a, b) => a - b);
    budget = Math.max(2000, 8 * middle);
    console.log(`      budget ${Math.round(budget)} ms; ordinary YAML of 0.25 MB ${middle} ms`);
  });

  for (const [name, text] of Object.entries(texts)) {
    it(`1 MB of ${name} stays within the budget`, () => {
      const spent = cost(() => piecesOf({ text }));
      assert.ok(spent < budget, `${spent} ms`);
    });
  }

  for (const name of ["kubelets in one script", "shells in shells", "starts of a unit"]) {
    it(`1 MB of ${name} stays within the budget of the policies`, () => {
      const holder = configMap("files", { "kubelet.service": texts[name] ?? "" });
      const spent = cost(() => violationsOf([...goodResources, holder]));
      assert.ok(spent < budget, `${spent} ms`);
    });
  }

  it("commands and words beyond what is read are said", () => {
    for (const name of ["the commands of a script", "commands in a pipe", "escapes of a word"]) {
      const said = say({ text: `${texts[name]}\nkubelet --config=/x\n` });
      assert.match(said.join("\n"), /^undecidable: the rest of a script that holds more commands/m);
    }
    const starts = say({ "kubelet.service": texts["starts of a unit"] ?? "" });
    assert.match(starts.join("\n"), /^undecidable: what is started from here on: more than 1000/m);
    const grown = say({ "kubelet.service": texts["a long variable of a unit"] ?? "" });
    assert.match(
      grown.join("\n"),
      /the value of \$A, because what variables are replaced by is more/,
    );
  });

  it("more parts of MIME than clouds take are said to be not read", () => {
    const head = 'Content-Type: multipart/mixed; boundary="B"\n\n';
    const said = say({ text: filled("--B\n\nkubelet --a\n", head, 30_000) });
    assert.match(said.join("\n"), /^undecidable: the \d+ parts of text, more than 1000$/m);
    const archive = `#cloud-config-archive\n${"- kubelet --a\n".repeat(1001)}`;
    assert.match(say({ text: archive }).join("\n"), /^undecidable: the 1001 parts of text, more/m);
  });

  it("60,000 beginnings of PEM are looked at once", () => {
    assert.deepEqual(pemBlocks("-----BEGIN A-----\n".repeat(60_000)), []);
    const block = "-----BEGIN A-----\nAAAA\n-----END A-----\n";
    assert.equal(pemBlocks(`-----BEGIN A-----\n${block}`).length, 1);
    assert.equal(pemBlocks(`-----BEGIN A-----\nX: y\n\nAAAA\n-----END A-----\n${block}`).length, 2);
  });

  it("100,000 certificates are no content of a file", () => {
    const text = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".repeat(100_000);
    const [piece] = piecesOf({ "ca.crt": text });
    assert.match(
      piece?.kind === "file" && !piece.content.known ? piece.content.missing : "",
      /holds more than 10000 certificates/,
    );
  });

  it("texts in each other end", () => {
    let text = "kubelet --a\n";
    for (let depth = 0; depth < 14; depth += 1) {
      text = JSON.stringify({ kind: "ConfigMap", data: { a: text } });
    }
    const said = say({ text });
    assert.equal(said.length, 1);
    assert.match(
      said[0] ?? "",
      /^undecidable: text to its end: it holds more texts, or programs, than/,
    );
  });
});

describe("docs/reading.md", () => {
  it("is what the list of formats says; `npm run verdicts` writes it", () => {
    const file = new URL("../../../docs/reading.md", import.meta.url);
    assert.equal(readFileSync(file, "utf8"), readingDocument());
  });
});
