/**
 * What our components registered, compared with what is deployed. Transforms, stack transforms and whoever makes a
 * component of the same type can make them differ: what is deployed is judged, and a difference is said.
 */
import { isDeepStrictEqual } from "node:util";
import {
  digestOf,
  hostFilesOutputs,
  kubeletAccessOutputs,
  kubeletConfigMapOutputs,
  paths,
  readWord,
  tokens,
} from "../../trust/contract.ts";
import { type CommandLine, readArguments } from "../../trust/readers/command-line.ts";
import { readKubeadm } from "../../trust/readers/kubeadm.ts";
import type { UnreadPiece } from "../../trust/readers/piece.ts";
import { asList, asObject, type Json, readYaml } from "../../trust/readers/yaml.ts";
import { valueOr } from "../../trust/words/fact.ts";
import {
  describe,
  field,
  placeholder,
  type Resource,
  type Stack,
  text,
} from "../stack/resource.ts";
import { differing } from "./differing.ts";
import { entriesOf, keysOf, kindOf } from "./kubernetes.ts";
import { type MachineSecret, machineOf } from "./machine-secret.ts";
import { isMadeOfAddresses } from "./made-by.ts";
import { fileOfProgram, isOpen, registeredWords } from "./registered-command.ts";
import { aboutOf, otherFiles } from "./registered-files.ts";
import { annotationsOf, isOtherStance, stancesFor } from "./registered-stance.ts";
import { isUnregistered } from "./unregistered.ts";

/** Machines that a component registered, and whose Secret is not one any more: something has changed it. */
export function withoutSecret(stack: Stack, secrets: readonly Resource[]): UnreadPiece[] {
  const found = new Set(
    secrets.map((secret) => `${stack.ancestorsOf(secret)[0]?.urn} ${machineOf(secret)}`),
  );
  return stack.resources
    .filter(({ type }) => type === tokens.hostFiles)
    .flatMap((owner) => {
      const flags = field(owner, hostFilesOutputs.kubeletFlags);
      const machines = Object.keys(asObject(valueOr(flags, undefined)) ?? {});
      return machines
        .filter((machine) => !found.has(`${owner.urn} ${machine}`))
        .map((machine) =>
          differing(stack, owner, `the Secret with the files of ${machine} of ${describe(owner)}`),
        );
    });
}

/** How a machine differs from what its components registered. */
export function differencesOf(stack: Stack, machine: MachineSecret): UnreadPiece[] {
  const { secret, owner } = machine;
  if (owner === undefined || isUnregistered(owner)) return [];
  const programs = otherPrograms(machine, owner);
  const accesses = stancesFor(stack, owner).filter((access) => !isUnregistered(access));
  const paths = new Set(programs.map(({ path }) => path));
  const parts = [...programs.map(({ what }) => what), ...otherFiles(stack, machine, owner, paths)];
  const missing = `why ${enumeration.format(parts)} of ${describe(secret)} ${parts.length > 1 ? "differ" : "differs"} from what its component registered`;
  return [
    ...(parts.length > 0 ? [differing(stack, secret, missing)] : []),
    ...accesses.flatMap((access) => [
      ...otherFlags(stack, machine, access),
      ...otherStances(stack, machine, access),
    ]),
  ];
}

const enumeration = new Intl.ListFormat("en-GB");

/** What decides trust and is not as it was registered, with the file that is to have it. */
function otherPrograms(
  { machine, programs, files, texts }: MachineSecret,
  owner: Resource,
): { readonly what: string; readonly path: string }[] {
  const configuration = field(owner, hostFilesOutputs.kubelet);
  // That a file is lost, or its entry in the list, is told by itself.
  const isLost = (path: string) => !texts.has(path);
  return [
    ...["kubelet", "kube-apiserver", "kube-controller-manager"]
      .filter((program) => {
        const argv = registeredWords(owner, machine, program);
        const deployed = programs.filter(({ commandLine }) => commandLine.program === program);
        // Where neither side is known, what is deployed is said to be missing already.
        if (
          deployed.length === 0 &&
          (argv.some(isOpen) || (argv.length > 0 && isLost(fileOfProgram(program))))
        )
          return false;
        return !isAsRegistered(
          deployed.map(({ commandLine }) => wordsOf(commandLine)),
          linesOf(argv).map(wordsOf),
        );
      })
      .map((program) => ({ what: `the command line of ${program}`, path: fileOfProgram(program) })),
    ...(isLost(paths.kubeletConfiguration) ||
    (configuration.known && configuration.value === configurationIn(files))
      ? []
      : [{ what: "the KubeletConfiguration", path: paths.kubeletConfiguration }]),
  ];
}

/** Whether command lines have the words that were registered; of one that is not known yet, the part that is. */
function isAsRegistered(
  deployed: readonly (readonly string[])[],
  registered: readonly (readonly string[])[],
): boolean {
  return (
    deployed.length === registered.length &&
    registered.every((line, index) => {
      const words = deployed[index] ?? [];
      return (
        words.length === line.length &&
        line.every((word, at) => {
          const open = word.indexOf(placeholder);
          return open < 0 ? words[at] === word : words[at]?.startsWith(word.slice(0, open));
        })
      );
    })
  );
}

function wordsOf({ words }: CommandLine): string[] {
  return words.map((word) => (word.kind === "text" ? word.text : word.missing));
}

function linesOf(argv: readonly Json[]): readonly CommandLine[] {
  const words = argv.flatMap((word) => readWord(word) ?? []);
  return words.length === 0 ? [] : readArguments(words, { where: "" }).commandLines;
}

function configurationIn(files: MachineSecret["files"]): string | undefined {
  const file = files(paths.kubeletConfiguration);
  return file.known && file.value.kind === "text" ? file.value.text : undefined;
}

/** kube-apiserver's flags towards kubelets, which two components registered. */
function otherFlags(
  stack: Stack,
  { secret, programs }: MachineSecret,
  access: Resource,
): UnreadPiece[] {
  const apiServers = programs.filter(({ commandLine }) => commandLine.program === "kube-apiserver");
  return apiServers.every(({ commandLine }) => isToldAs(commandLine, access))
    ? []
    : [
        differing(
          stack,
          secret,
          `why kube-apiserver's flags in ${describe(secret)} differ from what ${describe(access)} registered`,
        ),
      ];
}

/** Whether a kube-apiserver has the flags towards kubelets that a component registered, and no other. */
function isToldAs(commandLine: CommandLine, access: Resource): boolean {
  const flags = asList(valueOr(field(access, kubeletAccessOutputs.flags), undefined));
  const given = wordsOf(commandLine).filter((word) => /^--kubelet-/.test(word));
  return isDeepStrictEqual(given.sort(), flags.map(String).sort());
}

/** A skip that a transform has put on a Secret, or taken from it; and on the static pod in it. */
function otherStances(
  stack: Stack,
  { secret, programs }: MachineSecret,
  access: Resource,
): UnreadPiece[] {
  const where = describe(secret);
  const apiServers = programs.filter(({ commandLine }) => commandLine.program === "kube-apiserver");
  if (apiServers.length === 0) return [];
  const said: (readonly [string, Readonly<Record<string, string>> | undefined])[] = [
    [where, annotationsOf(secret)],
    ...apiServers.map(({ origin }) => [`kube-apiserver in ${where}`, origin.annotations] as const),
  ];
  return said
    .filter(([, annotations]) => isOtherStance(access, annotations))
    .map(([carrier]) => differing(stack, secret, otherStance(carrier, access)));
}

function otherStance(carrier: string, access: Resource): string {
  return `why what ${carrier} says of verification differs from what ${describe(access)} registered`;
}

/**
 * The ConfigMaps of our own components: those that say again what the machines' files say are not read once more. One
 * that says something else is read like any other, and the difference is said.
 */
export function readSiblings(
  stack: Stack,
  machines: readonly MachineSecret[],
): { readonly claims: readonly string[]; readonly pieces: readonly UnreadPiece[] } {
  const claims: string[] = [];
  const pieces: UnreadPiece[] = [];
  const owners = stack.resources.filter(({ type }) => type === tokens.hostFiles);
  for (const above of new Set(owners.map(({ parentUrn }) => parentUrn))) {
    const own = machines.filter(({ owner }) => owner?.parentUrn === above);
    const registered = owners
      .filter(({ parentUrn }) => parentUrn === above)
      .map((owner) => text(owner, hostFilesOutputs.kubelet));
    for (const sibling of stack.childrenOf(above ?? "")) {
      if (isUnregistered(sibling)) continue;
      for (const child of stack.childrenOf(sibling.urn)) {
        if (kindOf(child) !== "ConfigMap" || isUnregistered(child)) continue;
        const said = saidBy(stack, sibling, child, registered, own);
        if (said === undefined) continue;
        if (!said.asRegistered) {
          const what = `why ${describe(child)} differs from what ${describe(sibling)} registered`;
          pieces.push(differing(stack, child, what));
        }
        const isOther =
          sibling.type === tokens.apiServerKubeletAccess &&
          isOtherStance(sibling, annotationsOf(child));
        if (isOther) pieces.push(differing(stack, child, otherStance(describe(child), sibling)));
        if (said.asRegistered && said.asDeployed && !isOther) claims.push(child.urn);
      }
    }
  }
  return { claims, pieces };
}

/** Whether a ConfigMap says what was registered, and what is on the machines; `undefined` for one of neither kind. */
function saidBy(
  stack: Stack,
  component: Resource,
  configMap: Resource,
  registered: readonly (string | undefined)[],
  machines: readonly MachineSecret[],
): { readonly asRegistered: boolean; readonly asDeployed: boolean } | undefined {
  // Ours have one text. What is no text is none of theirs, and may be a configuration in an encoding of its own.
  const isWrittenAs = (digest?: string) =>
    digest === digestOf(aboutOf(configMap)) && texts.length === 1 && keysOf(configMap).length === 1;
  const texts = entriesOf(configMap).map(({ text: own }) => (own.known ? own.value : undefined));
  switch (component.type) {
    case tokens.kubeletConfigMap: {
      const deployed = new Set(machines.map(({ files }) => configurationIn(files)));
      return {
        asRegistered:
          isWrittenAs(text(component, kubeletConfigMapOutputs.digest)) &&
          texts.every((own) => own !== undefined && registered.includes(own)),
        asDeployed: texts.every((own) => own !== undefined && deployed.has(own)),
      };
    }
    case tokens.apiServerKubeletAccess: {
      const lines = entriesOf(configMap).map(({ key, text: own }) =>
        own.known ? clusterConfigurationIn(key, own.value) : "unknown",
      );
      const apiServers = machines
        .flatMap(({ programs }) => programs)
        .filter(({ commandLine }) => commandLine.program === "kube-apiserver");
      // Of a text that is not known yet, since the endpoint in it is not, no difference can be told.
      const isPending =
        !field(component, kubeletAccessOutputs.clusterConfiguration).known &&
        isMadeOfAddresses(stack, configMap, "data", component);
      return {
        asRegistered:
          isWrittenAs(text(component, kubeletAccessOutputs.digest)) &&
          texts.every((own) =>
            own === undefined
              ? isPending
              : own === text(component, kubeletAccessOutputs.clusterConfiguration),
          ) &&
          lines.every((line) =>
            line === "unknown" ? isPending : line !== undefined && isToldAs(line, component),
          ),
        asDeployed:
          apiServers.length > 0 &&
          apiServers.every(({ commandLine }) => isToldAs(commandLine, component)),
      };
    }
    default:
      return undefined;
  }
}

/** kube-apiserver in a ClusterConfiguration; none in another key, or beside another document, which has to be read. */
function clusterConfigurationIn(key: string, text: string): CommandLine | undefined {
  const { documents } = readYaml(text, { where: "" });
  const isAlone = key === "ClusterConfiguration" && documents.length === 1;
  return isAlone ? readKubeadm(text, { where: "" }).apiServer : undefined;
}
