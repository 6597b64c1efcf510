/**
 * `npm run lab -- rotate [short]`: the CAs of a running cluster rotate under load, phase by phase.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { runChild } from "../../toolchain/child.mjs";
import { Failure, runMain } from "../../toolchain/fail.mjs";
import { requireLinuxRoot } from "../../toolchain/kubernetes/programs.ts";
import { createProgress } from "../../toolchain/progress.mjs";
import { labOf } from "../host/identity.ts";
import { runInside } from "../host/sandbox.ts";
import { readState } from "../host/state.ts";
import { issue } from "../x509/issue.ts";
import { renderPhases, selfSigning } from "./render.ts";

const clone = path.join(import.meta.dirname, "..", "..");
const cli = path.join(import.meta.dirname, "..", "cli", "cli.ts");

await runMain(async () => {
  const [length, ...others] = process.argv.slice(2);
  if ((length !== undefined && length !== "short") || others.length > 0) {
    throw new Failure("npm run lab -- rotate takes nothing but `short`.");
  }
  requireLinuxRoot();
  const root = fs.mkdtempSync(path.join(os.tmpdir(), "kubelet-trust-rotation-"));
  try {
    return await rotate(root, length === "short");
  } finally {
    fs.rmSync(root, { recursive: true, force: true });
  }
});

async function rotate(root: string, isShort: boolean): Promise<number> {
  const pair = await selfSignedPair();
  const phases = await renderPhases(root, pair.certPem, isShort, createProgress());
  const [first] = phases;
  if (first === undefined) throw new Error("there are no phases");
  const lab = labOf(first.folder, clone);
  const kept = path.join(lab.folder, "kept", selfSigning);
  fs.mkdirSync(kept, { recursive: true, mode: 0o700 });
  fs.writeFileSync(path.join(kept, "kubelet.crt"), pair.certPem);
  fs.writeFileSync(path.join(kept, "kubelet.key"), pair.keyPem, { mode: 0o600 });
  try {
    const { code } = await runChild(process.execPath, [cli, "up", first.folder]);
    const { init, readyAt } = readState(lab) ?? {};
    // Whether each node answers, the load asks again and again, before there is a rotation too.
    if (init === undefined || readyAt === undefined) return code || 1;
    const list = path.join(root, "phases.json");
    fs.writeFileSync(list, JSON.stringify(phases));
    const inside = path.join(import.meta.dirname, "inside.ts");
    return await runInside(init, lab, inside, [first.folder, clone, list]);
  } finally {
    await runChild(process.execPath, [cli, "down", first.folder]);
  }
}

/** What a kubelet would have signed for itself, before it runs: the stack trusts it from the beginning. */
function selfSignedPair() {
  const hour = 3_600_000;
  return issue({
    subject: `CN=${selfSigning}@0`,
    dnsNames: [selfSigning],
    usages: ["serverAuth"],
    notBefore: new Date(Date.now() - hour),
    notAfter: new Date(Date.now() + 24 * hour),
  });
}
