// What programs in other languages need of the vendor's beside the CLI: the language host for YAML, and the generators
// of SDKs for Python and Go.
import * as fs from "node:fs";
import * as path from "node:path";
import { ensureBuilt } from "./go.mjs";
import { repository } from "./paths.mjs";
import { cliIn } from "./world.mjs";

/**
 * The folder with `pulumi-language-yaml` and `generate-sdk`, built now if the cache does not have them.
 * @param {import("./progress.mjs").Progress} [progress] default: one on stderr
 * @returns {Promise<string>} absolute path; treat it as read-only
 * @throws {import("./fail.mjs").Failure} if Go is missing or too old, or if the build fails
 */
export function ensureLanguages(progress) {
  return ensureBuilt(
    {
      name: "pulumi-languages",
      title: "Pulumi's language host for YAML, and its generators of SDKs",
      moduleDir: path.join(repository, "toolchain", "go", "pulumi-languages"),
      packages: ["github.com/pulumi/pulumi-yaml/cmd/pulumi-language-yaml", "./generate-sdk"],
      tags: ["osusergo", "grpcnotrace"],
    },
    progress,
  );
}

/**
 * The same environment with a language host for YAML: the vendor's CLI brings one along, the one built from source is
 * alone.
 * @param {NodeJS.ProcessEnv} env of `pulumiEnvironment`
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
export async function withYaml(env) {
  const beside = path.join(path.dirname(cliIn(env.PULUMI_HOME ?? "")), "pulumi-language-yaml");
  if (fs.existsSync(beside)) return env;
  return { ...env, PATH: [await ensureLanguages(), env.PATH].join(path.delimiter) };
}
