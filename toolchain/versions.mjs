// The versions of the toolchain. They are pinned in package.json alone; Go modules that have to
// name one as well are tested to agree.
import * as fs from "node:fs";
import * as path from "node:path";
import { repository } from "./paths.mjs";

const manifest = JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8"));

/** Version of each part, as in "3.259.0". */
export const versions = {
  /** CLI and language host: that of their npm launcher. */
  pulumi: pinned("devDependencies", "pulumi"),
  /** The Kubernetes plugin: that of its SDK. */
  kubernetes: pinned("dependencies", "@pulumi/kubernetes"),
  /** The TLS plugin: that of its SDK. */
  tls: pinned("dependencies", "@pulumi/tls"),
  /** The SDK of policy packs. */
  policy: pinned("dependencies", "@pulumi/policy"),
};

/**
 * @param {"dependencies" | "devDependencies"} kind
 * @param {string} name
 * @returns {string}
 */
function pinned(kind, name) {
  const version = manifest[kind]?.[name];
  if (!/^\d+\.\d+\.\d+$/.test(version)) {
    throw new Error(`package.json must pin ${name} in ${kind} to one version, not ${version}`);
  }
  return version;
}
