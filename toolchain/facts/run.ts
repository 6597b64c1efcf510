/**
 * Puts one Kubernetes version into `trust/kubernetes/data/kubernetes.json`: the flags, feature gates, configuration
 * types and defaults of the kubelet, kube-apiserver and kube-controller-manager, by linking their own source (Go module
 * k8s.io/kubernetes) and asking it. The version takes the place of whatever the table had for its minor version.
 *
 * Usage: npm run facts -- 1.37.2
 * Needs Go; builds for some minutes the first time.
 */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { data } from "../../trust/kubernetes/data/index.ts";
import { programs } from "../../trust/readers/command-line.ts";
import { merge, type Told, toText } from "./merge.ts";

const file = path.join(
  import.meta.dirname,
  ...["..", "..", "trust", "kubernetes", "data", "kubernetes.json"],
);

const version = process.argv[2] ?? "";
if (!/^1\.\d+\.\d+$/.test(version)) {
  console.error("usage: npm run facts -- <version without v>, e.g. 1.37.2");
  process.exit(2);
}
const began = Date.now();
const say = (text: string) =>
  console.error(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)}s ${text}`);

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-facts-"));
try {
  fs.cpSync(path.join(import.meta.dirname, "programs"), path.join(folder, "programs"), {
    recursive: true,
  });
  writeModule();
  const told = Object.fromEntries(programs.map((program) => [program, ask(program)]));
  fs.writeFileSync(file, toText(merge(version, told as unknown as Told, data)));
  say(`wrote ${file}`);
} finally {
  fs.rmSync(folder, { recursive: true, force: true });
}

function ask(program: string): unknown {
  say(`building and asking ${program} ${version}`);
  return JSON.parse(go(["run", "-p", "2", ...linkerFlags(), `./programs/${program}`]));
}

/** Kubernetes' own modules are replaced by their published versions, as its go.mod replaces them by folders. */
function writeModule(): void {
  writeGoMod([]);
  say(`downloading k8s.io/kubernetes v${version}`);
  const info = JSON.parse(go(["mod", "download", "-json", `k8s.io/kubernetes@v${version}`]));
  const staging = fs
    .readFileSync(info.GoMod, "utf8")
    .matchAll(/^\s*(k8s\.io\/\S+) v0\.0\.0(?![-\w])/gm);
  const stagingVersion = version.replace(/^1\./, "v0.");
  const modules = new Set([...staging].map(([, name = ""]) => name));
  writeGoMod([
    `require k8s.io/kubernetes v${version}`,
    "",
    ...[...modules].map((name) => `replace ${name} => ${name} ${stagingVersion}`),
  ]);
  go(["mod", "tidy"]);
}

function writeGoMod(lines: readonly string[]): void {
  const text = ["module kubelet-trust/facts", "", "go 1.26.0", "", ...lines, ""].join("\n");
  fs.writeFileSync(path.join(folder, "go.mod"), text);
}

/** Without them the programs take themselves for another version, and their gates are that version's. */
function linkerFlags(): string[] {
  const [major, minor] = version.split(".");
  const base = "k8s.io/component-base/version";
  return [
    "-ldflags",
    `-X ${base}.gitVersion=v${version} -X ${base}.gitMajor=${major} -X ${base}.gitMinor=${minor}`,
  ];
}

function go(words: readonly string[]): string {
  return execFileSync("go", words, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod" },
    stdio: ["ignore", "pipe", "inherit"],
  });
}
