/** Resources as the SDK hands them to a policy, without an engine. */

import type { PolicyResource } from "@pulumi/policy";
import type { Config } from "../../policies/config.ts";
import { specs } from "../../policies/policies.ts";
import { judgeBy, type Spec } from "../../policies/policy.ts";
import { analyseStack } from "../../policies/stack/analysis.ts";
import { readStack } from "../../policies/stack/resource.ts";
import { withoutOptions } from "../support/recorded.ts";

/** What the engine sends for a value that is not known yet. */
export const unknownValue = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A resource, by the parts that a test cares for. */
export function resource(
  type: string,
  name: string,
  props: Record<string, unknown>,
  more: Partial<PolicyResource> = {},
): PolicyResource {
  const urn = `urn:pulumi:test::test::${type}::${name}`;
  const provider = {
    type: "pulumi:providers:kubernetes",
    props: {},
    urn: "urn:provider",
    name: "k",
  };
  return {
    type,
    name,
    props,
    urn,
    ...withoutOptions,
    propertyDependencies: {},
    ...(type.startsWith("kubernetes:") && { provider }),
    ...more,
  };
}

/** A ConfigMap in kube-system. */
export function configMap(
  name: string,
  data: unknown,
  metadata: Record<string, unknown> = {},
): PolicyResource {
  const props = { metadata: { name, namespace: "kube-system", ...metadata }, data };
  return resource("kubernetes:core/v1:ConfigMap", name, props);
}

/** A violation as it is handed to the engine. */
export type Sent = { policy: string; message: string; urn?: string; enforcementLevel: string };

/** As the engine does, each policy is given its own: what only others take is left out. */
function configOf({ properties }: Spec, config: Config): Config {
  const ofOthers = new Set(specs.flatMap((spec) => Object.keys(spec.properties)));
  return Object.fromEntries(
    Object.entries(config).filter(([key]) => key in properties || !ofOthers.has(key)),
  );
}

/** What all policies say of some resources. */
export function violationsOf(
  resources: readonly PolicyResource[],
  config: Config = {},
  now = new Date(),
): Sent[] {
  const analysis = analyseStack(readStack(resources), config);
  return specs.flatMap((spec) => {
    const sent: Sent[] = [];
    judgeBy(spec, analysis, configOf(spec, config), now, (violation) => {
      sent.push({ policy: spec.name, enforcementLevel: spec.enforcementLevel, ...violation });
    });
    return sent;
  });
}
