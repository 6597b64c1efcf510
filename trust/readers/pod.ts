/** Programs that pods run: static pods, and the templates of Deployments and the like. */
import type { Problem, Source } from "../words/fact.ts";
import {
  type CommandLine,
  isProgram,
  type Program,
  readArguments,
  toWords,
  type Word,
} from "./command-line.ts";
import {
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
  /** Annotations of the object and, for Deployments and the like, of the template (which win). */
  readonly annotations: Readonly<Record<string, string>>;
  /** Image of the container; its tag often tells the Kubernetes version. */
  readonly image?: string;
};

/** A volume of a pod, and a path within it. */
export type PodVolume = { readonly volume: JsonObject; readonly path: string };

export type PodPrograms = {
  readonly programs: readonly PodProgram[];
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
  const kind = asText(asObject(object)?.kind) ?? "";
  const path = Object.hasOwn(podPaths, kind) ? podPaths[kind] : undefined;
  const pod = path && asObject(valueAt(object, path));
  const spec = asObject(pod?.spec);
  if (!path || !spec) {
    return { programs: [], problems: [] };
  }
  const annotations = {
    ...annotationsOf(asObject(object)),
    ...annotationsOf(pod),
  };
  const programs = (["initContainers", "containers"] as const).flatMap((list) =>
    asList(spec[list]).flatMap((container, index) =>
      readContainer(asObject(container) ?? {}, spec, annotations, {
        source: { ...source, key: [...path, "spec", `${list}[${index}]`].join(".") },
        lineOf: (field) => lineOf([...path, "spec", list, index, ...field]),
      }),
    ),
  );
  return { programs, problems: [] };
}

function readContainer(
  container: JsonObject,
  spec: JsonObject,
  annotations: Readonly<Record<string, string>>,
  { source, lineOf }: { readonly source: Source; readonly lineOf: YamlDocument["lineOf"] },
): PodProgram[] {
  const environment = environmentOf(container);
  const image = asText(container.image);
  const words = (["command", "args"] as const).flatMap((field) =>
    texts(container[field]).flatMap((text, index) => {
      const line = lineOf([field, index]);
      return toWords([withEnvironment(text, environment)], {
        ...source,
        ...(line !== undefined && { line }),
      });
    }),
  );
  const found = readArguments(words, source, environment).commandLines;
  return [...found, ...(found.length === 0 ? byImage(container, words, source) : [])].map(
    (commandLine) => ({
      commandLine,
      volumeAt: (path) => volumeAt(path, container, spec),
      volumes: volumesOf(spec),
      annotations,
      ...(image !== undefined && { image }),
    }),
  );
}

/** A container without `command` runs its image's entry point, which the image's name tells. */
function byImage(container: JsonObject, words: readonly Word[], source: Source): CommandLine[] {
  if (asList(container.command).length > 0) {
    return [];
  }
  const name = asText(container.image)?.split("/").at(-1)?.split(/[:@]/)[0] ?? "";
  const program = name.replace(/-(amd64|arm64|arm|ppc64le|s390x)$/, "");
  return isProgram(program) ? [{ program: program as Program, words, source }] : [];
}

function environmentOf(container: JsonObject): Record<string, string> {
  return Object.fromEntries(
    asList(container.env).flatMap((entry): [string, string][] => {
      const { name, value } = asObject(entry) ?? {};
      return typeof name === "string" && typeof value === "string" ? [[name, value]] : [];
    }),
  );
}

/** Kubernetes replaces `$(NAME)` by the container's environment; `$$` is a dollar sign. */
function withEnvironment(text: string, environment: Readonly<Record<string, string>>): string {
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

function annotationsOf(object: JsonObject | undefined): Record<string, string> {
  const annotations = asObject(asObject(object?.metadata)?.annotations) ?? {};
  return Object.fromEntries(
    Object.entries(annotations).filter(
      (entry): entry is [string, string] => typeof entry[1] === "string",
    ),
  );
}

function texts(value: Json | undefined): string[] {
  return asList(value).map((item) => (typeof item === "string" ? item : JSON.stringify(item)));
}
