import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/**
 * A policy's page, as a link that opens where the pack runs: the pages lie beside the compiled pack, in the package and
 * in a clone. Inside another pack's bundle there are none, and the page is named in words.
 *
 * @param folder where the pack is. Default: that of the compiled file that this is part of.
 */
export function pageOf(policy: string, folder = ownFolder()): string {
  const page = join("docs", "policies", `${policy}.md`);
  // The package's pack lies in its root, the clone's in policies/dist, the package's library in policies/report.
  const files = [".", "..", "../.."].map((up) => join(folder, up, page));
  const file = files.find((one) => existsSync(one));
  return file === undefined ? `${page} of kubelet-trust` : pathToFileURL(file).href;
}

/** An ES module, which it is before it is compiled, has no such name: its tests run in the clone. */
function ownFolder(): string {
  return typeof __dirname === "string" ? __dirname : process.cwd();
}
