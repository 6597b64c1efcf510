/** What a Secret of ours is made from, and whether that is what its cluster makes. */
import { tokens } from "../../trust/contract.ts";
import { hostFilesSecretType } from "../../trust/words/host-files.ts";
import { type Resource, type Stack, text } from "../stack/resource.ts";
import { isRequest, makesCertificate } from "./certificates.ts";

/**
 * Whether all that a Secret's data is made from belongs to the cluster, or the pool, that its component is part of, or
 * is what the certificates there are made from (a CA of elsewhere), or gives the addresses of its machines. Whatever
 * else is in it, a component says nothing of.
 */
export function isMadeByItsCluster(stack: Stack, secret: Resource, owner: Resource): boolean {
  const whole = wholeOf(stack, owner);
  if (whole === undefined) return false;
  return secret
    .madeFrom("data")
    .every((maker) => isWithin(stack, maker, whole) || sourcesOf(stack, whole).has(maker.urn));
}

/**
 * Whether a property is made from what gives the addresses of a cluster, and from nothing else: no key, no certificate,
 * and nothing that somebody put into it.
 *
 * @param owner the component of ours that makes the resource
 */
export function isMadeOfAddresses(
  stack: Stack,
  resource: Resource,
  property: string,
  owner: Resource,
): boolean {
  const whole = clusterOf(stack, owner);
  const makers = resource.madeFrom(property);
  if (whole === undefined || makers.length === 0) return false;
  return makers.every(({ urn }) => addressSourcesOf(stack, whole).has(urn));
}

/** The outermost cluster or pool around a component; none where it stands alone. */
export function clusterOf(stack: Stack, owner: Resource): Resource | undefined {
  return stack
    .ancestorsOf(owner)
    .filter(({ type }) => type === tokens.cluster || type === tokens.nodePool)
    .at(-1);
}

/** The outermost cluster or pool around a component, else what it stands in. */
function wholeOf(stack: Stack, owner: Resource): Resource | undefined {
  return clusterOf(stack, owner) ?? stack.ancestorsOf(owner)[0];
}

function isWithin(stack: Stack, resource: Resource, whole: Resource): boolean {
  return stack.ancestorsOf(resource).includes(whole);
}

const sources = new WeakMap<Resource, ReadonlySet<string>>();

/** What the certificates of a cluster are made from and the cluster does not make; what gives its addresses. */
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
  for (const urn of addressSourcesOf(stack, whole)) found.add(urn);
  sources.set(whole, found);
  return found;
}

const addressSources = new WeakMap<Resource, ReadonlySet<string>>();

/** What the addresses of a cluster's machines, and its endpoint, are made from: they are in what certificates name. */
function addressSourcesOf(stack: Stack, whole: Resource): ReadonlySet<string> {
  const known = addressSources.get(whole);
  if (known) return known;
  const found = new Set(
    stack.resources
      .filter((resource) => isWithin(stack, resource, whole))
      .flatMap((resource) =>
        isRequest(resource)
          ? ["dnsNames", "ipAddresses"].flatMap((property) => resource.madeFrom(property))
          : text(resource, "type") === hostFilesSecretType
            ? resource.madeFrom("metadata")
            : [],
      )
      .map(({ urn }) => urn),
  );
  addressSources.set(whole, found);
  return found;
}
