/**
 * Whether keys, requests and certificates are made with what their component registered. What is changed in all of them
 * alike leaves a cluster in agreement with itself, so no verdict would tell of it.
 */
import { digestOf, issuerOutputs, namesIn, statedIn, tokens } from "../../trust/contract.ts";
import type { UnreadPiece } from "../../trust/readers/piece.ts";
import { asList, asObject, type JsonObject } from "../../trust/readers/yaml.ts";
import { valueOr } from "../../trust/words/fact.ts";
import { groupBy } from "../../trust/words/group-by.ts";
import { describe, field, placeholder, type Resource, type Stack } from "../stack/resource.ts";
import { isPrivateKey, isRequest, makesCertificate } from "./certificates.ts";
import { differing } from "./differing.ts";
import type { Reader } from "./evidence.ts";
import { objectOf } from "./kubernetes.ts";

const issuers: readonly string[] = [
  tokens.certificateAuthority,
  tokens.nodeCertificates,
  tokens.controlPlaneCertificates,
];

/** Says which certificates something has changed. */
export const readRegisteredCertificates: Reader = (stack) => ({
  pieces: stack.resources
    .filter((one) => issuers.includes(one.type) && isRegistered(one))
    .flatMap((issuer) => differencesOf(stack, issuer)),
});

function differencesOf(stack: Stack, issuer: Resource): UnreadPiece[] {
  const registered = asObject(valueOr(field(issuer, issuerOutputs.digests), undefined)) ?? {};
  const made = stack
    .childrenOf(issuer.urn)
    .filter((one) => isPrivateKey(one) || isRequest(one) || makesCertificate(one));
  return [...groupBy(made, ({ name }) => name)].flatMap(([name, parts]) => {
    if (!parts.every(isRegistered)) return [];
    const [stated, names] = asList(registered[name]);
    const inputs: JsonObject = Object.assign({}, ...parts.map(objectOf));
    if (isAs(stated, statedIn(inputs)) && isAs(names, namesIn(inputs))) return [];
    const what = `why ${name} of ${describe(issuer)} differs from what its component registered`;
    return [differing(stack, issuer, what)];
  });
}

/** Whether an operation registers anything of a resource; under `--target` it may not. */
function isRegistered({ properties }: Resource): boolean {
  return Object.keys(properties).length > 0;
}

/** Whether a text has the registered digest; what is not known is made from what is not. */
function isAs(digest: unknown, text: string): boolean {
  return digest === (text.includes(placeholder) ? placeholder : digestOf(text));
}
