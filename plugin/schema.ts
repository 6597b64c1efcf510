/** The part of a Pulumi schema that tells what an input may be. */

/** What a value may be. `plain`: it has to be known at once. */
export type Spec = {
  readonly type?: string;
  /** `#/types/` and the name of one of the schema's types, or `pulumi.json#/Any`. */
  readonly $ref?: string;
  readonly items?: Spec;
  readonly additionalProperties?: Spec;
  readonly oneOf?: readonly Spec[];
  readonly plain?: boolean;
};

/** An object, or one of a few words. */
export type TypeSpec = {
  readonly properties?: Readonly<Record<string, Spec>>;
  readonly required?: readonly string[];
  readonly enum?: readonly { readonly value: string }[];
};

/** A package. */
export type Schema = {
  readonly types: Readonly<Record<string, TypeSpec>>;
  readonly resources: Readonly<
    Record<
      string,
      {
        readonly inputProperties: Readonly<Record<string, Spec>>;
        readonly requiredInputs: readonly string[];
      }
    >
  >;
};

/** The type that a spec refers to; `undefined` when it refers to none of the schema's. */
export function typeOf(spec: Spec, schema: Schema): TypeSpec | undefined {
  const token = spec.$ref?.replace(/^#\/types\//, "");
  return token === undefined ? undefined : schema.types[token];
}
