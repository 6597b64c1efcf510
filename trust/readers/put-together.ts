/** Texts that others put together before a machine gets them: lists of lines, joins and expressions of templates. */
import { placeholderIn } from "./placeholders.ts";
import { asList, asObject, asText, type Json, type JsonObject } from "./yaml.ts";

/** Lists whose items one shell runs after each other. */
const lists =
  /^(?:run_?commands?|run_?cmds?|commands|inline|scripts?|(?:before|after)_?script|(?:pre|post)\w*commands)$/i;

/**
 * The script that a list of lines is: a here-document may begin in one and end in another. Sources: the steps of AWS
 * Systems Manager, EC2 Image Builder and CodeBuild, the provisioners of Terraform and Packer, the jobs of GitLab.
 */
export function scriptOfLines(key: string, list: readonly Json[]): string | undefined {
  const lines = list.filter((line) => typeof line === "string");
  const [first] = lines;
  if (first === undefined || lines.length < list.length || !lists.test(key)) return undefined;
  if (lines.some((line, at) => at > 0 && /^#!|^#cloud-config/.test(line))) return undefined;
  return `${first.startsWith("#!") ? "" : "#!/bin/sh\n"}${lines.join("\n")}\n`;
}

/** What stands for a value that is put in. */
const open = `\${value}`;

/**
 * CloudFormation's `Fn::Join`, and its short form without its tag; what it refers to is unknown.
 * Source: AWS CloudFormation, intrinsic functions.
 */
export function joined(value: Json): string | undefined {
  const join = asObject(value)?.["Fn::Join"] ?? value;
  const [mark, items, ...more] = asList(join);
  const isJoin = typeof mark === "string" && /^[\s,:/-]*$/.test(mark) && Array.isArray(items);
  if (!isJoin || more.length > 0) return undefined;
  return items.map((item) => (typeof item === "string" ? item : open)).join(mark);
}

/**
 * The texts in an expression of an Azure template, such as `[base64(concat('#!/bin/sh\n', variables('x')))]`.
 * Source: Azure Resource Manager, template expressions.
 */
export function textOfExpression(text: string): string | undefined {
  if (!/^\s*\[\s*\w+\(/.test(text) || !/\)\s*\]\s*$/.test(text)) return undefined;
  const named = text.replace(/\b(?:parameters|variables)\(\s*'[^']*'\s*\)/g, `'${open}'`);
  const texts = [...named.matchAll(/'((?:[^']|'')*)'/g)].map(([, one = ""]) => one);
  return texts.length === 0 ? undefined : texts.join("").replaceAll("''", "'");
}

/** Fields whose text is run with the variables beside it. */
const runs = /^(?:create|update|delete|command|script|stdin|inline)$/;

/** Variables beside a text, which the text uses; one that is not known stays unknown in it. */
export function variablesFor(
  key: string,
  text: string,
  { environment }: JsonObject,
): readonly (readonly [name: string, value: string])[] {
  const variables = runs.test(key) ? asObject(environment) : undefined;
  if (variables === undefined) return [];
  const used = new Set([...text.matchAll(/\$\{?(\w+)/g)].map(([, name = ""]) => name));
  return [...used].flatMap((name) => {
    const value = Object.hasOwn(variables, name) ? asText(variables[name]) : undefined;
    return value !== undefined && placeholderIn(value) === undefined
      ? [[name, value] as const]
      : [];
  });
}

/** The script with its variables set in its first line of code, so that its lines keep their numbers. */
export function withVariables(
  text: string,
  variables: readonly (readonly [name: string, value: string])[],
): string {
  if (variables.length === 0) return text;
  const set = variables.map(([name, value]) => `${name}='${value.replaceAll("'", "'\\''")}'; `);
  const head = /^#!.*(?:\n|$)/.exec(text)?.[0] ?? "";
  return `${head}${set.join("")}${text.slice(head.length)}`;
}

/** The variables that are set in a script beside them, and read there. */
export function setBeside(parent: JsonObject): ReadonlySet<string> {
  return new Set(
    Object.entries(parent).flatMap(([key, text]) =>
      typeof text === "string" ? variablesFor(key, text, parent).map(([name]) => name) : [],
    ),
  );
}
