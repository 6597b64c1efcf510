/**
 * The prefixes of an approver that our component runs, before the addresses are known that they are made of: those of
 * the cluster's machines, as far as they are known, and what stands for the others.
 */
import {
  addressesAnnotation,
  hostFilesSecretType,
  readAddresses,
  servingModeAnnotation,
  tokens,
} from "../../trust/contract.ts";
import { canonicalIp } from "../../trust/go/ip.ts";
import { unknownIp } from "../../trust/programs/node.ts";
import { asObject, type Json, type JsonObject } from "../../trust/readers/yaml.ts";
import { placeholder, type Resource, type Stack, text } from "../stack/resource.ts";
import { clusterOf, isMadeOfAddresses } from "./made-by.ts";

const variable = "PROVIDER_IP_PREFIXES";

/**
 * The object of a resource, with the prefixes in it that are known by their makers.
 *
 * They count where the workload is made from what gives the cluster's addresses, each machine's among them, and from
 * nothing else.
 */
export function withApproverRules(
  stack: Stack,
  resource: Resource,
  object: JsonObject,
): JsonObject {
  const [owner] = stack.ancestorsOf(resource);
  if (owner?.type !== tokens.kubeletServingApprover) return object;
  const whole = clusterOf(stack, owner);
  if (whole === undefined || !isMadeOfAddresses(stack, resource, "spec", owner)) return object;
  // Those that ask.
  const machines = stack.resources.filter(
    (one) =>
      text(one, "type") === hostFilesSecretType &&
      text(one, "metadata", "annotations", servingModeAnnotation) === "bootstrap" &&
      stack.ancestorsOf(one).includes(whole),
  );
  const makers = new Set(resource.madeFrom("spec"));
  if (!machines.every((one) => one.madeFrom("metadata").every((maker) => makers.has(maker)))) {
    return object;
  }
  const prefixes = [`${unknownIp}/32`, ...machines.flatMap(knownPrefixes)].join(",");
  return replaced(object, prefixes) as JsonObject;
}

/** The addresses of a machine that are known, as prefixes. */
function knownPrefixes(machine: Resource): string[] {
  const written = text(machine, "metadata", "annotations", addressesAnnotation);
  const addresses = written === undefined ? [] : readAddresses(written);
  if (typeof addresses === "string") return [];
  return addresses.flatMap(({ address }) => {
    const ip = canonicalIp(address);
    return ip === undefined ? [] : [`${ip}/${ip.includes(":") ? 128 : 32}`];
  });
}

/** A value with the variable set wherever it stands and is not known. */
function replaced(value: Json, prefixes: string): Json {
  if (Array.isArray(value)) return value.map((item) => replaced(item, prefixes));
  const map = asObject(value);
  if (map === undefined) return value;
  if (map.name === variable && map.value === placeholder) return { ...map, value: prefixes };
  return Object.fromEntries(
    Object.entries(map).map(([key, item]) => [key, replaced(item, prefixes)]),
  );
}
