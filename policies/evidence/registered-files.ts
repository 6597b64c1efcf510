/** Whether the files in a machine's Secret, and what is written on it, are what its component registered. */
import {
  aboutKey,
  clusterOutputs,
  digestOf,
  fileListKey,
  hostFilesOutputs,
  tokens,
  writtenOn,
} from "../../trust/contract.ts";
import { asObject, type Json } from "../../trust/readers/yaml.ts";
import { type Fact, unknown, valueOr } from "../../trust/words/fact.ts";
import { field, placeholder, type Resource, type Stack, text } from "../stack/resource.ts";
import type { MachineSecret } from "./machine-secret.ts";

/**
 * What differs of a machine, for people. Of a component that registered no digests all does: there is nothing to
 * compare with.
 *
 * @param owner the `HostFiles` that the Secret is a child of
 * @param told the paths whose difference is told already
 */
export function otherFiles(
  stack: Stack,
  { secret, machine, texts }: MachineSecret,
  owner: Resource,
  told: ReadonlySet<string>,
): string[] {
  const registered = field(owner, hostFilesOutputs.digests, machine);
  const digests = asObject(valueOr(registered, undefined));
  if (digests === undefined) return ["all"];
  const others = Object.keys(digests).filter(
    (path) => path !== aboutKey && !told.has(path) && isOther(digests[path], texts.get(path)),
  );
  const paths = others.filter((path) => path !== fileListKey);
  return [
    ...(others.includes(fileListKey) ? ["the list of files"] : []),
    ...(paths.length > 0 ? [listed(paths)] : []),
    ...(digests[aboutKey] === digestOf(aboutOf(secret)) || isOpen(digests[aboutKey])
      ? []
      : ["the metadata"]),
    ...(isProvidedAs(stack, secret, owner) ? [] : ["the provider"]),
  ];
}

/**
 * Whether a text is known to be another than the registered one. Nothing that is known is made from what is not; where
 * a text alone is not known, the readers miss it.
 */
function isOther(digest: Json | undefined, own: Fact<string> = unknown("")): boolean {
  return own.known && (isOpen(digest) || digest !== digestOf(own.value));
}

/** Whether the registered digest is not known yet. */
function isOpen(digest: Json | undefined): boolean {
  return digest === placeholder;
}

/** What is written on an object; see {@link writtenOn}. */
export function aboutOf(object: Resource): string {
  const metadata = asObject(valueOr(field(object, "metadata"), undefined));
  return writtenOn({
    name: text(object, "metadata", "name"),
    namespace: text(object, "metadata", "namespace"),
    labels: asObject(metadata?.labels),
    annotations: asObject(metadata?.annotations),
  });
}

/** Longest list of paths that is told in full. */
const mostPaths = 3;

function listed(paths: readonly string[]): string {
  const [first = "", ...others] = paths;
  return paths.length > mostPaths
    ? `${first} and ${others.length} more files`
    : paths.join(" and ");
}

/** How Pulumi calls providers that no program made. Source: pulumi `pkg/resource/deploy/providers/registry.go`. */
const isDefault = /::default(_[^:]*)?$/;

/** Whether a Secret goes where its component sends it: to that provider, and one of ours to the folder it was made for. */
function isProvidedAs(stack: Stack, { provider }: Resource, owner: Resource): boolean {
  const registered = text(owner, hostFilesOutputs.provider);
  if (registered === "") return provider === "" || isDefault.test(provider);
  if (registered !== provider) return false;
  const made = stack.resourceOf(provider);
  const [above] = made === undefined ? [] : stack.ancestorsOf(made);
  const isOurs = above?.type === tokens.cluster || above?.type === tokens.nodePool;
  if (made === undefined || !isOurs) return true;
  const folder = text(made, "renderYamlToDirectory");
  return folder !== undefined && folder === text(above, clusterOutputs.machineFolder);
}
