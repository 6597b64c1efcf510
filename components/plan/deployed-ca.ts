import * as pulumi from "@pulumi/pulumi";
import { isMap } from "../model/inputs.ts";
import { fail } from "./failure.ts";
import { type CaStanding, rotationPhases } from "./rotation.ts";

/** Name of the stack output that holds {@link CaStanding}; {@link readDeployedCa} reads it. */
const caStandingOutput = "caStanding";

/**
 * Where the stack that runs stands with its CAs, as its last complete update left it; `absent` when it has no outputs.
 * A program exports `cluster.caStanding` under {@link caStandingOutput}. A stack with outputs that lack it was last
 * updated before there were rotations: it has its first CA, and none.
 *
 * The engine answers from the stored state, and no resource is made for it.
 * Source: pulumi `pkg/resource/deploy/builtins.go` (readStackOutputs), which StackReference reads by too.
 *
 * @throws pulumi.RunError when the output is there and is no standing.
 *
 * @example
 * const cluster = new Cluster("prod", { ...args, deployedCa: await readDeployedCa() });
 * export const caStanding = cluster.caStanding;
 */
export async function readDeployedCa(): Promise<CaStanding | "absent"> {
  const name = `${pulumi.getOrganization()}/${pulumi.getProject()}/${pulumi.getStack()}`;
  const answer = await pulumi.runtime.invoke("pulumi:pulumi:readStackOutputs", { name });
  const outputs: unknown = answer.outputs;
  return standingIn(outputs) ?? fail([notUnderstood]);
}

const notUnderstood = `${caStandingOutput}: the stack has an output of this name that says nothing of its CAs, so which phase of a rotation is deployed cannot be told. Remove that output, or export Cluster's caStanding under it.`;

/** The standing in a stack's outputs; `undefined` when it cannot be understood. */
export function standingIn(outputs: unknown): CaStanding | "absent" | undefined {
  if (!isMap(outputs) || Object.keys(outputs).length === 0) return "absent";
  const value = outputs[caStandingOutput];
  if (value === undefined) return { generation: 1, origins: {} };
  if (!isMap(value) || !isMap(value.origins)) return undefined;
  const { generation, phase, origins } = value;
  if (typeof generation !== "number" || !Object.values(origins).every(isText)) return undefined;
  const found = rotationPhases.find((one) => one === phase);
  if (phase !== undefined && found === undefined) return undefined;
  return {
    generation,
    ...(found === undefined ? {} : { phase: found }),
    origins: origins as Record<string, string>,
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string";
}
