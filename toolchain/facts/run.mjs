/**
 * Writes `trust/kubernetes/data/kubernetes-<minor>.json`: the flags, feature gates, configuration types and defaults of the
 * kubelet, kube-apiserver and kube-controller-manager of one Kubernetes version, by linking their own source
 * (Go module k8s.io/kubernetes) and asking it.
 *
 * Usage: node toolchain/facts/run.mjs 1.37.2
 * Needs Go; builds for some minutes the first time.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const programs = ["kubelet", "kube-apiserver", "kube-controller-manager"];

const version = process.argv[2] ?? "";
if (!/^1\.\d+\.\d+$/.test(version)) {
  console.error("usage: node toolchain/facts/run.mjs <version without v>, e.g. 1.37.2");
  process.exit(2);
}
const began = Date.now();
const say = (/** @type {string} */ text) =>
  console.error(`${((Date.now() - began) / 1000).toFixed(0).padStart(4)}s ${text}`);

const folder = mkdtempSync(join(tmpdir(), "kubelet-trust-facts-"));
try {
  cpSync(join(here, "programs"), join(folder, "programs"), { recursive: true });
  writeModule(folder);
  /** @type {Record<string, any>} */
  const facts = { version };
  for (const program of programs) {
    say(`building and asking ${program} ${version}`);
    facts[program] = JSON.parse(go(["run", "-p", "2", ...linkerFlags(), `./programs/${program}`]));
  }
  const file = join(
    here,
    "..",
    "..",
    "trust",
    "kubernetes",
    "data",
    `kubernetes-${version.split(".").slice(0, 2).join(".")}.json`,
  );
  writeFileSync(file, `${JSON.stringify(compact(facts), undefined, 2)}\n`);
  execFileSync("npx", ["biome", "format", "--write", file], { stdio: "ignore" });
  say(`wrote ${file}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function writeModule(/** @type {string} */ target) {
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, "go.mod"), "module kubelet-trust/facts\n\ngo 1.26.0\n");
  say(`downloading k8s.io/kubernetes v${version}`);
  const info = JSON.parse(go(["mod", "download", "-json", `k8s.io/kubernetes@v${version}`]));
  const staging = [
    ...readFileSync(info.GoMod, "utf8").matchAll(/^\s*(k8s\.io\/\S+) v0\.0\.0(?![-\w])/gm),
  ];
  const stagingVersion = version.replace(/^1\./, "v0.");
  const modules = [...new Set(staging.map((match) => match[1]))];
  writeFileSync(
    join(target, "go.mod"),
    [
      "module kubelet-trust/facts",
      "",
      "go 1.26.0",
      "",
      `require k8s.io/kubernetes v${version}`,
      "",
      ...modules.map((name) => `replace ${name} => ${name} ${stagingVersion}`),
      "",
    ].join("\n"),
  );
  go(["mod", "tidy"]);
}

function linkerFlags() {
  const [major, minor] = version.split(".");
  const base = "k8s.io/component-base/version";
  return [
    "-ldflags",
    `-X ${base}.gitVersion=v${version} -X ${base}.gitMajor=${major} -X ${base}.gitMinor=${minor}`,
  ];
}

/** Lists by name, so that a lookup needs no search and a difference between versions reads well. */
function compact(/** @type {Record<string, any>} */ facts) {
  for (const program of programs) {
    const { flags, gates } = facts[program];
    facts[program].flags = Object.fromEntries(
      flags.map((/** @type {{ name: string }} */ { name, ...rest }) => [name, rest]),
    );
    facts[program].gates = Object.fromEntries(
      Object.entries(gates)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, { name: _, ...rest }]) => [name, rest]),
    );
  }
  return facts;
}

function go(/** @type {string[]} */ words) {
  return execFileSync("go", words, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 1 << 28,
    env: { ...process.env, CGO_ENABLED: "0", GOFLAGS: "-mod=mod" },
    stdio: ["ignore", "pipe", "inherit"],
  });
}
