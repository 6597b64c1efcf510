// Which of the two worlds the toolchain comes from: the vendor's downloads, or a build from source.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { cacheRoot } from "./cache.mjs";
import { Failure } from "./fail.mjs";
import { versions } from "./versions.mjs";

/** @typedef {"vendor" | "source"} World */

/**
 * @typedef {object} Choice
 * @property {World} world
 * @property {string} why half a sentence for people
 */

/** Milliseconds in which the vendor's server must answer. */
const patience = 3000;

/** The launcher of the npm package `pulumi` fetches its CLI from here. */
const vendorServer = `https://get.pulumi.com/releases/sdk/pulumi-v${versions.pulumi}-linux-x64.tar.gz`;

/**
 * Chooses the world. What is on the machine already decides before the network is asked.
 * @param {object} facts
 * @param {NodeJS.ProcessEnv} facts.env
 * @param {boolean} facts.built whether the cache has this toolchain built from source
 * @param {string} [facts.server] address asked for the vendor's download, default the real one
 * @returns {Promise<Choice>}
 * @throws {Failure} if KUBELET_TRUST_TOOLCHAIN says neither vendor nor source
 */
export async function chooseWorld({ env, built, server = vendorServer }) {
  const forced = env.KUBELET_TRUST_TOOLCHAIN;
  if (forced === "vendor" || forced === "source") {
    return { world: forced, why: "KUBELET_TRUST_TOOLCHAIN says so" };
  }
  if (forced) {
    throw new Failure(
      `KUBELET_TRUST_TOOLCHAIN is "${forced}": set it to "vendor" or "source", or unset it to let ` +
        "the program choose.",
    );
  }
  const home = vendorHome(env);
  if (fs.existsSync(cliIn(home))) {
    return { world: "vendor", why: `${home} has the vendor's CLI ${versions.pulumi}` };
  }
  if (built) return { world: "source", why: "it has been built on this machine before" };
  const { hostname } = new URL(server);
  const trouble = await unreachable(server);
  return trouble === undefined
    ? { world: "vendor", why: `${hostname} can be reached` }
    : { world: "source", why: `${hostname} cannot be reached: ${trouble}` };
}

/**
 * The user's own PULUMI_HOME. One in this project's cache is not: it comes from a run of this
 * program that this one runs in.
 * @param {NodeJS.ProcessEnv} env
 * @returns {string}
 */
export function vendorHome(env) {
  const home = env.PULUMI_HOME ? path.resolve(env.PULUMI_HOME) : "";
  const own = home.startsWith(cacheRoot(env) + path.sep);
  return home && !own ? home : path.join(os.homedir(), ".pulumi");
}

/**
 * Where the launcher keeps the CLI.
 * @param {string} home a PULUMI_HOME
 * @returns {string}
 */
export function cliIn(home) {
  return path.join(home, "versions", versions.pulumi, "bin", "pulumi");
}

/**
 * @param {string} address
 * @returns {Promise<string | undefined>} what is in the way, in a few words
 */
async function unreachable(address) {
  try {
    const response = await fetch(address, {
      method: "HEAD",
      signal: AbortSignal.timeout(patience),
    });
    return response.ok ? undefined : `it answers ${response.status}`;
  } catch (error) {
    const { name, cause } = /** @type {Error & { cause?: NodeJS.ErrnoException }} */ (error);
    if (name === "TimeoutError") return `no answer in ${patience / 1000} s`;
    return cause?.code ?? cause?.message ?? name;
  }
}
