import assert from "node:assert/strict";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import type { Case } from "../../lab/conformance/case.ts";
import { runConformance } from "../../lab/conformance/main.ts";
import { kubernetesVersions } from "../../toolchain/kubernetes/programs.ts";
import { needsLab } from "./requirements.ts";

const [oldest = ""] = kubernetesVersions;

describe(`the least conformance of Kubernetes ${oldest}`, function () {
  this.timeout(300_000);
  let cases: readonly Case[];

  before(needsLab);

  before(async () => {
    const results = path.join(os.tmpdir(), `conformance-oldest-${process.pid}.jsonl`);
    const write = (line: string) => process.stderr.write(`    ${line}\n`);
    ({ cases } = await runConformance("least", results, write, oldest));
    fs.rmSync(results);
  });

  it("finds the verdict equal to reality in every case", () => {
    const disagreements = cases.filter(({ agrees }) => !agrees);
    assert.deepEqual(disagreements, []);
    assert.ok(cases.length > 30, `${cases.length} cases`);
  });

  // Newer versions say other things here (docs/conformance.md).
  for (const words of [
    "unable to upgrade connection: Unauthorized",
    "Failed to listen and serve",
    "failed to construct kubelet dependencies: unable to load client CA file",
  ]) {
    it(`hears this version's own \`${words}\` from both`, () => {
      const heard = cases.filter(({ judge, reality }) =>
        [judge, reality].every(({ message }) => message.includes(words)),
      );
      assert.notEqual(heard.length, 0);
    });
  }
});
