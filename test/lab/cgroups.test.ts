import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { needsLab } from "./requirements.ts";

const root = "/sys/fs/cgroup";
const cgroups = path.join(import.meta.dirname, "..", "..", "lab", "host", "cgroups.ts");

/** What a lab's cgroup came to, in every hierarchy of a mount namespace. */
type Seen = {
  /** Cgroups of the machine that were there. */
  readonly made: readonly string[];
  /** Controllers that the machine's cgroup has, and could hand on. */
  readonly handedOn: readonly string[];
  readonly removed: number;
  readonly left: readonly string[];
};

/** Makes and removes a machine's cgroup in a mount namespace of its own, once `prepare` has been run there. */
function tried(prepare: string): Seen {
  const name = `kubelet-trust-test-${process.pid}`;
  const script = `
    import * as fs from "node:fs";
    import * as path from "node:path";
    import { createCgroup, removeCgroups } from ${JSON.stringify(cgroups)};
    const root = ${JSON.stringify(root)};
    const name = ${JSON.stringify(name)};
    // A hierarchy of cgroup v1 may go by several names.
    const hierarchies = new Set([root, ...fs.readdirSync(root).map((one) => path.join(root, one))]
      .map((one) => fs.realpathSync(one)));
    const there = () => [...hierarchies]
      .map((one) => path.join(one, name, "machine"))
      .filter((one) => fs.existsSync(one));
    createCgroup(name + "/machine");
    const made = there();
    const handedOn = made.flatMap((one) => {
      const file = path.join(one, "cgroup.controllers");
      return fs.existsSync(file) ? fs.readFileSync(file, "utf8").split(/\\s+/).filter(Boolean) : [];
    });
    const removed = await removeCgroups(name);
    console.log(JSON.stringify({ made, handedOn, removed, left: there() }));`;
  const run = `${prepare} && exec "$0" --input-type=module -e "$1"`;
  const args = ["-m", "sh", "-ec", run, process.execPath, script];
  return JSON.parse(execFileSync("unshare", args, { encoding: "utf8" })) as Seen;
}

describe("a lab's control groups", () => {
  before(needsLab);

  it("are made in every hierarchy that this machine has, and go", () => {
    const { made, removed, left } = tried("true");
    const isUnified = fs.existsSync(path.join(root, "cgroup.controllers"));
    const names = fs.readdirSync(root).map((one) => fs.realpathSync(path.join(root, one)));
    assert.equal(made.length, isUnified ? 1 : new Set(names).size);
    assert.equal(removed, 2 * made.length);
    assert.deepEqual(left, []);
  });

  it("are made in the one hierarchy of cgroup v2, and go", () => {
    const { made, removed, left } = tried(`mount -t cgroup2 none ${root}`);
    assert.equal(made.length, 1);
    assert.deepEqual([removed, left], [2, []]);
  });

  it("are handed the controllers of cgroup v2", function () {
    const controllers = path.join(root, "cgroup.controllers");
    if (!fs.existsSync(controllers) || fs.readFileSync(controllers, "utf8").trim() === "") {
      process.stderr.write("    skipped: the controllers of this machine are cgroup v1's\n");
      this.skip();
    }
    const { handedOn } = tried("true");
    assert.ok(handedOn.includes("memory") && handedOn.includes("pids"), handedOn.join(" "));
  });
});
