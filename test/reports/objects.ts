/** Files as people hand them to a stack: manifests are resources, other files stand in a ConfigMap. */
import { readFileSync } from "node:fs";
import type { PolicyResource } from "@pulumi/policy";
import { parseAllDocuments } from "yaml";
import { configMap, resource } from "../policies/fake.ts";

/** The text of a file of a case, by its path in this folder. */
export function textOf(file: string): string {
  return readFileSync(new URL(file, import.meta.url), "utf8");
}

type Manifest = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata?: { readonly name?: string };
  readonly items?: readonly Manifest[];
};

/** The objects of a manifest, each a resource of its own, as `pulumi` registers them. */
export function objectsOf(file: string): PolicyResource[] {
  return parseAllDocuments(textOf(file)).flatMap((document) => {
    const manifest = document.toJS() as Manifest;
    return (manifest.items ?? [manifest]).map(toResource);
  });
}

function toResource(manifest: Manifest): PolicyResource {
  const { apiVersion, kind, ...props } = manifest;
  const group = apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
  return resource(`kubernetes:${group}:${kind}`, manifest.metadata?.name ?? kind, {
    apiVersion,
    kind,
    ...props,
  });
}

/** Files beside each other in one ConfigMap, under their own names. */
export function filesIn(name: string, files: readonly string[]): PolicyResource {
  const data = Object.fromEntries(
    files.map((file) => [file.split("/").at(-1) ?? file, textOf(file)]),
  );
  return configMap(name, data);
}
