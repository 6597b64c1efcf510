/** private-key-exposure: private keys and bootstrap tokens must not stand where everyone can read them. */

import { isPrivateKeyBytes, isPrivateKeyText } from "../../trust/certificates/private-key.ts";
import { within } from "../../trust/readers/texts-within.ts";
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
    "Private keys and bootstrap tokens must not be in Kubernetes objects other than Secrets, nor in outputs that are not secret, nor private keys in user data and commands that are not.",
  enforcementLevel: "mandatory",
  severity: "critical",
  remediationSteps:
    "Move the value into a Secret, or mark the output or input secret (pulumi.secret), and replace the key or token: it has been seen.",
  tags: ["secrets"],
  properties: {},
  neverWaived: "Move what it found into a Secret, and replace it: it has been seen.",
  find: (analysis) => {
    const tokens = tokensOf(analysis.stack);
    return analysis.stack.resources.flatMap((resource) => {
      const found = placesOf(resource).flatMap((place) => {
        const kind = place.hidden ?? exposed(place.text, tokens);
        return kind === undefined ? [] : [{ place, kind }];
      });
      // A list as a whole says no more than its parts do.
      const keys = found.map(({ place }) => place.key);
      return found
        .filter(({ place }) => !keys.some((key) => isPartOf(place.key, key)))
        .map(({ place, kind }) => finding(resource, place, kind, analysis));
    });
  },
};

/** Whether a key is one of a list's items. */
function isPartOf(list: string, key: string): boolean {
  return key.startsWith(list) && /^(?:\[|\.\d)/.test(key.slice(list.length));
}

type Kind = "a private key" | "a bootstrap token";

/** A text that others can read, and where it is. */
type Place = {
  readonly key: string;
  readonly text: string;
  /** What an unknown text is going to be. */
  readonly hidden?: Kind;
  readonly of: "object" | "output" | "input";
};

function placesOf(resource: Resource): Place[] {
  if (isObject(resource)) return objectPlaces(resource);
  if (resource.type.startsWith("kubernetes:helm.sh/")) return manifestPlaces(resource);
  return hasOutputs(resource) ? outputPlaces(resource) : userDataPlaces(resource);
}

/**
 * A Kubernetes object of any kind, custom ones included (Flux' HelmRelease and Kustomization are such); charts and files
 * of manifests make objects of their own.
 */
function isObject({ type }: Resource): boolean {
  return (
    type.startsWith("kubernetes:") &&
    !/^kubernetes:(?:(?:yaml|kustomize)[:/]|helm\.sh\/)/.test(type)
  );
}

/** The stack and components: what they give out is chosen by people. */
function hasOutputs({ type, provider }: Resource): boolean {
  return type === "pulumi:pulumi:Stack" || (provider === "" && !type.startsWith("pulumi:"));
}

type Path = readonly (string | number)[];

/** Every text of an object but the data of Secrets. */
function objectPlaces(resource: Resource): Place[] {
  const texts = textsOf(resource.properties, (value, path) => {
    const isSecret = path.length === 0 ? kindOf(resource) === "Secret" : isSecretObject(value);
    return isSecret ? ["data", "stringData"] : [];
  });
  return texts.flatMap(({ text, path, name }): Place[] => {
    const place = { key: keyOf(path), text, of: "object" as const };
    if (!looksUnknown(text) || field(resource, ...path.map(String)).known) return [place];
    const isKey = namesPrivateKey(name) && resource.madeFrom(String(path[0])).some(isPrivateKey);
    return isKey ? [{ ...place, text: "", hidden: "a private key" }] : [];
  });
}

function isSecretObject(value: Readonly<Record<string, unknown>>): boolean {
  return value.kind === "Secret" && (value.apiVersion === "v1" || value.apiVersion === undefined);
}

/** The engine's values for what is not known are UUIDs. */
function looksUnknown(text: string): boolean {
  return text.length === 36;
}

/**
 * Before a key exists only its name tells it from the public key, or the certificate, that the same resource leads to:
 * the engine does not mark what is both secret and unknown.
 */
function namesPrivateKey(key: string): boolean {
  return /key|private|kubeconfig|\.conf$/i.test(key) && !/pub|fingerprint/i.test(key);
}

/** Whole objects in a chart's values; of other values nobody knows whether the chart makes a Secret of them. */
function manifestPlaces({ properties }: Resource): Place[] {
  const manifests: string[] = [];
  const texts = textsOf(properties, (value, path) => {
    const isManifest = typeof value.apiVersion === "string" && typeof value.kind === "string";
    if (isManifest) manifests.push(keyOf(path));
    return isSecretObject(value) ? ["data", "stringData"] : [];
  });
  return texts
    .map(({ path, text }) => ({ key: keyOf(path), text, of: "object" as const }))
    .filter(({ key }) => manifests.some((manifest) => key.startsWith(`${manifest}.`)));
}

function outputPlaces(resource: Resource): Place[] {
  return plainPlaces(resource, () => true).map((place) => ({ ...place, of: "output" }));
}

/** A machine's user data, by what clouds call it. */
const userData = /user_?-?data|custom_?-?data|startup_?-?script/i;

/** What a command of the stack is made of; its connection is the provider's own to hide. */
const ofCommand = /^(?:create|update|delete|stdin|environment)\b/;

/** User data that brings a machine its keys is how they get there: marked secret, it is in no plain text. */
function userDataPlaces(resource: Resource): Place[] {
  const isCommand = /^command:(?:remote|local):/.test(resource.type);
  return plainPlaces(resource, (key) => userData.test(key) || (isCommand && ofCommand.test(key)))
    .filter(({ text }) => exposed(text, []) === "a private key")
    .map((place) => ({ ...place, of: "input" }));
}

/** Texts under the keys that are meant, if they are not marked secret. */
function plainPlaces(
  resource: Resource,
  isMeant: (key: string) => boolean,
): Pick<Place, "key" | "text">[] {
  return textsOf(resource.properties, () => [])
    .map(({ text, path }) => ({ key: path.join("."), text, path }))
    .filter(({ key, text, path }) => isMeant(key) && mayExpose(text) && !resource.isSecret(path))
    .map(({ key, text }) => ({ key, text }));
}

type Found = {
  readonly text: string;
  readonly path: Path;
  /** The key it stands under, or the `name` beside its `value`, as in environment variables. */
  readonly name: string;
};

const maxDepth = 50;

/**
 * The texts of a value, with what holds them, and what means something as a whole alone: the parts of a text in a list
 * (CloudFormation's `Fn::Join`), a JSON Web Key. `without` says which keys of an object are passed over.
 */
function textsOf(
  root: Readonly<Record<string, unknown>>,
  without: (value: Readonly<Record<string, unknown>>, path: Path) => readonly string[],
): Found[] {
  const found: Found[] = [];
  const visit = (value: unknown, path: Path, name: string): void => {
    if (typeof value === "string") {
      found.push({ text: value, path, name });
      return;
    }
    if (typeof value !== "object" || value === null || path.length > maxDepth) return;
    if (Array.isArray(value)) {
      if (value.length > 1 && value.every((item) => typeof item === "string")) {
        found.push({ text: value.join(""), path, name });
      }
      for (const [index, item] of value.entries()) visit(item, [...path, index], name);
      return;
    }
    const object = value as Readonly<Record<string, unknown>>;
    if (typeof object.kty === "string") found.push({ text: JSON.stringify(object), path, name });
    const hidden = without(object, path);
    for (const [key, item] of Object.entries(object)) {
      if (hidden.includes(key)) continue;
      const called = key === "value" && typeof object.name === "string" ? object.name : key;
      visit(item, [...path, key], called);
    }
  };
  visit(root, [], "");
  return found;
}

/** `metadata.annotations["a/b"]`, `spec.containers[0].env[1].value` */
function keyOf(path: Path): string {
  return path
    .map((part, index) => {
      if (typeof part === "number") return `[${part}]`;
      const isPlain =
        /^[A-Za-z_]\w*$/.test(part) &&
        !/^(data|binaryData|annotations|labels)$/.test(String(path[index - 1]));
      if (!isPlain) return `[${JSON.stringify(part)}]`;
      return index === 0 ? part : `.${part}`;
    })
    .join("");
}

/** Source: kubernetes `staging/src/k8s.io/cluster-bootstrap/token/api/types.go` (BootstrapTokenPattern). */
const namedToken =
  /(?:\btoken["']?\s*[:=]\s*["']?|--token[= ]+["']?|\bBearer\s+)[a-z0-9]{6}\.[a-z0-9]{16}(?![a-z0-9])/i;
const bareToken = /^\s*[a-z0-9]{6}\.(?=[a-z0-9]*\d)[a-z0-9]{16}\s*$/;

/** Cheap, so that only what may matter is looked up among the secret marks, and unpacked. */
function mayExpose(text: string): boolean {
  return (
    /PRIVATE|-User-Key-|\bkty\b/.test(text) ||
    /[a-z0-9]{6}\.[a-z0-9]{16}/.test(text) ||
    /[A-Za-z0-9+/_-]{24}|\\u00|\\x|%[2-7]|&#|(?:[0-9a-fA-F]{2}[: ]){16}/.test(text)
  );
}

function exposed(text: string, tokens: readonly string[]): Kind | undefined {
  if (!mayExpose(text)) return undefined;
  const { texts, bytes } = within(text);
  if (texts.some(isPrivateKeyText) || bytes.some(isPrivateKeyBytes)) return "a private key";
  return texts.some(
    (one) =>
      namedToken.test(one) || bareToken.test(one) || tokens.some((token) => one.includes(token)),
  )
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
  const noun = place.of === "object" ? (kindOf(resource) ?? "object") : place.of;
  return {
    cause: `${kind} ${noun} ${place.key}`,
    what: `${kind} is in ${place.key}, where it is not secret.`,
    subject: describe(resource),
    noun,
    resource,
    clusterName: analysis.clusterNameOf({ membership: originOf(analysis.stack, resource) }),
    sources: [{ where: describe(resource), key: place.key }],
    symptom: `no error: whoever may read this ${noun} has it.`,
    remedies: [
      place.of === "object"
        ? "Move it into a Secret."
        : `Mark the ${place.of} secret (pulumi.secret), or leave it out.`,
      "Replace the key or token: it has been seen.",
    ],
  };
}
