/** What a text is, said once for every door, and the pieces that are in it. */

import { maxPrograms } from "./command-line.ts";
import { documents } from "./documents.ts";
import { decodeBase64, decodeBytes, decodeHex, maxBytes, withoutMark } from "./encoding.ts";
import type { Given, GivenObject, Part, Reading } from "./format.ts";
import { formats, objectFormats } from "./formats.ts";
import { isOfKubernetes } from "./host-paths.ts";
import { kubeadmCommands } from "./kubeadm-command.ts";
import { leftEnvironments, withEnvironments } from "./left-environments.ts";
import { clusterAmong, file, titleOf, unread } from "./origins.ts";
import { pemFile } from "./pem-file.ts";
import type { Origin, Piece, UnreadPiece } from "./piece.ts";
import { nameless, soundsDeciding, speaks } from "./speaks.ts";
import { assembleUnits } from "./unit.ts";
import {
  annotationsOf,
  asList,
  asObject,
  asText,
  type Json,
  type JsonObject,
  type YamlDocument,
} from "./yaml.ts";

export type { Format, Given, GivenObject, ObjectFormat, Reading } from "./format.ts";

/**
 * Every piece in an object: a resource's properties, a manifest. Strings that hold a placeholder are unknown values.
 * Never throws.
 */
export function readObject(
  value: Json,
  origin: Origin,
  lineOf?: YamlDocument["lineOf"],
): readonly Piece[] {
  return readTogether([{ object: value, origin, ...(lineOf && { lineOf }) }]);
}

/** How deep texts may lie in each other: a manifest in a ConfigMap in a cloud-init file in a Secret is four. */
const maxDepth = 12;
/** Texts and objects that are read in one call. */
const maxTexts = 200_000;
/** Characters of all texts that are read in one call, those inside others included. */
const maxTotal = 512 * 1024 * 1024;
/** Of the texts that came out of a single one. */
const maxGrowth = 64 * 1024 * 1024;

/**
 * Every piece in texts and objects that stand beside each other: a unit, its drop-ins and its environment files may
 * come as several. Never throws.
 */
export function readTogether(givens: readonly (Given | GivenObject)[]): readonly Piece[] {
  const walk: Walk = { pieces: [], parts: [], texts: 0, total: 0 };
  for (const given of givens) readThrough(given, walk);
  finish(walk);
  return withoutRepeats(walk.pieces);
}

type Walk = { pieces: Piece[]; parts: Part[]; texts: number; total: number };

type Item = { readonly given: Given | GivenObject; readonly depth: number };

/** Reads one given and everything inside it. */
function readThrough(given: Given | GivenObject, walk: Walk): void {
  const queue: Item[] = [{ given, depth: 0 }];
  let grown = 0;
  let programs = 0;
  for (let next = queue.pop(); next; next = queue.pop()) {
    const { origin } = next.given;
    const size = "content" in next.given ? next.given.content.length : 0;
    walk.texts += 1;
    walk.total += size;
    grown += next.depth === 0 ? 0 : size;
    if (
      programs > maxPrograms ||
      next.depth > maxDepth ||
      walk.texts > maxTexts ||
      walk.total > maxTotal ||
      grown > maxGrowth
    ) {
      walk.pieces.push(
        unread(
          origin,
          `${given.origin.source.where} to its end: it holds more texts, or programs, than are read`,
          true,
        ),
      );
      return;
    }
    const reading = readOne(next.given);
    for (const piece of reading.pieces) {
      walk.pieces.push(piece);
      if (piece.kind === "program") programs += 1;
    }
    for (const part of reading.parts ?? []) walk.parts.push(part);
    for (let index = reading.inner.length - 1; index >= 0; index -= 1) {
      const inner = reading.inner[index];
      if (inner) queue.push({ given: inner, depth: next.depth + 1 });
    }
  }
}

/** Units and kubeadm's commands mean something together with what stands beside them. */
function finish(walk: Walk): void {
  const here = new Set(walk.pieces.flatMap(({ origin: { path, key } }) => [path ?? "", key ?? ""]));
  const { used, readings } = assembleUnits(walk.parts, here);
  for (const reading of readings) add(reading, walk);
  const commands = kubeadmCommands(walk.parts, walk.pieces);
  for (const piece of commands) walk.pieces.push(piece);
  walk.pieces = [...withEnvironments(walk.pieces, walk.parts, used)];
  const hasKubelet = walk.pieces.some(
    (piece) =>
      piece.kind === "kubeadm" ||
      (piece.kind === "program" && piece.commandLine.program === "kubelet"),
  );
  for (const reading of leftEnvironments(walk.parts, used, hasKubelet)) add(reading, walk);
}

function add(reading: Reading, walk: Walk): void {
  for (const piece of reading.pieces) walk.pieces.push(piece);
  for (const part of reading.parts ?? []) walk.parts.push(part);
  for (const inner of reading.inner) readThrough(inner, walk);
}

function readOne(given: Given | GivenObject): Reading {
  return "content" in given ? readContent(given) : readValue(given);
}

function readContent({ content, origin }: Given): Reading {
  if (content.length > maxBytes) {
    return tooLong(origin);
  }
  const decoded = typeof content === "string" ? { text: content } : decodeBytes(content);
  if ("binary" in decoded) {
    return soundsDeciding(origin.path, origin.key) &&
      !/\.(exe|tar|tgz|gz|zip|deb|rpm|png|jpe?g|gif|webp|ico)$|\/bin\//.test(
        `${origin.path ?? origin.key}`,
      )
      ? {
          pieces: [unread(origin, `the text of ${origin.source.where}: ${decoded.binary}`, true)],
          inner: [],
        }
      : { pieces: [], inner: [] };
  }
  const text = withoutMark(decoded.text);
  const reading = readText(text, origin);
  return origin.path === undefined
    ? reading
    : { ...reading, pieces: [file(origin, origin.path, text), ...reading.pieces] };
}

function tooLong(origin: Origin): Reading {
  return {
    pieces: [
      unread(
        origin,
        `the text of ${origin.source.where}, which is longer than ${maxBytes / 1024 / 1024} MiB`,
        true,
      ),
    ],
    inner: [],
  };
}

/** What a text cannot matter without; also what may hide it: escapes, base64, data. */
const worthReading =
  /^#!|runcmd|kube|k8s\.io|\bClusterRole|\bNode\b|api-?server|-----BEGIN|:1025[05]\b|metrics-server|prometheus|scrape_config|kubernetes|\\u|\\x|serverTLS|tlsCert|clientCA|user[-_]?data|cloud-config|write_files|\bk3s|rke2|\bk0s|talos|[A-Za-z0-9+/=_-]{20}|\0|^#include|ignition|^[ \t]*\[Service\]|^[ \t]*\w+=/im;

function readText(text: string, origin: Origin): Reading {
  const isNamed =
    soundsDeciding(origin.path, origin.key) || isOfKubernetes(origin.path ?? "relative");
  if (!isNamed && !worthReading.test(text) && !nameless.test(text))
    return { pieces: [], inner: [] };
  const format =
    isForPeople(origin) && !text.startsWith("#!")
      ? undefined
      : formats.find((one) => one.recognises(text, origin));
  if (format) {
    const reading = format.read(text, origin);
    const isEmpty =
      reading.pieces.length + reading.inner.length + (reading.parts ?? []).length === 0;
    if (isEmpty && !reading.isHarmless && format.status === undefined && format !== pemFile) {
      return { pieces: notUnderstood(text, origin).filter(({ deciding }) => deciding), inner: [] };
    }
    return format !== documents && control.test(text) && speaks(text) === "of settings"
      ? { ...reading, pieces: [...reading.pieces, isTemplate(origin)] }
      : reading;
  }
  for (const bytes of [decodeHex(text), decodeBase64(text.trim()) ?? dataOf(text.trim())]) {
    const decoded = bytes && decodeBytes(bytes);
    // Most words are base64 by chance: only what is text, or was packed, was meant to be.
    if (decoded && "text" in decoded && isReadable(decoded.text)) {
      return { pieces: [], inner: [{ content: decoded.text, origin }] };
    }
  }
  return { pieces: notUnderstood(text, origin), inner: [] };
}

/** Conditions and loops of Terraform's, Jinja's, Go's and Ruby's templates. */
const control =
  /%\{-?~?\s*(?:if|for|else)\b|\{%-?\s*(?:if|for|else|elif|include|block)\b|\{\{-?\s*(?:if|range|else|with|include|template)\b|<%-?\s*(?:if|unless|else|@?\w+\.each)\b/;

function isTemplate(origin: Origin): UnreadPiece {
  const missing = `what is made of ${origin.source.where}, which is a template: its conditions are not followed`;
  return unread(origin, missing, true);
}

/** `data:text/plain;base64,...` */
function dataOf(text: string): Uint8Array | undefined {
  const [, base64, data = ""] = /^data:[^,]{0,100}?(;base64)?,(.*)$/s.exec(text) ?? [];
  if (!text.startsWith("data:")) return undefined;
  if (base64 !== undefined) return decodeBase64(decoded(data), true);
  return Buffer.from(decoded(data), "utf8");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function isReadable(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: bytes that no text has
  return !/[\x01-\x08\x0e-\x1a]/.test(text.slice(0, 4096));
}

function notUnderstood(text: string, origin: Origin): UnreadPiece[] {
  const speech = speaks(text);
  if (speech === "of other things") {
    const missing = `the text of ${origin.source.where}, of which kubeadm makes nothing either`;
    return isKubeadms(origin) && text.trim() !== "" ? [unread(origin, missing, true)] : [];
  }
  return [
    unread(
      origin,
      `${origin.source.where}, a text that speaks of kubelets or kube-apiserver and is of no form that is known`,
      (speech === "of settings" || makesFiles(text)) && !isForPeople(origin),
    ),
  ];
}

/** Whether kubeadm takes a configuration from it. Source: kubernetes `cmd/kubeadm/app/constants/constants.go`. */
function isKubeadms({ object = "", key }: Origin): boolean {
  return (
    /^ConfigMap kube-system\/kube(?:let-config(?:-[\d.]+)?|adm-config)$/.test(object) &&
    (key === "kubelet" || key === "ClusterConfiguration")
  );
}

/** Whether a recipe of Chef's or a manifest of Puppet's makes a file of Kubernetes. */
function makesFiles(text: string): boolean {
  const made =
    /^[ \t]*(?:template|cookbook_file|remote_file|file)\s*\{?\s*["'](\/[^"'\s]+)["']\s*(?:do\b|:)/gm;
  return [...text.matchAll(made)].some(([, path = ""]) => isOfKubernetes(path));
}

/** No program takes its settings from a page. */
function isForPeople({ path, key }: Origin): boolean {
  return /\.(?:md|rst|adoc)$|(?:^|\/)(?:motd|readme|notes|issue|license)(?:\.txt)?$/i.test(
    path ?? key ?? "",
  );
}

function readValue({
  object: value,
  origin,
  lineOf = () => undefined,
  text,
}: GivenObject): Reading {
  const object = asObject(value);
  if (!object) {
    return {
      pieces: [],
      inner: asList(value).flatMap((item, index): (Given | GivenObject)[] =>
        typeof item === "object"
          ? [{ object: item, origin, lineOf: (path) => lineOf([index, ...path]) }]
          : [],
      ),
    };
  }
  const whole = withoutPatch(object);
  const own = originOf(whole, origin);
  const format = objectFormats.find((one) => one.recognises(whole, own));
  return format?.read(whole, own, lineOf, text) ?? { pieces: [], inner: [] };
}

/** `ConfigMapPatch`: what patches an object of a kind is read as that kind. */
function withoutPatch(object: JsonObject): JsonObject {
  const kind = asText(object.kind) ?? "";
  return /^[A-Z]\w+Patch$/.test(kind) ? { ...object, kind: kind.replace(/Patch$/, "") } : object;
}

/** What an object says about where it belongs. */
function originOf(object: JsonObject, origin: Origin): Origin {
  const metadata = asObject(object.metadata);
  if (!metadata || typeof object.kind !== "string") return origin;
  const namespace = asText(metadata.namespace);
  const cluster = clusterAmong(metadata.labels, titleOf(object));
  const isNamed = origin.source.where.includes(titleOf(object));
  return {
    ...origin,
    object: titleOf({ ...object, metadata: { namespace: "default", ...metadata } }),
    annotations: { ...origin.annotations, ...annotationsOf(object) },
    source: isNamed
      ? origin.source
      : { ...origin.source, where: `${origin.source.where}: ${titleOf(object)}` },
    ...(namespace !== undefined && { namespace }),
    ...(origin.cluster.known && origin.cluster.value === undefined && { cluster }),
  };
}

/** The same thing said twice of one holder is said once. */
function withoutRepeats(pieces: readonly Piece[]): readonly Piece[] {
  const said = new Set<string>();
  return pieces.filter((piece) => {
    if (piece.kind !== "unread") return true;
    const key = `${piece.origin.holder}\n${piece.missing}`;
    if (said.has(key)) return false;
    said.add(key);
    return true;
  });
}
