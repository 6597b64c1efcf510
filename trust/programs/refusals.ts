/**
 * Everything that keeps a program from starting, not only what it prints first: each refusal is noted and taken away,
 * until the program would start. What is left says how it would behave once it does.
 */

import type { CommandLine, Word } from "../readers/command-line.ts";
import type { KubeletConfigurationDocument } from "../readers/kubelet-configuration.ts";
import { asObject, type Json, type JsonObject } from "../readers/yaml.ts";
import { known } from "../words/fact.ts";
import type { ApiServerFacts, KubeletFacts, Start } from "../words/facts.ts";
import { type ApiServerInputs, apiServerFacts } from "./api-server/facts.ts";
import { type KubeletInputs, kubeletFacts } from "./kubelet/facts.ts";

/** One refusal: what is printed, where it comes from, and what would help. */
export type StopsStart = Extract<Start, { starts: false }>;

export type Refusals<Facts> = {
  /** In the order in which the program would complain; empty when it starts. */
  readonly refusals: readonly StopsStart[];
  /** The facts without whatever stops it: as if it started. */
  readonly asIfStarted: Facts;
};

/** More than anybody writes into one file; a guard, so that this ends. */
const maxRefusals = 50;

/** What keeps a kubelet from starting. Never throws. */
export function kubeletRefusals(inputs: KubeletInputs): Refusals<KubeletFacts> {
  return collect(
    inputs,
    kubeletFacts,
    (current, refusal) =>
      withoutFlag(current, refusal.message) ??
      withoutGate(current, refusal.message) ??
      withoutField(current, refusal.source?.key),
  );
}

/** What keeps a kube-apiserver from starting. Never throws. */
export function apiServerRefusals(inputs: ApiServerInputs): Refusals<ApiServerFacts> {
  return collect(
    inputs,
    apiServerFacts,
    (current, refusal) =>
      withoutFlag(current, refusal.message) ?? withoutGate(current, refusal.message),
  );
}

type Startable = { readonly start: KubeletFacts["start"] };

function collect<Inputs, Facts extends Startable>(
  inputs: Inputs,
  resolve: (inputs: Inputs) => Facts,
  without: (inputs: Inputs, refusal: StopsStart) => Inputs | undefined,
): Refusals<Facts> {
  const refusals: StopsStart[] = [];
  let current: Inputs | undefined = inputs;
  let facts = resolve(inputs);
  while (current !== undefined && facts.start.known && !facts.start.value.starts) {
    const refusal: StopsStart = facts.start.value;
    if (refusals.length >= maxRefusals || refusals.some((one) => one.message === refusal.message)) {
      break;
    }
    refusals.push(refusal);
    current = without(current, refusal);
    if (current !== undefined) facts = resolve(current);
  }
  return { refusals, asIfStarted: { ...facts, start: known({ starts: true }) } };
}

/** The command line without the flag that a message names. */
function withoutFlag<Inputs extends { readonly commandLine?: CommandLine }>(
  inputs: Inputs,
  message: string,
): Inputs | undefined {
  const name = /--([A-Za-z][\w-]*)/.exec(message)?.[1];
  if (name === undefined || !inputs.commandLine) return undefined;
  const words = dropFlag(inputs.commandLine.words, normal(name));
  return words.length === inputs.commandLine.words.length
    ? undefined
    : { ...inputs, commandLine: { ...inputs.commandLine, words } };
}

function normal(name: string): string {
  return name.replaceAll("_", "-");
}

function flagOf(word: Word | undefined): string | undefined {
  const name = word?.kind === "text" ? /^--([^=]+)/.exec(word.text)?.[1] : undefined;
  return name === undefined ? undefined : normal(name);
}

/** A value in a word of its own goes with its flag. */
function dropFlag(words: readonly Word[], name: string): Word[] {
  return words.filter((word, index) => {
    if (flagOf(word) === name) return false;
    const before = words[index - 1];
    const isValue =
      word.kind === "text" &&
      !word.text.startsWith("-") &&
      before?.kind === "text" &&
      !before.text.includes("=") &&
      flagOf(before) === name;
    return !isValue;
  });
}

function withoutGate<
  Inputs extends {
    readonly commandLine?: CommandLine;
    readonly configuration?: KubeletConfigurationDocument;
  },
>(inputs: Inputs, message: string): Inputs | undefined {
  const gate = /(?:unrecognized feature gate: |cannot set feature gate )(\w+)/.exec(message)?.[1];
  if (gate === undefined) return undefined;
  const before = inputs.commandLine?.words ?? [];
  const words = before.map((word) =>
    flagOf(word) === "feature-gates" && word.kind === "text"
      ? { ...word, text: dropGate(word.text, gate) }
      : word,
  );
  const configuration =
    inputs.configuration && withoutPath(inputs.configuration, ["featureGates", gate]);
  const isSame =
    words.every((word, index) => {
      const old = before[index];
      return word.kind !== "text" || (old?.kind === "text" && old.text === word.text);
    }) && configuration === inputs.configuration;
  return isSame
    ? undefined
    : {
        ...inputs,
        ...(inputs.commandLine && { commandLine: { ...inputs.commandLine, words } }),
        ...(configuration && { configuration }),
      };
}

function dropGate(word: string, gate: string): string {
  const [flag = "", ...rest] = word.split("=");
  const kept = rest
    .join("=")
    .split(",")
    .filter((setting) => setting.split("=")[0]?.trim() !== gate);
  return `${flag}=${kept.join(",")}`;
}

/** The configuration without the field that a refusal points at. */
function withoutField(inputs: KubeletInputs, key: string | undefined): KubeletInputs | undefined {
  if (inputs.configuration === undefined || key === undefined || key.startsWith("--")) {
    return undefined;
  }
  const configuration = withoutPath(inputs.configuration, key.split("."));
  return configuration === inputs.configuration ? undefined : { ...inputs, configuration };
}

function withoutPath(
  document: KubeletConfigurationDocument,
  path: readonly string[],
): KubeletConfigurationDocument {
  const value = dropPath(document.value, path);
  return value === document.value ? document : { ...document, value };
}

function dropPath(object: JsonObject, [key = "", ...rest]: readonly string[]): JsonObject {
  if (!Object.hasOwn(object, key)) return object;
  const inner: Json | undefined = object[key];
  const nested = asObject(inner);
  if (rest.length > 0 && nested) {
    const kept = dropPath(nested, rest);
    return kept === nested ? object : { ...object, [key]: kept };
  }
  return Object.fromEntries(Object.entries(object).filter(([name]) => name !== key));
}
