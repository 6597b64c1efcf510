/**
 * What a stack rendered, as the lab needs it: the machines with their files, and the folders of manifests.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parseAllDocuments } from "yaml";
import { Failure } from "../../toolchain/fail.mjs";
import { hostFilesSecretType, readHostFilesSecret, renderedParts } from "../../trust/contract.ts";
import type { NodeAddress } from "../../trust/words/facts.ts";
import type { ServingMode } from "../../trust/words/vocabulary.ts";
import type { MachineFile } from "../host/machine.ts";

/** One file of a machine, as the stack gives it. */
export type RenderedFile = MachineFile & {
  /** `user:group`. */
  readonly owner: string;
};

export type Machine = {
  readonly name: string;
  readonly role: "control-plane" | "node";
  readonly addresses: readonly NodeAddress[];
  readonly files: readonly RenderedFile[];
  readonly servingMode: ServingMode;
  /** Without the `v`. */
  readonly kubernetesVersion: string;
};

/** An object of a manifest, as far as the lab looks at it. */
export type Manifest = {
  readonly kind?: string;
  readonly type?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly data?: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
};

export type RenderedStack = {
  readonly folder: string;
  /** Control planes first, then nodes, each by name. */
  readonly machines: readonly Machine[];
  readonly manifests: readonly Manifest[];
  /** Folders to apply, in this order. */
  readonly manifestFolders: readonly string[];
};

/**
 * Reads a folder that a stack rendered to: the objects of the cluster, and the files of the machines.
 *
 * @param version the Kubernetes version that the lab runs, without the `v`
 * @throws {Failure} in one line when the folder is missing, empty, damaged or made for another version.
 */
export function readRendered(folder: string, version: string): RenderedStack {
  if (!fs.existsSync(folder)) {
    throw new Failure(`${folder} does not exist: render the stack first, with \`npm start\`.`);
  }
  const within = (part: string) =>
    renderedParts.folders
      .map((name) => path.join(folder, part, name))
      .filter((name) => fs.existsSync(name));
  const manifestFolders = within(renderedParts.cluster);
  const manifests = manifestFolders.flatMap(readManifests);
  const secrets = [...within(renderedParts.machines).flatMap(readManifests), ...manifests];
  const machines = secrets.filter(({ type }) => type === hostFilesSecretType).map(readMachine);
  if (!machines.some(({ role }) => role === "control-plane")) {
    throw new Failure(
      `${folder} holds no host files of a control plane (Secrets of type ${hostFilesSecretType}): ` +
        "render a stack with a Cluster first, with `npm start`.",
    );
  }
  const other = machines.find(({ kubernetesVersion }) => kubernetesVersion !== version);
  if (other !== undefined) {
    throw new Failure(
      `${folder} was rendered for Kubernetes ${other.kubernetesVersion} (${other.name}), and the lab runs ` +
        `${version}: set kubelet-trust:kubernetesVersion to ${version} and run \`npm start\`.`,
    );
  }
  return { folder, machines: machines.sort(byRoleAndName), manifests, manifestFolders };
}

/** The content of a machine's file as text; undefined if it has none. */
export function fileText(machine: Machine, file: string): string | undefined {
  return machine.files.find((one) => one.path === file)?.content.toString("utf8");
}

/** The machine's IP addresses of every type. */
export function ipAddresses(machine: Pick<Machine, "addresses">): string[] {
  const addresses = machine.addresses.filter(({ type }) => type.endsWith("IP"));
  return [...new Set(addresses.map(({ address }) => address))];
}

/** The machine's names: its own, then its DNS addresses. */
export function hostNames(machine: Pick<Machine, "name" | "addresses">): string[] {
  const names = machine.addresses.filter(({ type }) => !type.endsWith("IP"));
  return [...new Set([machine.name, ...names.map(({ address }) => address)])];
}

function readManifests(folder: string): Manifest[] {
  return fs
    .readdirSync(folder)
    .filter((name) => name.endsWith(".yaml"))
    .sort()
    .flatMap((name) => {
      const file = path.join(folder, name);
      return parseAllDocuments(fs.readFileSync(file, "utf8")).flatMap((document): Manifest[] => {
        const [error] = document.errors;
        if (error)
          throw new Failure(`${file} is not YAML (${error.code}): render the stack again.`);
        const object = document.toJS() as Manifest | null;
        return object === null ? [] : [object];
      });
    });
}

function readMachine(secret: Manifest): Machine {
  const read = readHostFilesSecret(secret);
  if (typeof read === "string") {
    const name = secret.metadata?.name ?? "(unnamed)";
    throw new Failure(`Secret ${name}: ${read}: render the stack again.`);
  }
  const { machine: name, files, ...rest } = read;
  return {
    name,
    ...rest,
    files: files.map(({ path: file, mode, owner, content }) => ({
      path: path.normalize(file),
      mode: Number.parseInt(mode, 8),
      owner,
      content,
    })),
  };
}

function byRoleAndName(a: Machine, b: Machine): number {
  if (a.role !== b.role) return a.role === "control-plane" ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}
