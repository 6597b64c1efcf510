/** Programs that pods run: static pods, and the templates of Deployments and the like. */
import type { Problem, Source } from "../words/fact.ts";
import {
  type CommandLine,
  type CommandLines,
  isProgram,
  readArguments,
  toWords,
  type Word,
} from "./command-line.ts";
import { imageName } from "./program-names.ts";
import {
  annotationsOf,
  asList,
  asObject,
  asText,
  type FieldPath,
  type Json,
  type JsonObject,
  valueAt,
  type YamlDocument,
} from "./yaml.ts";

/** A program that a pod runs. */
export type PodProgram = {
  readonly commandLine: CommandLine;
  /** The volume that a path in the container lies in; undefined where it lies in none. */
  readonly volumeAt: (containerPath: string) => PodVolume | undefined;
  /** The pod's volumes, as they are written. */
  readonly volumes: readonly JsonObject[];
  /** The pod's `spec`, as it is written. */
  readonly spec: JsonObject;
  /** Annotations of the object and, for Deployments and the like, of the template (which win). */
  readonly annotations: Readonly<Record<string, string>>;
  /** Image of the container; its tag often tells the Kubernetes version. */
  readonly image?: string;
};

/** A volume of a pod, and a path within it. */
export type PodVolume = { readonly volume: JsonObject; readonly path: string };

export type PodPrograms = {
  readonly programs: readonly PodProgram[];
  /** Everything that was found in the words of each container. */
  readonly scripts: readonly CommandLines[];
  readonly problems: readonly Problem[];
};

/** Where each kind keeps its pod. */
const podPaths: Readonly<Record<string, FieldPath>> = {
  Pod: [],
  PodTemplate: ["template"],
  Deployment: ["spec", "template"],
  DaemonSet: ["spec", "template"],
  StatefulSet: ["spec", "template"],
  ReplicaSet: ["spec", "template"],
  ReplicationController: ["spec", "template"],
  Job: ["spec", "template"],
  CronJob: ["spec", "jobTemplate", "spec", "template"],
};

/** The paths of the pods in an object of any kind: of a known one as that keeps it, else wherever one is found. */
export function podPathsIn(object: Json): readonly FieldPath[] {
  const kind = (asText(asObject(object)?.kind) ?? "").replace(/Patch$/, "");
  const path = Object.hasOwn(podPaths, kind) ? podPaths[kind] : undefined;
  if (path) return asObject(valueAt(object, path)) ? [path] : [];
  const found: FieldPath[] = [];
  const visit = (value: Json, at: FieldPath): void => {
    if (at.length > maxPodDepth || found.length >= maxPods) return;
    const inner = asObject(value);
    const spec = asObject(inner?.spec);
    if (isPodSpec(spec)) {
      found.push(at);
      return;
    }
    for (const [key, item] of inner ? Object.entries(inner) : asList(value).entries())
      visit(item, [...at, key]);
  };
  visit(object, []);
  return found;
}

const maxPodDepth = 10;
const maxPods = 1000;

function isPodSpec(spec: JsonObject | undefined): boolean {
  const [container] = asList(spec?.containers);
  const { image, command, args } = asObject(container) ?? {};
  return image !== undefined || command !== undefined || args !== undefined;
}

/**
 * Finds the programs in a Pod, or in the template of a Deployment, DaemonSet, StatefulSet, Job and the like.
 * Objects of other kinds hold none. Never throws.
 *
 * @param lineOf of the document that the object was read from, so that flags have lines
 */
export function readPod(
  object: Json,
  source: Source,
  lineOf: YamlDocument["lineOf"] = () => undefined,
): PodPrograms {
  const read = podPathsIn(object).map((path) => readPodAt(object, path, source, lineOf));
  return {
    programs: read.flatMap(({ programs }) => programs),
    scripts: read.flatMap(({ scripts }) => scripts),
    problems: read.flatMap(({ problems }) => problems),
  };
}

function readPodAt(
  object: Json,
  path: FieldPath,
  source: Source,
  lineOf: YamlDocument["lineOf"],
): PodPrograms {
  const pod = asObject(valueAt(object, path));
  const spec = asObject(pod?.spec) ?? {};
  const annotations = {
    ...annotationsOf(asObject(object)),
    ...annotationsOf(pod),
  };
  const read = (["initContainers", "containers"] as const).flatMap((list) =>
    asList(spec[list]).map((container, index) =>
      readContainer(asObject(container) ?? {}, spec, annotations, {
        source: { ...source, key: [...path, "spec", `${list}[${index}]`].join(".") },
        lineOf: (field) => lineOf([...path, "spec", list, index, ...field]),
      }),
    ),
  );
  return {
    programs: read.flatMap(({ programs }) => programs),
    scripts: read.map(({ script }) => script),
    problems: read.flatMap(({ script }) => script.problems),
  };
}

function readContainer(
  container: JsonObject,
  spec: JsonObject,
  annotations: Readonly<Record<string, string>>,
  { source, lineOf }: { readonly source: Source; readonly lineOf: YamlDocument["lineOf"] },
): { readonly programs: PodProgram[]; readonly script: CommandLines } {
  const environment = environmentOf(container);
  const image = asText(container.image);
  const words = (["command", "args"] as const).flatMap((field): Word[] => {
    const written = container[field];
    if (typeof written === "string") {
      return [{ kind: "unknownWords", missing: `the ${field} of a container`, source }];
    }
    return texts(written).flatMap((text, index) => {
      const line = lineOf([field, index]);
      return toWords([withEnvironment(text, environment)], {
        ...source,
        ...(line !== undefined && { line }),
      });
    });
  });
  const script = readArguments(words, source, environment);
  const found: readonly CommandLine[] =
    script.commandLines.length > 0 ? script.commandLines : byImage(container, words, source);
  const programs: PodProgram[] = found.map((commandLine) => ({
    commandLine,
    volumeAt: (path) => volumeAt(path, container, spec),
    volumes: volumesOf(spec),
    spec,
    annotations,
    ...(image !== undefined && { image }),
  }));
  return { programs, script };
}

/** A container without `command` runs its image's entry point, which the image's name tells. */
function byImage(
  container: JsonObject,
  words: readonly Word[],
  source: Source,
): readonly CommandLine[] {
  if (container.command !== undefined && asList(container.command).length > 0) {
    return [];
  }
  const program = imageName(asText(container.image) ?? "");
  if (program === "hyperkube") return readArguments(["hyperkube", ...words], source).commandLines;
  return isProgram(program) ? [{ program, words, source }] : [];
}

/** The environment of a container, as far as it is written there. */
export function environmentOf(container: JsonObject): Record<string, string> {
  return Object.fromEntries(
    asList(container.env).flatMap((entry): [string, string][] => {
      const { name, value } = asObject(entry) ?? {};
      return typeof name === "string" && typeof value === "string" ? [[name, value]] : [];
    }),
  );
}

/** Kubernetes replaces `$(NAME)` by the container's environment; `$$` is a dollar sign. */
export function withEnvironment(
  text: string,
  environment: Readonly<Record<string, string>>,
): string {
  return text.replace(/\$\(([A-Za-z_][\w.-]*)\)/g, (match, name: string) =>
    Object.hasOwn(environment, name) ? (environment[name] ?? match) : match,
  );
}

function volumeAt(path: string, container: JsonObject, spec: JsonObject): PodVolume | undefined {
  let best: { mount: string; name: string; subPath: string } | undefined;
  for (const entry of asList(container.volumeMounts)) {
    const mount = asObject(entry) ?? {};
    const at = asText(mount.mountPath)?.replace(/\/+$/, "") ?? "";
    const covers = path === at || path.startsWith(`${at}/`);
    if (covers && at.length >= (best?.mount.length ?? 0)) {
      best = { mount: at, name: asText(mount.name) ?? "", subPath: asText(mount.subPath) ?? "" };
    }
  }
  const volume = volumesOf(spec).find((candidate) => candidate.name === best?.name);
  if (!best || !volume) {
    return undefined;
  }
  const parts = [best.subPath, path.slice(best.mount.length).replace(/^\/+/, "")];
  return { volume, path: parts.filter((part) => part !== "").join("/") };
}

function volumesOf(spec: JsonObject): JsonObject[] {
  return asList(spec.volumes)
    .map(asObject)
    .filter((volume) => volume !== undefined);
}

function texts(value: Json | undefined): string[] {
  return asList(value).map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
}
