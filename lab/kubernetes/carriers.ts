/** How a machine comes by its files. */
import * as fs from "node:fs";
import { Failure } from "../../toolchain/fail.mjs";
import { cloudConfig } from "../../trust/carriers/cloud-init.ts";
import { type CarriedFile, services } from "../../trust/carriers/machine.ts";
import { runCloudInit } from "../host/cloud-init.ts";
import {
  applyKernelSettings,
  hostPath,
  layOut,
  type RunningMachine,
  requireOwnFolders,
} from "../host/machine.ts";
import type { Carrier } from "../host/state.ts";
import { servicesStarted, systemctlCalls } from "../host/systemctl.ts";
import type { Machine, RenderedFile } from "./rendered.ts";

/**
 * Brings a machine its files, and nothing else of what was rendered.
 *
 * @returns the machine with the files that are on its disk
 * @throws {Failure} when the carrier fails, or leaves out a file or the start of a service.
 */
export async function carry(
  carrier: Carrier,
  machine: Machine,
  running: RunningMachine,
): Promise<Machine> {
  requireOwnFolders(running, machine.files);
  await carriers[carrier](machine, running);
  const files = filesOnDisk(running, machine.files);
  applyKernelSettings(running, files);
  return { ...machine, files };
}

const carriers: Readonly<
  Record<Carrier, (machine: Machine, running: RunningMachine) => Promise<void> | void>
> = {
  files: ({ files }, running) => layOut(running, files),
  "cloud-init": async ({ files }, running) => {
    await runCloudInit(running, cloudConfig(files.map(carriedFile)));
    const started = servicesStarted(systemctlCalls(running));
    const missing = services.find((service) => !started.includes(service));
    if (missing !== undefined) {
      throw new Failure(`${running.name}: its user data does not start ${missing}.`);
    }
  },
};

/** The same files, as they are on a machine's disk. */
export function filesOnDisk(
  running: RunningMachine,
  files: readonly RenderedFile[],
): RenderedFile[] {
  return files.map(({ path, owner }) => {
    const at = hostPath(running, path);
    try {
      return { path, owner, mode: fs.statSync(at).mode & 0o7777, content: fs.readFileSync(at) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new Failure(`${running.name}: its carrier did not bring ${path} (${code}).`);
    }
  });
}

function carriedFile({ path, mode, owner, content }: RenderedFile): CarriedFile {
  return {
    ...{ path, owner, content: content.toString("utf8") },
    mode: mode.toString(8).padStart(4, "0"),
  };
}
