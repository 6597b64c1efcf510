import * as pulumi from "@pulumi/pulumi";
import { nearest } from "../trust/words/nearest.ts";
import { type Schema, type Spec, type TypeSpec, typeOf } from "./schema.ts";

/** Where a value stands, and whether something around it was a secret. */
type Place = { readonly path: string; readonly secret: boolean };

type Fields = Record<string, unknown>;

/**
 * The inputs of a component as TypeScript has them: what has to be plain is plain, and what may be an output is left as
 * it is. Other languages wrap in outputs what is known, and check less than TypeScript does.
 *
 * @param token the component's, e.g. `kubelet-trust:index:Cluster`
 * @throws pulumi.RunError with one paragraph for each problem: the field, what is wrong, the remedy.
 */
export async function plainInputs(inputs: Fields, token: string, schema: Schema): Promise<Fields> {
  const { inputProperties: properties = {}, requiredInputs: required = [] } =
    schema.resources[token] ?? {};
  const reader = new InputReader(schema);
  const values = await reader.fields(inputs, { properties, required }, { path: "", secret: false });
  if (reader.problems.length > 0) throw new pulumi.RunError(reader.problems.join("\n\n"));
  return values;
}

/** Reads values by a schema, and gathers what is wrong with them. */
class InputReader {
  readonly problems: string[] = [];
  readonly #schema: Schema;

  constructor(schema: Schema) {
    this.#schema = schema;
  }

  async fields(given: Fields, type: TypeSpec, at: Place): Promise<Fields> {
    const { properties = {}, required = [] } = type;
    const named = Object.entries(given).filter(
      ([, value]) => value !== undefined && value !== null,
    );
    const names = named.map(([name]) => name);
    for (const name of required.filter((one) => !names.includes(one))) {
      this.problems.push(`${inner(at, name).path}: this is missing. Give it.`);
    }
    const values: Fields = {};
    for (const [name, value] of named) {
      const spec = properties[name];
      if (spec === undefined) this.#unknownField(inner(at, name).path, name, properties);
      else values[name] = await this.#value(value, spec, inner(at, name));
    }
    return values;
  }

  #unknownField(path: string, name: string, properties: object): void {
    const known = Object.keys(properties);
    const meant = nearest(name, known);
    const remedy =
      meant === undefined ? `There are ${known.join(", ")}.` : `Did you mean ${meant}?`;
    this.problems.push(`${path}: there is no such field. ${remedy}`);
  }

  async #value(given: unknown, spec: Spec, at: Place): Promise<unknown> {
    if (!pulumi.Output.isInstance(given)) return this.#known(given, spec, at);
    if (isLeaf(spec) && !spec.plain) return given.apply(secretAsOutput);
    const secret = at.secret || (await pulumi.isSecret(given));
    const known = await knownValue(given);
    if (known !== undefined) return this.#known(known.value, spec, { ...at, secret });
    if (spec.oneOf?.some((one) => isLeaf(one) && !one.plain)) return given.apply(secretAsOutput);
    this.problems.push(
      `${at.path}: this is not known yet, and a cluster is planned before anything is deployed. Give the value itself, or deploy what it comes from first.`,
    );
    return undefined;
  }

  async #known(given: unknown, spec: Spec, at: Place): Promise<unknown> {
    if (pulumi.runtime.isRpcSecret(given)) {
      return this.#value(pulumi.runtime.unwrapRpcSecret(given), spec, { ...at, secret: true });
    }
    const one = spec.oneOf?.find((alternative) => this.#fits(given, alternative)) ?? spec;
    if (!this.#fits(given, one)) {
      const wanted = [...(spec.oneOf ?? [spec])].map((each) => this.#wordsFor(each)).join(" or ");
      const is = at.secret || isObject(given) || !one.plain ? "this" : JSON.stringify(given);
      this.problems.push(`${at.path}: ${is} is not ${wanted}. Give ${wanted}.`);
      return undefined;
    }
    const ofAny = isAny(one) ? one : undefined;
    if (Array.isArray(given)) {
      const spec = ofAny ?? one.items ?? {};
      const list: unknown[] = [];
      for (const [i, each] of given.entries()) {
        list.push(await this.#value(each, spec, { ...at, path: `${at.path}[${i}]` }));
      }
      return list;
    }
    if (isObject(given)) {
      const type = typeOf(one, this.#schema);
      return type === undefined
        ? this.#entries(given, ofAny ?? one.additionalProperties ?? {}, at)
        : this.fields(given, type, at);
    }
    if (at.secret && isLeaf(one) && !one.plain) return pulumi.secret(given);
    if (at.secret) {
      this.problems.push(
        `${at.path}: this is a secret, and would be written in plain. Give it as a plain value.`,
      );
    }
    return given;
  }

  async #entries(given: Fields, spec: Spec, at: Place): Promise<Fields> {
    const values: Fields = {};
    for (const [name, value] of Object.entries(given)) {
      values[name] = await this.#value(value, spec, inner(at, name));
    }
    return values;
  }

  /** Whether a value is of the kind that a spec wants. */
  #fits(given: unknown, spec: Spec): boolean {
    if (isAny(spec)) return true;
    const type = typeOf(spec, this.#schema);
    if (type?.enum !== undefined) return type.enum.some(({ value }) => value === given);
    if (type !== undefined || spec.type === "object") return isObject(given);
    if (spec.type === "array") return Array.isArray(given);
    if (spec.type === "integer") return Number.isSafeInteger(given);
    return typeof given === spec.type;
  }

  #wordsFor(spec: Spec): string {
    const type = typeOf(spec, this.#schema);
    if (type?.enum !== undefined) return type.enum.map(({ value }) => value).join(" or ");
    if (type !== undefined)
      return `an object with ${Object.keys(type.properties ?? {}).join(", ")}`;
    return words[spec.type ?? ""] ?? "such a value";
  }
}

const words: Readonly<Record<string, string>> = {
  string: "a text",
  integer: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

/** A secret inside of an output, or of another secret, comes as the SDK's mark of one. */
function secretAsOutput(value: unknown): unknown {
  return pulumi.runtime.isRpcSecret(value)
    ? pulumi.secret(secretAsOutput(pulumi.runtime.unwrapRpcSecret(value)))
    : value;
}

/** A text, a number or a boolean: of these alone some may become known later. */
function isLeaf(spec: Spec): boolean {
  return ["string", "integer", "boolean"].includes(spec.type ?? "");
}

function isAny(spec: Spec): boolean {
  return spec.$ref === "pulumi.json#/Any";
}

function inner(at: Place, name: string): Place {
  return { ...at, path: at.path === "" ? name : `${at.path}.${name}` };
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * What an output holds, if that is known. The SDK declares neither of the two, and has them since there are outputs.
 * Source: @pulumi/pulumi `output.ts` (OutputImpl), which its own provider server asks the same way.
 */
async function knownValue(output: pulumi.Output<unknown>): Promise<{ value: unknown } | undefined> {
  const asked = output as unknown as { isKnown: Promise<boolean>; promise(): Promise<unknown> };
  return (await asked.isKnown) ? { value: await asked.promise() } : undefined;
}
