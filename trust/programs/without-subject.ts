/** Inputs of a program without the setting that a refusal is about. */
import type { CommandLine, Word } from "../readers/command-line.ts";
import type { KubeletConfigurationDocument } from "../readers/kubelet-configuration.ts";
import { asObject, type Json, type JsonObject } from "../readers/yaml.ts";
import type { Refusal } from "../words/refusal.ts";

type Settable = {
  readonly commandLine?: CommandLine;
  readonly configuration?: KubeletConfigurationDocument;
};

/** The inputs without a refusal's subject; undefined when it stands in none of them. */
export function withoutSubject<Inputs extends Settable>(
  inputs: Inputs,
  { subject }: Refusal,
): Inputs | undefined {
  if (subject === undefined) return undefined;
  if ("flag" in subject) return withoutFlag(inputs, subject.flag);
  return "gate" in subject
    ? withoutGate(inputs, subject.gate)
    : withoutField(inputs, subject.field);
}

function withoutFlag<Inputs extends Settable>(inputs: Inputs, name: string): Inputs | undefined {
  if (!inputs.commandLine) return undefined;
  const words = dropFlag(inputs.commandLine.words, name);
  return words.length === inputs.commandLine.words.length
    ? undefined
    : { ...inputs, commandLine: { ...inputs.commandLine, words } };
}

function normal(name: string): string {
  return name.replaceAll("_", "-");
}

function flagOf(word: Word | undefined): string | undefined {
  const name = word?.kind === "text" ? /^--?([^=]+)/.exec(word.text)?.[1] : undefined;
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

function withoutGate<Inputs extends Settable>(inputs: Inputs, gate: string): Inputs | undefined {
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
    .filter(
      (setting) =>
        setting
          .split("=")[0]
          ?.trim()
          .replace(/^kube:/, "") !== gate,
    );
  return `${flag}=${kept.join(",")}`;
}

/** The configuration without a field; where a flag stands for the field, without that flag. */
function withoutField<Inputs extends Settable>(inputs: Inputs, field: string): Inputs | undefined {
  if (inputs.configuration !== undefined) {
    const configuration = withoutPath(inputs.configuration, field.split("."));
    if (configuration !== inputs.configuration) return { ...inputs, configuration };
  }
  return undefined;
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
