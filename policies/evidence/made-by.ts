/** What a Secret of ours is made from, and whether that is what its cluster makes. */
import { tokens } from "../../trust/contract.ts";
import type { Resource, Stack } from "../stack/resource.ts";
import { makesCertificate } from "./certificates.ts";

/**
 * Whether all that a Secret's data is made from belongs to the cluster, or the pool, that its component is part of, or
 * is what the certificates there are made from (a CA of elsewhere). Whatever else is in it, a component says nothing of.
 */
export function isMadeByItsCluster(stack: Stack, secret: Resource, owner: Resource): boolean {
  const whole = wholeOf(stack, owner);
  if (whole === undefined) return false;
  return secret
    .madeFrom("data")
    .every((maker) => isWithin(stack, maker, whole) || sourcesOf(stack, whole).has(maker.urn));
}

/** The outermost cluster or pool around a component, else what it stands in. */
function wholeOf(stack: Stack, owner: Resource): Resource | undefined {
  const around = stack.ancestorsOf(owner);
  const ours = around.filter(({ type }) => type === tokens.cluster || type === tokens.nodePool);
  return ours.at(-1) ?? around[0];
}

function isWithin(stack: Stack, resource: Resource, whole: Resource): boolean {
  return stack.ancestorsOf(resource).includes(whole);
}

const sources = new WeakMap<Resource, ReadonlySet<string>>();

/** What the certificates of a cluster are made from and the cluster does not make. */
function sourcesOf(stack: Stack, whole: Resource): ReadonlySet<string> {
  const known = sources.get(whole);
  if (known) return known;
  const found = new Set(
    stack.resources
      .filter((resource) => makesCertificate(resource) && isWithin(stack, resource, whole))
      .flatMap((leaf) =>
        ["caCertPem", "caPrivateKeyPem"].flatMap((property) => leaf.madeFrom(property)),
      )
      .map(({ urn }) => urn),
  );
  sources.set(whole, found);
  return found;
}
