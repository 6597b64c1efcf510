/** Origins of what lies inside something else, and the pieces that say what was not read. */
import { type Fact, known, type Source, unknown } from "../words/fact.ts";
import { clusterLabel } from "../words/vocabulary.ts";
import type { FilePiece, Origin, UnreadPiece } from "./piece.ts";
import { placeholderIn } from "./placeholders.ts";
import { textFile } from "./text-file.ts";
import {
  asObject,
  asText,
  type FieldPath,
  type Json,
  type JsonObject,
  type YamlDocument,
} from "./yaml.ts";

/** The origin of a text under a key, e.g. of a ConfigMap. */
export function underKey(origin: Origin, key: string): Origin {
  const { path: _path, ...rest } = origin;
  return {
    ...rest,
    key,
    source: { where: `${origin.source.where} (${key})` },
  };
}

/** The origin of a file of a machine; the machine is the holder where none is said. */
export function ofFile(origin: Origin, path: string): Origin {
  return {
    ...origin,
    path,
    key: path.slice(path.lastIndexOf("/") + 1),
    machine: origin.machine ?? origin.holder,
    source: { where: `${origin.source.where}: ${path}` },
  };
}

/** The origin with the line of a field, where it is known. */
export function at(origin: Origin, path: FieldPath, lineOf: YamlDocument["lineOf"]): Origin {
  const line = lineOf(path);
  const key = fieldName(path);
  const source: Source = {
    ...origin.source,
    ...(key !== "" && { key }),
    ...(line !== undefined && { line }),
  };
  return { ...origin, source };
}

/**
 * The cluster that an object says it belongs to, by its labels.
 *
 * @param where what a person calls the object
 * @returns unknown where the labels or the label are; `undefined` where none is there
 */
export function clusterAmong(labels: Json | undefined, where: string): Fact<string | undefined> {
  const isKnown = (text: Json | undefined): boolean =>
    typeof text !== "string" || placeholderIn(text) === undefined;
  const label = asText(asObject(labels)?.[clusterLabel]);
  return isKnown(labels) && isKnown(label)
    ? known(label)
    : unknown(`the label ${clusterLabel} of ${where}`, { where });
}

/** How a program is said to read a key of a ConfigMap or Secret, named as {@link titleOf} does, where no path is said. */
export function fileInObject(object: string, key: string): string {
  return `${object} (${key})`;
}

/** `spec.files[0].content` */
export function fieldName(path: FieldPath): string {
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${part}`))
    .join("")
    .replace(/^\./, "");
}

/** Says that something was not read. */
export function unread(origin: Origin, missing: string, deciding: boolean): UnreadPiece {
  return { kind: "unread", origin, missing, deciding };
}

/** More blocks than any real bundle has; each costs time in every verification. */
const maxBlocks = 10_000;

/** A file of a machine, by its text. */
export function file(origin: Origin, path: string, text: string): FilePiece {
  const { source } = origin;
  const content = hasMany(text, "-----BEGIN ", maxBlocks)
    ? unknown(`the content of ${path}, which holds more than ${maxBlocks} certificates`, source)
    : textFile(path, text, source);
  return { kind: "file", origin, path, content };
}

function hasMany(text: string, mark: string, limit: number): boolean {
  let count = 0;
  for (let at = text.indexOf(mark); at >= 0 && count <= limit; at = text.indexOf(mark, at + 1)) {
    count += 1;
  }
  return count > limit;
}

/** How a person calls an object: `ConfigMap kube-system/kubelet-config`. */
export function titleOf(object: JsonObject): string {
  const metadata = asObject(object.metadata);
  const name = asText(metadata?.name) ?? asText(metadata?.generateName) ?? "";
  const namespace = asText(metadata?.namespace);
  const kind = asText(object.kind) ?? "object";
  const whole = `${kind} ${namespace === undefined ? "" : `${namespace}/`}${name}`.trim();
  return whole.length > 200 ? `${whole.slice(0, 200)}…` : whole;
}
