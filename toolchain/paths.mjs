// Where things are in a clone.
import * as path from "node:path";
import { fileURLToPath } from "node:url";

/** The clone's folder. */
export const repository = path.resolve(fileURLToPath(import.meta.url), "../..");

/** What this project keeps in the clone beside the sources; not in git. */
export const localState = path.join(repository, ".pulumi");

/** Folder of the programs that the npm packages bring, Node among them. */
export const npmBin = path.join(repository, "node_modules", ".bin");

/** The Node that everything runs on once the npm packages are there. */
export const node = path.join(npmBin, "node");

/** TypeScript 7's compiler; `.bin/tsc` is that of either version. */
export const compiler = path.join(repository, "node_modules", "typescript-native", "bin", "tsc");

/** The policy pack. It need not exist. */
export const policyPack = path.join(repository, "policies");
