// Where a stack's objects go, as its settings say: to a folder, or to a cluster.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { optionValues } from "./arguments.mjs";
import { Failure } from "./fail.mjs";
import { repository } from "./paths.mjs";

/**
 * @typedef {object} Target
 * @property {string | undefined} folder where files are rendered to, absolute: all objects, or those of the machines;
 * undefined if everything is applied to a cluster
 * @property {boolean} applied whether a cluster gets its objects
 */

/**
 * The target of a stack of this project: `kubeconfig`, `renderTo` and `machineFiles` of its settings file, or of
 * `--config` among the arguments.
 * @param {string} stack
 * @param {readonly string[]} args of the Pulumi CLI
 * @returns {Promise<Target>}
 * @throws {Failure} in one line if the settings file is no YAML, or holds no map
 */
export async function readTarget(stack, args) {
  const file =
    optionValues(args, "--config-file", "--config-file").at(-1) ??
    `Pulumi.${stack.slice(stack.lastIndexOf("/") + 1)}.yaml`;
  const settings = await readSettings(path.resolve(repository, file), file);
  for (const given of optionValues(args, "--config", "-c")) {
    const [key = "", ...value] = given.split("=");
    settings[key.includes(":") ? key : `kubelet-trust:${key}`] = value.join("=");
  }
  const {
    "kubelet-trust:kubeconfig": kubeconfig,
    "kubelet-trust:renderTo": renderTo,
    "kubelet-trust:machineFiles": machineFiles,
  } = settings;
  const applied = Boolean(kubeconfig);
  const rendersNothing = applied && machineFiles === "cluster";
  return { folder: rendersNothing ? undefined : atHome(String(renderTo || "rendered")), applied };
}

/**
 * @param {string} file
 * @param {string} shown how the user knows it
 * @returns {Promise<Record<string, unknown>>} its `config`
 */
async function readSettings(file, shown) {
  if (!fs.existsSync(file)) return {};
  const { parse } = await import("yaml");
  /** @type {unknown} */
  let settings;
  try {
    settings = parse(fs.readFileSync(file, "utf8"), { schema: "failsafe" });
  } catch (error) {
    const [reason = ""] = /** @type {Error} */ (error).message.split("\n");
    throw new Failure(`${shown} is no YAML: ${reason.replace(/:$/, "")}. Mend that line.`);
  }
  if (!isMap(settings ?? {})) throw new Failure(`${shown} is no map. Begin it with \`config:\`.`);
  const { config = {} } = /** @type {{ config?: unknown }} */ (settings ?? {});
  if (config === "") return {};
  if (!isMap(config)) {
    throw new Failure(
      `${shown}: config is no map. Write one \`kubelet-trust:<key>: <value>\` a line.`,
    );
  }
  return { ...config };
}

/**
 * @param {unknown} value
 * @returns {value is Record<string, unknown>}
 */
function isMap(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @param {string} folder as the settings name it */
function atHome(folder) {
  return path.resolve(repository, folder.replace(/^~(?=$|\/)/, os.homedir()));
}
