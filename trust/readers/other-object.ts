/**
 * Objects of kinds that are not known, resources of providers among them: pods, objects, files and texts are looked for
 * wherever they stand in it; what speaks of kubelets and is none of these is said.
 */

import { isAgentModule, kubeletUrl } from "./agents.ts";
import { decodeBase64 } from "./encoding.ts";
import type { Given, GivenObject, ObjectFormat, Reading } from "./format.ts";
import { settingPieces } from "./given-settings.ts";
import { isOfKubernetes } from "./host-paths.ts";
import { isKubeletStats, kubeletStats } from "./kubelet-stats.ts";
import { fieldName, ofFile, titleOf, unread } from "./origins.ts";
import { asSettings, fieldsMeant } from "./other-clothes.ts";
import type { Origin, Piece } from "./piece.ts";
import { isUnknown } from "./placeholders.ts";
import {
  joined,
  scriptOfLines,
  setBeside,
  textOfExpression,
  variablesFor,
  withVariables,
} from "./put-together.ts";
import { isScrapeJob } from "./scrape-job.ts";
import { nameless, soundsDeciding, speaks } from "./speaks.ts";
import type { Settled } from "./tuning.ts";
import { readWorkload } from "./workload.ts";
import {
  asList,
  asObject,
  asText,
  type FieldPath,
  type Json,
  type JsonObject,
  type YamlDocument,
} from "./yaml.ts";

export const otherObject: ObjectFormat = {
  name: "any other object",
  about:
    'Rollouts and other kinds with a pod inside, virtual machines with user data (`userData`, `userDataBase64`, `customData`, `metadata["user-data"]`, `metadataStartupScript`, ...), remote and local commands with the variables beside them, lists of the lines of a script, joins of CloudFormation and Azure, settings of kubelets in other clothes (a name beside its value, JSON patches, flags without dashes), files (`path` with `content`), objects inside of it; what else speaks of kubelets is said to be not read',
  recognises: () => true,
  read: (object, origin, lineOf) => {
    const pods = readWorkload({ kind: "", ...object }, origin, lineOf);
    const found = search(object, origin, lineOf);
    return {
      pieces: [...pods.pieces, ...found.pieces],
      inner: [...pods.inner, ...found.inner],
      parts: pods.parts ?? [],
    };
  },
};

/** Deeper than this nothing is looked for, and it is said when it may matter. */
const maxDepth = 40;

type Found = { pieces: Piece[]; inner: (Given | GivenObject)[]; mentions: FieldPath[] };

/** Where a kind that is known keeps settings of kubelets, and who makes flags of them. */
export type Settling = {
  readonly by: string;
  /** Fields that hold settings, wherever they stand. */
  readonly settings: RegExp;
  /** Fields above those: one that is not known may bring any. */
  readonly above: RegExp;
};

/** Looks for texts and objects in an object whose kind says nothing, or where its settings stand and no more. */
export function search(
  object: JsonObject,
  origin: Origin,
  lineOf: YamlDocument["lineOf"],
  settling?: Settling,
): Reading {
  const found: Found = { pieces: [], inner: [], mentions: [] };
  const all: Search = { origin, lineOf, found, settling };
  const hasKind = typeof object.kind === "string" && object.kind !== "";
  const meant = fieldsMeant(object);
  if (meant)
    return { pieces: [], inner: [{ object: meant, origin, lineOf: () => lineOf(["value"]) }] };
  for (const [key, value] of Object.entries(object)) {
    if (!hasKind || !aside.has(key)) visitField(key, value, [], object, all);
  }
  const [first] = found.mentions;
  if (first) {
    found.pieces.push(
      unread(
        origin,
        `what ${origin.source.where} says of kubelets or kube-apiserver in ${fieldName(first)}, as it is of a kind that is not read`,
        false,
      ),
    );
  }
  return { pieces: found.pieces, inner: found.inner };
}

/** What every object of Kubernetes has and no setting is in. */
const aside = new Set(["metadata", "status", "apiVersion", "kind"]);

type Search = {
  readonly origin: Origin;
  readonly lineOf: YamlDocument["lineOf"];
  readonly found: Found;
  readonly settling: Settling | undefined;
};

/** A field: settings of a kubelet, or something else to look through. */
function visitField(
  key: string,
  value: Json,
  path: FieldPath,
  parent: JsonObject,
  search: Search,
): void {
  const { origin, found, settling } = search;
  const here = [...path, key];
  const receiver = isKubeletStats(key) ? asObject(value) : undefined;
  if (receiver) {
    found.pieces.push(...kubeletStats(key, receiver, here, search));
    return;
  }
  const settings = asSettings(key, value);
  const whose = settledIn(key, settings, path, settling);
  if (whose === undefined) {
    if (isVariable(key, value)) {
      const where = fieldName(here);
      found.pieces.push(unread(origin, `what ${origin.source.where} makes of ${where}`, true));
    }
    visit(value, here, parent, search);
    return;
  }
  const by = settling?.by;
  const isNoneMeant = settling !== undefined;
  for (const piece of settingPieces(settings, here, whose, search, by, isNoneMeant)) {
    found.pieces.push(piece);
  }
  if (asObject(value) === undefined) return;
  // Programs, objects and files among them are read as well; of the rest it is said already what is not.
  const inside: Found = { pieces: [], inner: [], mentions: [] };
  visit(value, here, parent, { ...search, found: inside });
  found.pieces.push(...inside.pieces.filter(({ kind }) => kind !== "unread"));
  found.inner.push(...inside.inner.filter((one) => !isFlags(one)));
}

/** Whose settings a field holds, if any does. */
function settledIn(
  key: string,
  value: Json,
  path: FieldPath,
  settling: Settling | undefined,
): Settled | undefined {
  if (settling?.settings.test(key)) {
    return /api-?server|controller-?manager|^authorization$/i.test(key)
      ? "other program"
      : "kubelet";
  }
  const object = asObject(value);
  if (object === undefined) {
    const isGiven = /kubelet[\w-]*(?:args?|flags|options|opts)$/i.test(key);
    const [first] = typeof value === "string" ? [value.trim()] : asTexts(value);
    return isGiven && first !== undefined && /^--[a-z]/i.test(first) ? "kubelet" : undefined;
  }
  if (key === "kubernetes" && path.at(-1) === "settings") return "bottlerocket";
  // What runs as a container is read as one.
  if ((object.command ?? object.args ?? object.image) !== undefined) return undefined;
  if (!/kubelet|kube-?api-?server/i.test(key) || /monitor|metrics|rbac/i.test(key))
    return undefined;
  const spoken = JSON.stringify({ [key]: value }, (name, item) =>
    typeof item === "string" && prose.test(name) ? undefined : item,
  );
  if (speaks(spoken) !== "of settings") return undefined;
  return /kubelet/i.test(key) ? "kubelet" : "other program";
}

/** Variables of Ansible and the like, which say by their names what they are of; text that is no YAML is a name alone. */
function isVariable(key: string, value: Json): boolean {
  if (value === null) return speaks(key) === "of settings";
  return (
    (typeof value === "boolean" || typeof value === "number") &&
    key.includes("_") &&
    speaks(`${key}: ${value}`) === "of settings"
  );
}

function isFlags(one: Given | GivenObject): boolean {
  return "content" in one && typeof one.content === "string" && /^\s*-/.test(one.content);
}

function visit(value: Json, path: FieldPath, parent: JsonObject, search: Search): void {
  if (path.length > maxDepth) return;
  if (typeof value === "string") {
    visitText(value, path, parent, search);
    return;
  }
  const whole = joined(value);
  if (whole !== undefined) {
    visitText(whole, path, parent, search);
    return;
  }
  const object = asObject(value);
  if (object === undefined) {
    visitList(asList(value), path, parent, search);
    return;
  }
  const { origin, lineOf, found } = search;
  if (isObjectOfItsOwn(object) || isScrapeJob(object) || isAgentModule(object)) {
    found.inner.push({
      object,
      origin: { ...origin, holder: `${origin.holder}#${titleOf(object)}` },
      lineOf: (inner) => lineOf([...path, ...inner]),
    });
    return;
  }
  const meant = fieldsMeant(object);
  if (meant) {
    found.inner.push({
      object: meant,
      origin: within(search, path),
      lineOf: () => lineOf([...path, "value"]),
    });
    return;
  }
  const set = path.at(-1) === "environment" ? setBeside(parent) : undefined;
  for (const [key, item] of Object.entries(object)) {
    if (key === "containers" || key === "initContainers") continue;
    if (set?.has(key)) continue;
    visitField(key, item, path, object, search);
  }
}

/** A Kubernetes object, a KubeletConfiguration, kubeadm's: as values of charts and other kinds hold them. */
function isObjectOfItsOwn({ apiVersion, kind }: JsonObject): boolean {
  return typeof apiVersion === "string" && typeof kind === "string";
}

/** Files that tasks of Ansible and the like make out of others. */
const taskKeys = ["src", "template", "url", "remote_src", "regexp", "block", "localPath"];

/** Fields with what is in a file. */
const contentKeys = /^(content|contents|inline|data|source)$/;

/** Fields that say where a file comes from; a folder of the host in the place of `source` is mounted, not copied. */
function isElsewhere(key: string, text: string): boolean {
  return key === "source" && /^(?!\/|data:)\S+$/.test(text);
}

/** The file of a machine that a field is about: named beside it, or by a key above it (Salt's states). */
function fileAround(path: FieldPath, parent: JsonObject): string | undefined {
  const beside = ["path", "filename", "destination", "remotePath", "file"]
    .map((name) => asText(parent[name]))
    .find((one) => one !== undefined);
  return (
    beside ??
    path.find(
      (part): part is string =>
        typeof part === "string" && part.startsWith("/") && isOfKubernetes(part),
    )
  );
}

function visitList(
  list: readonly Json[],
  path: FieldPath,
  parent: JsonObject,
  search: Search,
): void {
  const texts = list.filter((item) => typeof item === "string");
  const isCommand = texts.length === list.length && texts.length > 0;
  if (
    isCommand &&
    /^(command|args|argv|entrypoints?|cmd|exec|execStart)$/i.test(String(path.at(-1)))
  ) {
    const start = asTexts(parent.entrypoint ?? parent.entrypoints);
    const program = typeof parent.command === "string" ? [parent.command] : [];
    const before = [...start, ...program, ...asTexts(parent.command)];
    const argv = [...before, ...asTexts(parent.args ?? parent.cmd)];
    const all = argv.length > 0 ? argv : texts;
    // One of the fields stands for all of them; flags alone are for whoever knows the program, but for a kubelet's own.
    const key = String(path.at(-1));
    const isFurther =
      (key === "args" &&
        (asTexts(parent.command).length > 0 ||
          start.length > 0 ||
          (/^-/.test(all[0] ?? "") && !nameless.test(all.join(" "))))) ||
      (key === "cmd" && argv.length > texts.length) ||
      (key === "command" && start.length > 0);
    if (speaks(all.join(" ")) !== "of other things" && !isFurther) {
      search.found.inner.push({
        content: `${all.join("\0")}\0`,
        origin: within(search, path),
      });
    }
    return;
  }
  if (isCommand && typeof path.at(-1) === "number" && texts[0] === "apiclient") {
    search.found.inner.push({ content: `${texts.join("\0")}\0`, origin: within(search, path) });
    return;
  }
  const script = scriptOfLines(String(path.at(-1)), list);
  if (script !== undefined) {
    visitText(script, path, parent, search);
    return;
  }
  for (const [index, item] of list.entries()) visit(item, [...path, index], parent, search);
}

function asTexts(value: Json | undefined): string[] {
  return asList(value).filter((item): item is string => typeof item === "string");
}

/** Fields of prose and names: no program runs what they say. */
const prose =
  /^(description|desc|summary|\w*message|title|help|comment|notes?|reason|pattern|regex|condition|expr|expression|query|legendFormat|url|href|digest|sha256|version|image|name|namespace|id|arn)$/i;

function visitText(text: string, path: FieldPath, parent: JsonObject, search: Search): void {
  const key = String(path.at(-1));
  const { found } = search;
  const file = fileAround(path, parent);
  if (file !== undefined && contentKeys.test(key) && isOfKubernetes(file)) {
    if (isUnknown(text) || isElsewhere(key, text)) {
      found.pieces.push(made(file, search));
      return;
    }
  }
  if (isUnknown(text)) {
    const isAbove = search.settling?.above.test(fieldAt(path)) ?? false;
    if (userData.test(key) || soundsDeciding(key) || isAbove) {
      found.pieces.push(
        unread(
          search.origin,
          `${fieldName(path)} of ${search.origin.source.where}`,
          soundsDeciding(key) || isAbove || soundsDeciding(titleOf({ ...parent })),
        ),
      );
    }
    return;
  }
  if (contentKeys.test(key) && file?.startsWith("/")) {
    const origin = ofFile(within(search, path), file);
    found.inner.push({ content: text, origin });
    return;
  }
  if (
    /^(dest|path|destination|target|remotePath)$/.test(key) &&
    isOfKubernetes(text) &&
    parent.content === undefined &&
    taskKeys.some((one) => Object.hasOwn(parent, one))
  ) {
    found.pieces.push(made(text, search));
    return;
  }
  if (bootstrapArguments.test(key)) {
    found.inner.push({
      content: `#!/bin/sh\nbootstrap.sh ${text}\n`,
      origin: within(search, path),
    });
    return;
  }
  const isText = /\s/.test(text.trim()) || /^(?:data:|\s*[{[])|\n$/.test(text);
  if (isText || decodeBase64(text) !== undefined) {
    const speech = speaks(text);
    if (prose.test(key)) {
      if (speech === "of settings" && text.includes("\n")) found.mentions.push(path);
      return;
    }
    const content = withVariables(textOfExpression(text) ?? text, variablesFor(key, text, parent));
    found.inner.push({ content, origin: within(search, path) });
  } else if (!prose.test(key) && speaks(`${key}: ${text}`) === "of settings") {
    const made = `what ${search.origin.source.where} makes of ${fieldName(path)}`;
    found.pieces.push(unread(search.origin, made, true));
  } else if (
    kubeletUrl.test(text) ||
    (!prose.test(key) && speaks(text) === "of them" && !/^[\w.:/-]*$/.test(text))
  ) {
    found.mentions.push(path);
  }
}

/** Words for EKS' bootstrap.sh, whose `--kubelet-extra-args` are read as in a script. */
const bootstrapArguments = /^bootstrap_?(?:extra)?_?arg(?:ument)?s$/i;

/** The field that a value stands in, if only as one of a list. */
function fieldAt(path: FieldPath): string {
  const field = [...path].reverse().find((part) => typeof part === "string");
  return String(field ?? "");
}

/** A file of Kubernetes that is made out of something elsewhere. */
function made(file: string, { origin }: Search): Piece {
  const named = origin.secret ? "a file of Kubernetes" : file;
  return unread(origin, `what ${origin.source.where} makes of ${named}`, true);
}

/** Fields whose value, where it is not known yet, may bring anything. */
const userData =
  /^(?:yaml|manifests?|objs|postrender)$|user[-_]?data|custom[-_]?data|start[-_]?up[-_]?script|cloud[-_]?init|cloud[-_]?config|ignition|bootstrap/i;

function within({ origin, lineOf }: Search, path: FieldPath): Origin {
  const line = lineOf(path);
  const name = fieldName(path);
  const { path: _path, ...rest } = origin;
  return {
    ...rest,
    key: name,
    machine: origin.machine ?? origin.holder,
    source: { where: `${origin.source.where} (${name})`, ...(line !== undefined && { line }) },
  };
}
