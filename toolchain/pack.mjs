// Builds the policy pack: one JavaScript file, which starts more than twice as fast as TypeScript
// that the pack's runner would have to compile.
import * as fs from "node:fs";
import * as path from "node:path";
import { contentKey, hashFile } from "./cache.mjs";
import { Failure } from "./fail.mjs";
import { withLock } from "./lock.mjs";
import { localState, policyPack, repository } from "./paths.mjs";

/**
 * Builds `dist/index.cjs` from the pack's `index.ts` if anything it is made of has changed.
 * Does nothing where there is no pack.
 * @param {import("./progress.mjs").Progress} progress
 * @param {string} [pack] the pack's folder, default `policies`
 * @throws {Failure} if the sources do not compile
 */
export async function ensurePack(progress, pack = policyPack) {
  if (!fs.existsSync(path.join(pack, "index.ts")) || isFresh(pack)) return;
  await withLock(path.join(localState, "locks", "pack"), async () => {
    if (isFresh(pack)) return;
    const start = Date.now();
    await build(pack);
    progress.say(`Built the policy pack (${Date.now() - start} ms)`);
  });
}

/** @param {string} pack */
async function build(pack) {
  const { build: bundle } = await import("esbuild");
  const output = path.join(pack, "dist");
  const draft = path.join(output, `index.${process.pid}.cjs`);
  try {
    const { metafile } = await bundle({
      absWorkingDir: repository,
      entryPoints: [path.join(pack, "index.ts")],
      outfile: draft,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node18",
      // The engine's SDK must be the one that the runner of policy packs has loaded.
      external: ["@pulumi/*"],
      metafile: true,
      logLevel: "silent",
    });
    fs.renameSync(draft, path.join(output, "index.cjs"));
    const inputs = Object.keys(metafile.inputs);
    fs.writeFileSync(stamp(pack), JSON.stringify({ inputs, key: inputsKey(inputs) }));
  } catch (error) {
    throw new Failure(`The policy pack cannot be built:\n${/** @type {Error} */ (error).message}`);
  } finally {
    fs.rmSync(draft, { force: true });
  }
}

/** @param {string} pack */
function isFresh(pack) {
  try {
    const { inputs, key } = JSON.parse(fs.readFileSync(stamp(pack), "utf8"));
    return fs.existsSync(path.join(pack, "dist", "index.cjs")) && inputsKey(inputs) === key;
  } catch {
    return false;
  }
}

/**
 * What the last build was made of. Written after the build: a killed one is repeated.
 * @param {string} pack
 */
function stamp(pack) {
  return path.join(pack, "dist", "inputs.json");
}

/**
 * @param {readonly string[]} inputs paths relative to the repository
 */
function inputsKey(inputs) {
  const files = ["package-lock.json", "toolchain/pack.mjs", ...inputs];
  return contentKey(files.map((file) => [file, hashFile(path.join(repository, file))]));
}
