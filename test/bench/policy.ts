/**
 * `npm run bench -- policy`: what the policy pack costs over an empty one, in the same preview, in turns; what its
 * start-up costs; and what `judge` takes for 10,000 pairs.
 *
 * `--nodes N` (may be repeated; default 200 and 1000) says how many nodes, `--rounds N` (default 4, so that each is as often
 * first as second) how many times each preview is run. The exit code is 1 when a target is missed.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { runMain } from "../../toolchain/fail.mjs";
import { createProgress } from "../../toolchain/progress.mjs";
import { judge } from "../../trust/judge/judge.ts";
import { kubeadmFiles, kubeadmRbac } from "../../trust/kubeadm/pki.ts";
import { apiServerFacts } from "../../trust/programs/api-server/facts.ts";
import { kubeletFacts } from "../../trust/programs/kubelet/facts.ts";
import { readArguments } from "../../trust/readers/command-line.ts";
import { readKubeletConfiguration } from "../../trust/readers/kubelet-configuration.ts";
import { known } from "../../trust/words/fact.ts";
import type { NodeFacts } from "../../trust/words/facts.ts";
import { works } from "../../trust/words/verdict.ts";
import { makeProject, type Project, repository } from "../support/engine.ts";
import { readFlags } from "./flags.ts";
import { type Measurement, measure } from "./measure.ts";
import { printMachine } from "./this-machine.ts";

/** The most that a preview with the pack may take, in times of one with an empty pack. */
const target = 1.05;
/** The most seconds that the pack's start-up may take beyond an empty pack's. */
const startTarget = 1;
/** The most seconds that `judge` may take for 10,000 pairs. */
const judgeTarget = 1;

const progress = createProgress();

await runMain(async () => {
  const { nodes, rounds } = readFlags([200, 1000], 4);
  printMachine();
  const judged = judgePairs(10_000);
  const empty = await makeProject({ files: { "index.ts": "" } });
  let met = judged <= judgeTarget;
  try {
    const packs = { ours: path.join(repository, "policies"), empty: emptyPack(empty.folder) };
    const { ours, empty: none } = await compare("an empty stack", empty, packs, rounds);
    const start = ours.seconds - none.seconds;
    met = start <= startTarget;
    print(
      `start-up: ${start.toFixed(2)} s over an empty pack's (target ${startTarget.toFixed(1)} s)`,
    );
    for (const count of nodes) {
      const project = await makeProject({
        program: path.join(repository, "test", "bench", "programs", "components"),
        config: { nodes: count },
      });
      try {
        const result = await compare(`${count} nodes`, project, packs, rounds);
        const ratio = result.ours.seconds / result.empty.seconds;
        met = met && ratio <= target;
        print(
          `${count} nodes: ${result.ours.seconds.toFixed(1)} s against ${result.empty.seconds.toFixed(1)} s with an empty pack, ratio ${ratio.toFixed(2)} (target ${target}); CPU ${cpu(result.ours)} s against ${cpu(result.empty)} s`,
        );
      } finally {
        project.remove();
      }
    }
  } finally {
    empty.remove();
  }
  return met ? 0 : 1;
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function cpu({ cpuSeconds }: Measurement): string {
  return cpuSeconds === undefined ? "?" : cpuSeconds.toFixed(1);
}

/** The least of each over the rounds: other work on the machine only ever adds. */
async function compare<Pack extends string>(
  title: string,
  project: Project,
  packs: Record<Pack, string>,
  rounds: number,
): Promise<Record<Pack, Measurement>> {
  const names = Object.keys(packs) as Pack[];
  const all = Object.fromEntries(names.map((name) => [name, [] as Measurement[]])) as Record<
    Pack,
    Measurement[]
  >;
  for (let round = 1; round <= rounds; round++) {
    for (const name of round % 2 === 1 ? names : [...names].reverse()) {
      await progress.step(`${title}, round ${round} of ${rounds}, pack ${name}`, async () => {
        all[name].push(await measure(project, ["preview", "--policy-pack", packs[name]]));
      });
    }
  }
  return Object.fromEntries(names.map((name) => [name, least(all[name])])) as Record<
    Pack,
    Measurement
  >;
}

function least(measurements: readonly Measurement[]): Measurement {
  const [first] = [...measurements].sort((a, b) => a.seconds - b.seconds);
  if (first === undefined) throw new Error("nothing was measured");
  const times = measurements.flatMap(({ cpuSeconds }) => cpuSeconds ?? []);
  return { ...first, cpuSeconds: times.length === 0 ? undefined : Math.min(...times) };
}

/** A pack with one policy that looks at nothing. */
function emptyPack(folder: string): string {
  const pack = path.join(folder, "empty-pack");
  fs.mkdirSync(pack);
  fs.writeFileSync(path.join(pack, "PulumiPolicy.yaml"), "runtime: nodejs\n");
  fs.writeFileSync(
    path.join(pack, "package.json"),
    JSON.stringify({ name: "empty", version: "0.0.1", main: "index.cjs" }),
  );
  fs.writeFileSync(
    path.join(pack, "index.cjs"),
    'const { PolicyPack } = require("@pulumi/policy");\nnew PolicyPack("empty", { policies: [{ name: "nothing", description: "nothing", enforcementLevel: "mandatory", validateStack: () => {} }] });\n',
  );
  return pack;
}

/** Facts and verdicts of as many kubelets under one kube-apiserver: the seconds that the verdicts took. */
function judgePairs(count: number): number {
  const source = { where: "bench" };
  const files = kubeadmFiles({ cluster: "bench", version: "1.37.2" });
  const [apiServer, kubelet] = ["kube-apiserver", "kubelet"].map((program) => {
    const flags =
      program === "kubelet"
        ? ["--config=/var/lib/kubelet/config.yaml", "--kubeconfig=/etc/kubernetes/kubelet.conf"]
        : [
            "--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt",
            "--kubelet-client-certificate=/etc/kubernetes/pki/apiserver-kubelet-client.crt",
            "--kubelet-client-key=/etc/kubernetes/pki/apiserver-kubelet-client.key",
            "--authorization-mode=Node,RBAC",
          ];
    const [line] = readArguments([program, ...flags], source).commandLines;
    if (line === undefined) throw new Error(`no command line of ${program}`);
    return line;
  });
  const [configuration] = readKubeletConfiguration(
    "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\nauthentication: { x509: { clientCAFile: /etc/kubernetes/pki/ca.crt } }\n",
    source,
  ).documents;
  if (!apiServer || !kubelet || !configuration) throw new Error("nothing to judge");
  const server = apiServerFacts({
    label: "kube-apiserver",
    version: known("1.37.2"),
    commandLine: apiServer,
    skip: known(undefined),
    rbac: known(kubeadmRbac),
    files,
  });
  const seconds = { reading: 0, judging: 0 };
  for (let index = 0; index < count; index++) {
    const facts = timed(seconds, "reading", () =>
      kubeletFacts({
        label: `node-${index}`,
        version: known("1.37.2"),
        commandLine: kubelet,
        configuration,
        node: nodeAt(index),
        request: known({ state: "pending" }),
        files,
      }),
    );
    const { serving } = timed(seconds, "judging", () => judge(facts, server));
    if (works(serving)) throw new Error(`the self-signed kubelet of ${facts.label} was accepted`);
  }
  print(
    `judge: ${count} pairs in ${seconds.judging.toFixed(2)} s (target ${judgeTarget.toFixed(1)} s); to read the settings of their kubelets took ${seconds.reading.toFixed(2)} s besides`,
  );
  return seconds.judging;
}

function nodeAt(index: number): NodeFacts {
  const name = `node-${index}`;
  return {
    hostName: known(name),
    name: known(name),
    addresses: known([
      { type: "InternalIP", address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` },
      { type: "Hostname", address: name },
    ]),
  };
}

function timed<Name extends string, T>(seconds: Record<Name, number>, name: Name, run: () => T): T {
  const start = process.hrtime.bigint();
  const result = run();
  seconds[name] += Number(process.hrtime.bigint() - start) / 1e9;
  return result;
}
