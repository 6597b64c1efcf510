import { mkdtempSync, readdirSync, readFileSync, rmdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { renderedParts } from "../../trust/contract.ts";

/** Where Kubernetes objects go. */
export type Target = {
  /** Path of the kubeconfig of a cluster to apply to. `undefined`: to none; they are rendered. */
  kubeconfig: string | undefined;
  /** Folder to render to, relative to the project. */
  renderTo: string;
  /** `folder`: the machines' files are rendered; `cluster`: they go where the other objects go. */
  machineFiles: string;
};

/**
 * The provider that applies or renders. ConfigMaps and Secrets change in place: the plugin would otherwise delete one
 * whose data changed and make it again, and kubelet-config would be missing meanwhile.
 */
export function createProvider(name: string, target: Target): k8s.Provider {
  const { kubeconfig, renderTo } = target;
  return new k8s.Provider(
    name,
    kubeconfig === undefined
      ? { renderYamlToDirectory: join(renderTo, renderedParts.cluster) }
      : {
          kubeconfig: pulumi.secret(readFileSync(kubeconfig, "utf8")),
          enableConfigMapMutable: true,
          enableSecretMutable: true,
        },
  );
}

/** Where the machines' files go. */
export function machineFilesTarget({ machineFiles, renderTo }: Target) {
  return machineFiles === "cluster" ? machineFiles : { renderTo: machineFolder(renderTo) };
}

/** Where the machines' files went, for a user to read. */
export function describeMachineFiles(target: Target): string {
  return target.machineFiles === "cluster"
    ? `sent where the other objects went, ${describeTarget(target)}: who may read Secrets there has every key`
    : `rendered to ${machineFolder(target.renderTo)}: they hold keys, and are for the machines alone`;
}

function machineFolder(renderTo: string): string {
  return join(renderTo, renderedParts.machines);
}

/** Where things went, for a user to read. */
export function describeTarget({ kubeconfig, renderTo }: Target): string {
  return kubeconfig === undefined
    ? `rendered to ${join(renderTo, renderedParts.cluster)}`
    : `applied to the cluster of ${kubeconfig}`;
}

/** What keeps a target from being used. Each problem begins with the configuration key. */
export function targetProblems({ kubeconfig, renderTo, machineFiles }: Target): string[] {
  const isWord = machineFiles === "folder" || machineFiles === "cluster";
  return [
    ...(isWord
      ? []
      : [
          `machineFiles: ${JSON.stringify(machineFiles)} is neither folder nor cluster. Use folder, unless something in the cluster sets the machines up.`,
        ]),
    ...(kubeconfig === undefined ? [] : kubeconfigProblems(kubeconfig)),
    ...(kubeconfig === undefined || machineFiles === "folder" ? folderProblems(renderTo) : []),
  ];
}

function kubeconfigProblems(path: string): string[] {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    return [
      `kubeconfig: ${JSON.stringify(path)} cannot be read (${codeOf(error)}). Give the path of a kubeconfig, or remove the key to render to a folder.`,
    ];
  }
  return isKubeconfig(text)
    ? []
    : [
        `kubeconfig: ${JSON.stringify(path)} is no kubeconfig with clusters, contexts and a current-context. Give one that kubectl takes.`,
      ];
}

function isKubeconfig(text: string): boolean {
  try {
    const value: unknown = parse(text);
    if (typeof value !== "object" || value === null) return false;
    const { clusters, contexts, "current-context": current } = value as Record<string, unknown>;
    return (
      Array.isArray(clusters) &&
      Array.isArray(contexts) &&
      contexts.some((context: { name?: unknown } | null) => context?.name === current)
    );
  } catch {
    return false;
  }
}

/** Tries to write where the folder is or would be made; permission bits alone say nothing to root. */
function folderProblems(folder: string): string[] {
  const kept = contentProblems(folder);
  if (kept.length > 0) return kept;
  const remedy = "Make it writable, or set renderTo to another folder.";
  try {
    const existing = nearestExisting(resolve(folder));
    if (!statSync(existing).isDirectory()) {
      return [
        `renderTo: ${JSON.stringify(folder)} cannot be written: ${existing} is no folder. ${remedy}`,
      ];
    }
    rmdirSync(mkdtempSync(join(existing, ".kubelet-trust-")));
    return [];
  } catch (error) {
    return [`renderTo: ${JSON.stringify(folder)} cannot be written (${codeOf(error)}). ${remedy}`];
  }
}

/** What tells that a folder holds a program, and is none to render to. */
const ofPrograms = /^(\.git|Pulumi\.yaml|package\.json|node_modules)$|\.(m?[jt]s|go|py)$/;

/** A folder with a program in it is not rendered to, and one that others may read must hold no keys. */
function contentProblems(folder: string): string[] {
  let entries: string[];
  try {
    entries = readdirSync(folder);
  } catch {
    return [];
  }
  const other = entries.find((entry) => ofPrograms.test(entry));
  if (other !== undefined) {
    return [
      `renderTo: ${JSON.stringify(folder)} holds ${JSON.stringify(other)}, and rendered files would lie among a program's. Give a folder for them alone, e.g. rendered.`,
    ];
  }
  const mode = statSync(folder).mode & 0o777;
  if ((mode & 0o077) === 0) return [];
  return [
    `renderTo: ${JSON.stringify(folder)} has mode 0${mode.toString(8)}, and others could look into it: keys are rendered there. Run chmod go= ${folder}.`,
  ];
}

function nearestExisting(path: string): string {
  try {
    statSync(path);
    return path;
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    return nearestExisting(dirname(path));
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "unknown error";
}
