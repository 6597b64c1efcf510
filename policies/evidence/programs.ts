/**
 * Command lines of kube-apiserver, kubelet and kube-controller-manager: in Pods and what makes Pods, and in the static
 * pod manifests, systemd units and scripts that ConfigMaps and Secrets hold.
 */

import type { CommandLine } from "../../trust/readers/command-line.ts";
import { readShell } from "../../trust/readers/command-line.ts";
import { readKubeletConfiguration } from "../../trust/readers/kubelet-configuration.ts";
import { type PodProgram, readPod } from "../../trust/readers/pod.ts";
import { readSystemdUnit } from "../../trust/readers/systemd-unit.ts";
import { asObject, type Json, readYaml } from "../../trust/readers/yaml.ts";
import { unknown } from "../../trust/words/fact.ts";
import type { HostFiles } from "../../trust/words/facts.ts";
import { skipOf } from "../../trust/words/skip.ts";
import { describe, field, type Resource, type Stack } from "../stack/resource.ts";
import type { Found, FoundApiServer, FoundKubelet, FoundSigner, Gap, Reader } from "./evidence.ts";
import { type Entry, entriesOf, listed, membershipOf, objectOf, ofKind } from "./kubernetes.ts";
import { withLines } from "./lines.ts";
import { mountedCertificates, mountedFiles } from "./mounts.ts";

/** Kinds that make pods. */
const workloads = [
  "Pod",
  "PodTemplate",
  "Deployment",
  "DaemonSet",
  "StatefulSet",
  "ReplicaSet",
  "ReplicationController",
  "Job",
  "CronJob",
];

/** A program with what stands around it. */
type Program = Found & {
  readonly commandLine: CommandLine;
  readonly annotations: Readonly<Record<string, string>>;
  readonly image?: string;
  readonly mounts?: HostFiles;
};

/** Reads every program that decides. */
export const readPrograms: Reader = (stack, claimed) => {
  const { programs, gaps, claims } = findPrograms(stack, claimed);
  return {
    claims,
    kubelets: programs.filter(runs("kubelet")).map(toKubelet),
    apiServers: programs.filter(runs("kube-apiserver")).map(toApiServer),
    signers: programs.filter(runs("kube-controller-manager")).map(toSigner),
    gaps,
  };
};

function runs(program: CommandLine["program"]) {
  return ({ commandLine }: Program) => commandLine.program === program;
}

function findPrograms(stack: Stack, claimed: ReadonlySet<string>) {
  const programs: Program[] = [];
  const gaps: Gap[] = [];
  const claims = new Set<string>();
  for (const resource of ofKind(stack, ...workloads, ...workloads.map((kind) => `${kind}List`))) {
    if (claimed.has(resource.urn)) continue;
    const found = { resource, membership: membershipOf(stack, resource) };
    const source = { where: describe(resource) };
    const spec = field(resource, "spec");
    if (!spec.known && /kubelet|api-?server/i.test(`${resource.name} ${source.where}`)) {
      gaps.push({ ...found, source, missing: spec.missing });
    }
    const objects = [objectOf(resource), ...listed(listOf(resource))];
    for (const program of objects.flatMap((object) => readPod(object, source).programs)) {
      programs.push({
        ...inPod(program, found),
        mounts: mountedFiles(stack, resource, program),
      });
      for (const { urn } of mountedCertificates(stack, resource, program)) claims.add(urn);
    }
  }
  for (const resource of ofKind(stack, "ConfigMap", "Secret")) {
    if (claimed.has(resource.urn)) continue;
    const found = { resource, membership: membershipOf(stack, resource) };
    for (const entry of entriesOf(resource)) {
      programs.push(...inText(entry, found));
    }
  }
  return { programs, gaps, claims: [...claims] };
}

/** The items of a resource that is a list itself. */
function listOf(resource: Resource): Json {
  const items = field(resource, "items");
  return items.known && items.value !== undefined ? { kind: "List", items: items.value } : null;
}

function inPod(program: PodProgram, found: Omit<Found, "source">): Program {
  const { commandLine, annotations, image } = program;
  return {
    ...found,
    source: commandLine.source,
    commandLine,
    annotations,
    ...(image !== undefined && { image }),
  };
}

/** A text is a manifest, a unit, or a script; what is none of them holds no program. */
function inText(entry: Entry, found: Omit<Found, "source">): Program[] {
  if (
    !entry.text.known ||
    !/kubelet|kube-apiserver|kube-controller-manager|hyperkube/.test(entry.text.value)
  ) {
    return [];
  }
  const { source } = entry;
  const content = entry.text.value;
  const annotations = annotationsOf(found.resource);
  const bare = (commandLine: CommandLine): Program => ({
    ...found,
    source: commandLine.source,
    commandLine: withLines(commandLine, content),
    annotations,
  });
  if (/^\s*\[(Unit|Service|Install)\]/m.test(content)) {
    return readSystemdUnit(content, source).commandLines.map(bare);
  }
  if (/^\s*"?kind"?\s*:/m.test(content)) {
    return readYaml(content, source).documents.flatMap((document) =>
      listed(document.value).flatMap((object) =>
        readPod(object, source).programs.map((program) => ({
          ...inPod(program, found),
          commandLine: withLines(program.commandLine, content),
          annotations: { ...annotations, ...program.annotations },
        })),
      ),
    );
  }
  return looksLikeScript(entry.key, content)
    ? readShell(content, source).commandLines.map(bare)
    : [];
}

function looksLikeScript(key: string, content: string): boolean {
  return (
    content.startsWith("#!") ||
    /\.(sh|bash)$/.test(key) ||
    /^\s*(exec\s+)?\S*(kubelet|kube-apiserver|kube-controller-manager|hyperkube)\s+(\\$|-)/m.test(
      content,
    )
  );
}

function annotationsOf(resource: Resource): Record<string, string> {
  const annotations = field(resource, "metadata", "annotations");
  return Object.fromEntries(
    Object.entries(asObject(annotations.known ? annotations.value : undefined) ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

function versionOf({ image }: Program): { version?: string } {
  const version = /:v?(\d+\.\d+\.\d+)/.exec(image ?? "")?.[1];
  return version === undefined ? {} : { version };
}

function toKubelet(program: Program): FoundKubelet {
  const label = describe(program.resource);
  const missing = (what: string) => unknown(`the ${what} of the machines that run ${label}`);
  const configuration = besideIt(program);
  return {
    ...program,
    ...versionOf(program),
    label,
    node: {
      hostName: missing("host names"),
      name: missing("node names"),
      addresses: missing("addresses"),
    },
    ...(configuration && { configuration }),
  };
}

/** The file that `--config` names, when it is mounted, or a key of the same ConfigMap or Secret has its name. */
function besideIt({ commandLine, resource, mounts }: Program) {
  const path = flagValue(commandLine, "config");
  if (path === undefined) return undefined;
  const mounted = mounts?.(path);
  if (mounted?.known && mounted.value.kind === "text") {
    const source = mounted.source ?? commandLine.source;
    return readKubeletConfiguration(mounted.value.text, source).documents[0];
  }
  const name = path.slice(path.lastIndexOf("/") + 1);
  for (const entry of entriesOf(resource)) {
    if (entry.key === name && entry.text.known) {
      return readKubeletConfiguration(entry.text.value, entry.source).documents[0];
    }
  }
  return undefined;
}

/** The last value of a flag, given as `--name=value` or as two words. */
export function flagValue({ words }: CommandLine, name: string): string | undefined {
  let value: string | undefined;
  for (const [index, word] of words.entries()) {
    if (word.kind !== "text" || word.placeholder !== undefined) continue;
    const [flag = "", ...rest] = word.text.split("=");
    if (flag !== `--${name}`) continue;
    const next = words[index + 1];
    value = rest.length > 0 ? rest.join("=") : next?.kind === "text" ? next.text : undefined;
  }
  return value;
}

function toApiServer(program: Program): FoundApiServer {
  return {
    ...program,
    ...versionOf(program),
    label: describe(program.resource),
    skip: skipOf(program.annotations, { where: describe(program.resource) }),
    byKubeadm: false,
  };
}

function toSigner(program: Program): FoundSigner {
  return program;
}
