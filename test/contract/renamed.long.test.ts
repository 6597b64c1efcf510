import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { clusterOutputs, nodePoolOutputs } from "../../trust/contract.ts";
import { inFolder } from "../support/folders.ts";

const repository = path.join(import.meta.dirname, "..", "..");
const program = path.join("test", "contract", "both-sides.ts");

/** The contract with other names: tokens, labels, annotations, certificates, outputs, paths, the list of files. */
function renamed(contract: string): string {
  return contract
    .replace(/"kubelet-trust([:/])/g, '"renamed$1')
    .replace(
      /(const (certificateNames|\w+Outputs) = \{)([\s\S]*?)\n\}/g,
      (_, head, __, body) => `${head}${body.replace(/: "/g, ': "renamed-')}\n}`,
    )
    .replace(
      /(const paths = \{)([\s\S]*?)\n\}/,
      (_, head, body) => `${head}${body.replace(/\/([\w.-]+)(["`],)/g, "/renamed-$1$2")}\n}`,
    )
    .replace('"files.json"', '"renamed-files.json"')
    .replace("`host-files-", "`renamed-host-files-");
}

/** What the two sides make of a cluster, in a copy of the project whose contract was changed. */
function bothSides(
  change: (contract: string) => string,
  changeWriter: (component: string) => string = (component) => component,
): string {
  return inFolder((folder) => {
    for (const room of ["trust", "components", "policies", "lab", "toolchain", "test"]) {
      fs.cpSync(path.join(repository, room), path.join(folder, room), {
        recursive: true,
        filter: (source) => !/toolchain\/go$|test\/observed$/.test(source),
      });
    }
    fs.symlinkSync(path.join(repository, "node_modules"), path.join(folder, "node_modules"));
    fs.copyFileSync(path.join(repository, "package.json"), path.join(folder, "package.json"));
    rewrite(path.join(folder, "trust", "contract.ts"), change);
    rewrite(path.join(folder, "components", "node-certificates.ts"), changeWriter);
    return run(folder);
  });
}

/** @param folder the project, or a copy of it, of which nothing is kept */
function run(folder: string): string {
  const env = folder === repository ? {} : { NODE_DISABLE_COMPILE_CACHE: "1" };
  return execFileSync(process.execPath, [path.join(folder, program)], {
    encoding: "utf8",
    env: { ...process.env, ...env },
  });
}

function rewrite(file: string, change: (text: string) => string): void {
  fs.writeFileSync(file, change(fs.readFileSync(file, "utf8")));
}

describe("the names in the contract between components and their readers", function () {
  this.timeout("2m");

  it("may be others: pack and lab read what components then write", () => {
    const before = run(repository);
    const after = bothSides(renamed);
    assert.match(after, /renamed-kubelet-serving\.crt/);
    assert.match(after, /renamed-host-files-cp-0/);
    const { cluster, pool } = JSON.parse(after);
    assert.ok([...cluster, ...pool].every((name) => name.startsWith("renamed-")));
    assert.equal(cluster.length, Object.keys(clusterOutputs).length);
    assert.equal(pool.length, Object.keys(nodePoolOutputs).length);
    const namesBack = after.replaceAll("renamed-", "").replaceAll("renamed/", "kubelet-trust/");
    assert.deepEqual(JSON.parse(namesBack), JSON.parse(before));
    const { verify, skip, machines } = JSON.parse(before);
    assert.equal(verify.length, 1);
    assert.match(
      verify[0],
      /^approver-binds-addresses \(advisory\): .*10\.0\.0\.21, which is b-0's/,
    );
    assert.match(skip.join("\n"), /kubelet-serving-verified \(advisory\): .*cp-0, p-0/);
    assert.deepEqual(
      machines.map(({ name }: { name: string }) => name),
      ["cp-0", "b-0", "p-0"],
    );
  });

  it("are noticed when one side has one of its own, so the test above can fail", () => {
    const other = bothSides(
      (contract) => contract,
      (writer) => writer.replace("certificateNames.kubeletServing", '"other"'),
    );
    assert.notDeepEqual(JSON.parse(other).verify, []);
  });
});
