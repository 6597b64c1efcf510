/**
 * `npm run lab -- up`: gets what is needed, removes what an interrupted run left, and boots.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { parse } from "yaml";
import { Failure } from "../../toolchain/fail.mjs";
import {
  carrierPackages,
  ensurePackages,
  ensurePrograms,
  kubernetesVersion,
} from "../../toolchain/kubernetes/programs.ts";
import { withLock } from "../../toolchain/lock.mjs";
import { createProgress } from "../../toolchain/progress.mjs";
import { removeLab } from "../host/cleanup.ts";
import { type Lab, labRoot } from "../host/identity.ts";
import { keepCertificates, readCertificates } from "../host/kept-certificates.ts";
import { runInside, startSandbox } from "../host/sandbox.ts";
import { bootId, type Carrier, type LabState, readState, writeState } from "../host/state.ts";
import { refuseExpired } from "../kubernetes/expired.ts";
import { refuseWithoutAdministrator } from "../kubernetes/first-administrator.ts";
import { readRendered } from "../kubernetes/rendered.ts";

/** Bytes that a small cluster needs free to come up. */
const leastFree = 1024 ** 3;

/**
 * Boots the lab.
 *
 * @param carrier how the machines come by their files
 * @returns the exit code: 0 when every node answers
 * @throws {Failure} in one line when it cannot.
 */
export async function up(lab: Lab, clone: string, carrier: Carrier = "files"): Promise<number> {
  const progress = createProgress();
  const rendered = renderedFolder(lab.stack, clone);
  const stack = readRendered(rendered, kubernetesVersion);
  refuseExpired(stack, new Date());
  refuseWithoutAdministrator(stack);
  requireSpace(labRoot());
  await ensurePackages(progress, process.env, carrier === "files" ? [] : carrierPackages[carrier]);
  const programs = await ensurePrograms(progress);
  return withLock(
    path.join(labRoot(), ".locks", lab.id),
    async () => {
      const certificates = readCertificates(lab);
      await removeLeftovers(lab, progress.say);
      const state: LabState = {
        ...{ id: lab.id, stack: lab.stack, rendered, carrier, kubernetesVersion, programs },
        ...{ bootId: bootId(), machines: [], processes: [] },
      };
      writeState(lab, state);
      keepCertificates(lab, certificates);
      const init = await startSandbox(lab);
      writeState(lab, { ...state, init });
      return runInside(init, lab, path.join(import.meta.dirname, "inside.ts"), [lab.stack, clone]);
    },
    ({ pid }) => progress.say(`Waiting for process ${pid}, which is starting the same lab`),
  );
}

/**
 * Where a stack renders to: `kubelet-trust:renderTo` of its Pulumi.<stack>.yaml, default `rendered`. A path is the
 * folder itself.
 *
 * @throws {Failure} when there is no such stack.
 */
export function renderedFolder(stack: string, clone: string): string {
  if (stack.includes("/")) return stack;
  const file = path.join(clone, `Pulumi.${stack}.yaml`);
  if (!fs.existsSync(file)) {
    throw new Failure(
      `There is no stack ${stack} (${file}); give its name, or the path of a rendered folder.`,
    );
  }
  const settings = parse(fs.readFileSync(file, "utf8")) as StackSettings | null;
  return path.resolve(clone, settings?.config?.["kubelet-trust:renderTo"] ?? "rendered");
}

type StackSettings = { readonly config?: { readonly "kubelet-trust:renderTo"?: string } };

function requireSpace(root: string): void {
  fs.mkdirSync(root, { recursive: true, mode: 0o755 });
  const { bavail, bsize } = fs.statfsSync(root);
  if (bavail * bsize >= leastFree) return;
  throw new Failure(
    `The disk of ${root} is full (${Math.floor((bavail * bsize) / 1024 ** 2)} MB free, the lab needs ` +
      `${leastFree / 1024 ** 2}): free some, or set KUBELET_TRUST_LAB_ROOT to a folder elsewhere.`,
  );
}

async function removeLeftovers(lab: Lab, say: (line: string) => void): Promise<void> {
  const state = readState(lab);
  const { found, processes, cgroups } = await removeLab(lab);
  if (!found && processes === 0) return;
  const what = state?.readyAt === undefined ? "an interrupted run" : "the lab that was up";
  say(`Removed ${what}: ${processes} processes, ${cgroups} cgroups`);
}
