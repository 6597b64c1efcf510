/** private-key-exposure: private keys and bootstrap tokens must not stand where everyone can read them. */

import { isPrivateKey } from "../evidence/certificates.ts";
import { entriesOf, kindOf, originOf } from "../evidence/kubernetes.ts";
import type { Spec } from "../policy.ts";
import type { Finding } from "../report/finding.ts";
import type { Analysis } from "../stack/analysis.ts";
import { describe, field, type Resource, type Stack } from "../stack/resource.ts";

export const privateKeyExposure: Spec = {
  name: "private-key-exposure",
  displayName: "private keys and bootstrap tokens stay secret",
  description:
    "Private keys and bootstrap tokens must not be in ConfigMaps, annotations, labels or outputs that are not secret.",
  enforcementLevel: "mandatory",
  severity: "critical",
  remediationSteps:
    "Move the value into a Secret, or mark the output secret (pulumi.secret), and replace the key or token: it has been seen.",
  tags: ["secrets"],
  properties: {},
  neverWaived: "Move what it found into a Secret, and replace it: it has been seen.",
  find: (analysis) => {
    const tokens = tokensOf(analysis.stack);
    return analysis.stack.resources.flatMap((resource) =>
      placesOf(resource).flatMap((place) => {
        const kind = place.hidden ?? exposed(place.text, tokens);
        return kind === undefined ? [] : [finding(resource, place, kind, analysis)];
      }),
    );
  },
};

type Kind = "a private key" | "a bootstrap token";

/** A text that others can read, and where it is. */
type Place = {
  readonly key: string;
  readonly text: string;
  /** What an unknown text is going to be. */
  readonly hidden?: Kind;
  readonly where: "ConfigMap" | "annotation" | "output";
};

function placesOf(resource: Resource): Place[] {
  const kind = kindOf(resource);
  if (kind !== undefined) {
    return [
      ...metadataPlaces(resource, "annotations"),
      ...metadataPlaces(resource, "labels"),
      ...(kind === "ConfigMap" ? configMapPlaces(resource) : []),
    ];
  }
  return hasOutputs(resource) ? outputPlaces(resource) : [];
}

/** The stack and components: what they give out is chosen by people. */
function hasOutputs({ type, provider }: Resource): boolean {
  return type === "pulumi:pulumi:Stack" || (provider === "" && !type.startsWith("pulumi:"));
}

function configMapPlaces(resource: Resource): Place[] {
  const fromKey = resource.madeFrom("data").some(isPrivateKey);
  return entriesOf(resource).flatMap(({ key, text, source }): Place[] => {
    const at = source.key ?? key;
    if (text.known) return [{ key: at, text: text.value, where: "ConfigMap" }];
    return fromKey && namesPrivateKey(key)
      ? [{ key: at, text: "", hidden: "a private key", where: "ConfigMap" }]
      : [];
  });
}

/**
 * Before a key exists only its name tells it from the public key, or the certificate, that the same resource leads to:
 * the engine does not mark what is both secret and unknown.
 */
function namesPrivateKey(key: string): boolean {
  return /key|private|kubeconfig|\.conf$/i.test(key) && !/pub|fingerprint/i.test(key);
}

function metadataPlaces(resource: Resource, part: "annotations" | "labels"): Place[] {
  const all = field(resource, "metadata", part);
  if (!all.known || typeof all.value !== "object" || all.value === null) return [];
  return Object.entries(all.value).flatMap(([key, text]): Place[] =>
    typeof text === "string"
      ? [{ key: `metadata.${part}["${key}"]`, text, where: "annotation" }]
      : [],
  );
}

function outputPlaces(resource: Resource): Place[] {
  const places: Place[] = [];
  const visit = (value: unknown, path: readonly (string | number)[], depth: number): void => {
    if (typeof value === "string") {
      if (mayExpose(value) && !resource.isSecret(path)) {
        places.push({ key: path.join("."), text: value, where: "output" });
      }
    } else if (typeof value === "object" && value !== null && depth < 50) {
      for (const [key, item] of Object.entries(value)) {
        visit(item, [...path, Array.isArray(value) ? Number(key) : key], depth + 1);
      }
    }
  };
  visit(resource.properties, [], 0);
  return places;
}

const pemKey = /-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY-----/;
/** Base64 of `-----BEGIN `, as kubeconfigs have it. */
const base64Pem = /LS0tLS1CRUdJTi[A-Za-z0-9+/=\s]{20,}/g;
/** Source: kubernetes `staging/src/k8s.io/cluster-bootstrap/token/api/types.go` (BootstrapTokenPattern). */
const namedToken =
  /(?:\btoken["']?\s*[:=]\s*["']?|--token[= ]+["']?|\bBearer\s+)[a-z0-9]{6}\.[a-z0-9]{16}(?![a-z0-9])/i;
const bareToken = /^\s*[a-z0-9]{6}\.(?=[a-z0-9]*\d)[a-z0-9]{16}\s*$/;

/** Cheap, so that only what may matter is looked up among the secret marks. */
function mayExpose(text: string): boolean {
  return (
    text.includes("PRIVATE KEY") ||
    text.includes("LS0tLS1CRUdJTi") ||
    /[a-z0-9]{6}\.[a-z0-9]{16}/.test(text)
  );
}

function exposed(text: string, tokens: readonly string[]): Kind | undefined {
  if (!mayExpose(text)) return undefined;
  const encoded = text.match(base64Pem) ?? [];
  if (
    pemKey.test(text) ||
    encoded.some((part) => pemKey.test(Buffer.from(part, "base64").toString("latin1")))
  ) {
    return "a private key";
  }
  return namedToken.test(text) ||
    bareToken.test(text) ||
    tokens.some((token) => text.includes(token))
    ? "a bootstrap token"
    : undefined;
}

/** The stack's own bootstrap tokens, to be found wherever they went. */
function tokensOf(stack: Stack): string[] {
  return stack.resources.flatMap((resource) => {
    const type = field(resource, "type");
    if (kindOf(resource) !== "Secret" || !type.known) return [];
    if (type.value !== "bootstrap.kubernetes.io/token") return [];
    const parts = new Map(entriesOf(resource).map((entry) => [entry.key, entry.text]));
    const [id, secret] = [parts.get("token-id"), parts.get("token-secret")];
    return id?.known && secret?.known && secret.value.length >= 16
      ? [`${id.value}.${secret.value}`]
      : [];
  });
}

function finding(resource: Resource, place: Place, kind: Kind, analysis: Analysis): Finding {
  const noun = { ConfigMap: "ConfigMap", annotation: "object", output: "output" }[place.where];
  return {
    cause: `${kind} ${place.where} ${place.key}`,
    what: `${kind} is in ${place.key}, where it is not secret.`,
    subject: describe(resource),
    noun,
    resource,
    clusterName: analysis.clusterNameOf({ membership: originOf(analysis.stack, resource) }),
    sources: [{ where: describe(resource), key: place.key }],
    symptom: `no error: whoever may read this ${noun} has it.`,
    remedies:
      place.where === "output"
        ? [
            "Mark the output secret (pulumi.secret), or leave it out.",
            "Replace the key or token: it has been seen.",
          ]
        : ["Move it into a Secret.", "Replace the key or token: it has been seen."],
  };
}
