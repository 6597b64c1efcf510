/**
 * The exact command lines that a machine's files ask for.
 */

import { parse } from "yaml";
import { Failure } from "../../toolchain/fail.mjs";
import { paths } from "../../trust/contract.ts";
import type { CommandLine, Program } from "../../trust/readers/command-line.ts";
import { readSystemdUnit } from "../../trust/readers/systemd-unit.ts";
import { fileText, type Machine } from "./rendered.ts";

const unitPath = paths.kubeletUnit;

/** A container's command of a static pod. */
export type StaticPodCommand = {
  /** First word without its folder, e.g. `kube-apiserver`. */
  readonly program: string;
  readonly args: readonly string[];
};

/** The commands of the machine's static pods, by the order of their files. */
export function staticPodCommands(machine: Machine): StaticPodCommand[] {
  return machine.files
    .filter(({ path }) => path.startsWith(`${paths.manifests}/`) && path.endsWith(".yaml"))
    .flatMap(({ path, content }) => {
      const pod = parse(content.toString("utf8")) as StaticPod;
      return (pod.spec?.containers ?? []).map(({ command = [], args = [] }) => {
        const [program, ...rest] = [...command, ...args];
        if (program === undefined) throw new Failure(`${machine.name}: ${path} has no command.`);
        return { program: program.split("/").at(-1) ?? program, args: rest };
      });
    });
}

/**
 * The kubelet's arguments as systemd would pass them; undefined when the machine has no kubelet unit.
 *
 * @throws {Failure} when the unit runs no kubelet or leaves a word open.
 */
export function kubeletArguments(machine: Machine): string[] | undefined {
  const text = fileText(machine, unitPath);
  if (text === undefined) return undefined;
  const { commandLines } = readSystemdUnit(
    text,
    { where: unitPath },
    { dropIns: unitDropIns(machine), environmentFiles: smallFiles(machine) },
  );
  const kubelet = commandLines.find(({ program }) => program === ("kubelet" satisfies Program));
  if (kubelet === undefined) throw new Failure(`${machine.name}: ${unitPath} runs no kubelet.`);
  return plainWords(kubelet, machine.name);
}

/** A kubelet's flag with a value, `--name=value` or `--name value`; the last one wins. */
export function flagValue(args: readonly string[], name: string): string | undefined {
  let value: string | undefined;
  for (const [index, word] of args.entries()) {
    if (word === `--${name}`) value = args[index + 1];
    else if (word.startsWith(`--${name}=`)) value = word.slice(name.length + 3);
  }
  return value;
}

type StaticPod = {
  readonly spec?: {
    readonly containers?: readonly { readonly command?: string[]; readonly args?: string[] }[];
  };
};

function unitDropIns(machine: Machine) {
  return machine.files
    .filter(({ path }) => path.startsWith(`${unitPath}.d/`) && path.endsWith(".conf"))
    .sort((a, b) => (a.path < b.path ? -1 : 1))
    .map(({ path, content }) => ({ text: content.toString("utf8"), source: { where: path } }));
}

/** Files that could be an EnvironmentFile: systemd reads them from wherever the unit says. */
function smallFiles(machine: Machine): Record<string, string> {
  return Object.fromEntries(
    machine.files.map(({ path, content }) => [path, content.toString("utf8")]),
  );
}

function plainWords({ words }: CommandLine, machine: string): string[] {
  return words.flatMap((word) => {
    // An unset variable stands for no word at all, as in systemd.
    if (word.kind === "unknownWords") return [];
    if (word.placeholder !== undefined) {
      throw new Failure(
        `${machine}: ${unitPath} has \`${word.placeholder}\` in a flag, whose value is not known.`,
      );
    }
    return [word.text];
  });
}
