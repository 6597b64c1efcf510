/** The components for programs in every language that Pulumi has: a plugin that the engine asks to make them. */
import * as pulumi from "@pulumi/pulumi";
import { tokens } from "../trust/contract.ts";
import { makeCluster, makeNodePool } from "./components.ts";
import { plainInputs } from "./inputs.ts";
import type { Schema } from "./schema.ts";
import type { ClusterInputs, NodePoolInputs } from "./types.ts";

/**
 * Serves the engine until it goes away.
 *
 * @param schema of the package, whose types the inputs were checked by
 * @param version of the package
 */
export async function serve(schema: Schema, version: string): Promise<void> {
  const plugin = {
    version,
    schema: JSON.stringify(schema),
    construct: (
      name: string,
      token: string,
      inputs: pulumi.Inputs,
      options: pulumi.ComponentResourceOptions,
    ) => construct(schema, name, token, inputs, options),
  };
  await pulumi.provider.main(plugin, process.argv.slice(2));
}

async function construct(
  schema: Schema,
  name: string,
  token: string,
  inputs: pulumi.Inputs,
  options: pulumi.ComponentResourceOptions,
): Promise<pulumi.provider.ConstructResult> {
  const given = await plainInputs(inputs, token, schema);
  const { resource, outputs } = await make(name, token, given, options);
  return { urn: resource.urn, state: outputs };
}

/** The schema is made from the types: what it lets through is of them. */
function make(
  name: string,
  token: string,
  inputs: unknown,
  options: pulumi.ComponentResourceOptions,
) {
  switch (token) {
    case tokens.cluster:
      return makeCluster(name, inputs as ClusterInputs, options);
    case tokens.nodePool:
      return makeNodePool(name, inputs as NodePoolInputs, options);
    default:
      throw new pulumi.RunError(
        `${token}: this package has no such component. There are ${tokens.cluster} and ${tokens.nodePool}.`,
      );
  }
}
