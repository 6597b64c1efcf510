/**
 * Files that a container gets from ConfigMaps and Secrets of the stack. Where their texts are not known yet, a
 * certificate is known by the resource that makes it, if the object is made from no other.
 * Source: kubernetes `pkg/volume/configmap/configmap.go`, `pkg/volume/secret/secret.go` (MakePayload).
 */

import type { PodProgram } from "../../trust/readers/pod.ts";
import { isOfPod, keyAt, sourcesOf, type VolumeSource } from "../../trust/readers/volumes.ts";
import { type Fact, isThere, known, unknown } from "../../trust/words/fact.ts";
import type { FileContent, HostFiles } from "../../trust/words/facts.ts";
import { describe, type Resource, type Stack, text } from "../stack/resource.ts";
import {
  certificatesOf,
  contentOf,
  isPrivateKey,
  keyFacts,
  makesCertificate,
} from "./certificates.ts";
import { entriesOf, everything, ofKind } from "./kubernetes.ts";

/** The files of a container; a path that lies in no such volume is unknown. */
export function mountedFiles(
  stack: Stack,
  pod: Resource,
  { volumeAt }: Pick<PodProgram, "volumeAt">,
): HostFiles {
  return (path) => {
    const at = volumeAt(path);
    const sources = at ? sourcesOf(at.volume) : [];
    for (const source of sources) {
      const key = keyAt(source, at?.path ?? "");
      const object = find(stack, pod, source);
      if (key === undefined || object === undefined) continue;
      const content = mounted(stack, object, key, path);
      if (content) return content;
    }
    const names = sources.map(({ kind, name }) => `${kind} ${name}`).join(" or ");
    const where = names === "" ? describe(pod) : names;
    const missing = unknown(`the content of ${path}, which is not in ${where} of this stack`, {
      where,
    });
    return at && isOfPod(at.volume) ? isThere(missing) : missing;
  };
}

function find(stack: Stack, pod: Resource, { kind, name }: VolumeSource): Resource | undefined {
  const namespace = (resource: Resource) => text(resource, "metadata", "namespace") ?? "default";
  const all = ofKind(stack, kind).filter(
    (resource) =>
      text(resource, "metadata", "name") === name &&
      namespace(resource) === namespace(pod) &&
      resource.provider === pod.provider,
  );
  return all.length === 1 ? all[0] : undefined;
}

function mounted(
  stack: Stack,
  object: Resource,
  key: string,
  path: string,
): Fact<FileContent> | undefined {
  const entries = entriesOf(object);
  // Where nothing is known, not even the keys are.
  const entry =
    entries.find((one) => one.key === key) ?? entries.find((one) => one.key === everything);
  if (entry === undefined) return undefined;
  const source = { where: `${entry.source.where}: ${path}`, key };
  if (entry.text.known) {
    return contentOf(certificatesOf(stack), path, entry.text.value, source);
  }
  const made = madeBy(stack, object, key);
  return made === undefined ? isThere(entry.text) : known(made, source);
}

/** What a text that is not known yet will be: the only certificate, or the only key, that its object is made from. */
function madeBy(stack: Stack, object: Resource, key: string): FileContent | undefined {
  const makers = makersOf(object);
  if (/key/i.test(key)) {
    const [maker, ...others] = makers.filter(isPrivateKey);
    return maker && others.length === 0 ? { kind: "privateKey", key: keyFacts(maker) } : undefined;
  }
  const [maker, ...others] = makers.filter(makesCertificate);
  const certificate = maker && certificatesOf(stack).of(maker);
  return certificate && others.length === 0
    ? { kind: "certificates", certificates: [certificate] }
    : undefined;
}

function makersOf(object: Resource): readonly Resource[] {
  return [...new Set(["data", "stringData"].flatMap((property) => object.madeFrom(property)))];
}

/**
 * The objects of a pod that are nothing but certificates and keys, made by the stack: what they hold is known before
 * they are deployed, and is no configuration.
 */
export function mountedCertificates(
  stack: Stack,
  pod: Resource,
  { volumes }: Pick<PodProgram, "volumes">,
): readonly Resource[] {
  return volumes.flatMap(sourcesOf).flatMap((source) => {
    const object = find(stack, pod, source);
    if (object === undefined) return [];
    const makers = makersOf(object);
    const isOpaque = entriesOf(object).every(({ text }) => !text.known);
    return isOpaque && makers.length > 0 && makers.every(isOfTls) ? [object] : [];
  });
}

function isOfTls(resource: Resource): boolean {
  return makesCertificate(resource) || isPrivateKey(resource);
}
