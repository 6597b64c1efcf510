import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { compile } from "../../toolchain/compile.mjs";
import { packageNames, sourcesOf } from "../../toolchain/packages.mjs";

// What ES modules see of the SDKs has other types than what CommonJS sees: the type check of the clone is not enough.
describe("the sources of the npm packages", () => {
  let folder: string;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-sources-"));
  });
  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  for (const name of packageNames) {
    it(`of ${name} compile to CommonJS`, async () => {
      await compile(sourcesOf[name], path.join(folder, name));
    }).timeout(60_000);
  }
});
