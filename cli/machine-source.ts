/** Where the command `machine` takes machines from: a folder that a stack rendered to, or an exported state. */
import * as fs from "node:fs";
import * as path from "node:path";
import {
  type HostFilesSecret,
  hostFilesSecretType,
  readHostFilesSecret,
  renderedParts,
  type SecretObject,
} from "../trust/contract.ts";
import { readYaml } from "../trust/readers/yaml.ts";

/** What keeps a machine's files from being taken: says what to do, and quotes no content. */
export class MachineError extends Error {}

/**
 * The machines of a folder that a stack rendered to.
 *
 * @throws {MachineError} when there are none, or one is damaged.
 */
export function machinesIn(folder: string): HostFilesSecret[] {
  const parts = [renderedParts.machines, renderedParts.cluster].map((part) =>
    path.join(folder, part, renderedParts.folders[1]),
  );
  const files = parts
    .filter((part) => fs.existsSync(part))
    .flatMap((part) => fs.readdirSync(part).map((name) => path.join(part, name)))
    .filter((file) => file.endsWith(".yaml"));
  const secrets = files.flatMap((file) => {
    const { documents } = readYaml(fs.readFileSync(file, "utf8"), { where: file });
    return documents.map(({ value }) => ({ secret: value as SecretObject | null, where: file }));
  });
  return readAll(
    secrets,
    `${folder} holds no files of machines. Run npm start first, or give --from.`,
  );
}

/**
 * The machines of a state, whose file is named.
 *
 * @throws {MachineError} when it is none, its secrets are hidden, or a machine is damaged.
 */
export function machinesInState(file: string): HostFilesSecret[] {
  return machinesInExport(fs.readFileSync(file, "utf8"), file);
}

/**
 * The machines of what `pulumi stack export --show-secrets` printed.
 *
 * @param where it comes from, for errors
 * @throws {MachineError} when it is no state, its secrets are hidden, or a machine is damaged.
 */
export function machinesInExport(text: string, where: string): HostFilesSecret[] {
  const resources = resourcesIn(text, where);
  const secrets = resources.map(({ inputs }) => ({
    secret: revealed(inputs) as SecretObject | null,
    where,
  }));
  return readAll(
    secrets,
    `${where} holds no files of machines. Give what \`pulumi stack export --show-secrets\` printed.`,
  );
}

function readAll(
  secrets: readonly { secret: SecretObject | null; where: string }[],
  none: string,
): HostFilesSecret[] {
  const machines = secrets.flatMap(({ secret, where }) => {
    if (secret?.type !== hostFilesSecretType) return [];
    const read = readHostFilesSecret(secret);
    if (typeof read === "string") throw new MachineError(`${where}: ${read}. Run npm start again.`);
    return [read];
  });
  if (machines.length === 0) throw new MachineError(none);
  return machines;
}

type StateResource = { readonly inputs?: unknown };

function resourcesIn(text: string, where: string): readonly StateResource[] {
  try {
    const { deployment } = JSON.parse(text) as { deployment?: { resources?: StateResource[] } };
    return deployment?.resources ?? [];
  } catch {
    throw new MachineError(
      `${where} is no JSON. Give what \`pulumi stack export --show-secrets\` printed.`,
    );
  }
}

/** The key under which a state marks a value that is more than plain data. */
const signature = "4dabf18193072939515e22adb298388d";

/** Inputs with their secrets in the open, where the state has them in the open. */
function revealed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revealed);
  if (typeof value !== "object" || value === null) return value;
  const map = value as Record<string, unknown>;
  if (!Object.hasOwn(map, signature)) {
    return Object.fromEntries(Object.entries(map).map(([key, inner]) => [key, revealed(inner)]));
  }
  if (typeof map.plaintext !== "string") {
    throw new MachineError("The state's secrets are hidden. Export it with --show-secrets.");
  }
  return JSON.parse(map.plaintext);
}
