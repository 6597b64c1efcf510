/** Folders for tests, which are gone afterwards. */
import { randomUUID } from "node:crypto";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** Files by their paths in a folder; one without content is left out. */
export type Files = Readonly<Record<string, string | Uint8Array | undefined>>;

/** Writes files, and makes the folders that they lie in. */
export function writeFiles(folder: string, files: Files): void {
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
}

/** A folder of the suite that asks for it: one for all of its tests. */
export function folderForAll(): string {
  return folderBetween(before, after);
}

/** A folder of the suite that asks for it: there is nothing in it when a test begins. */
export function folderForEach(): string {
  return folderBetween(beforeEach, afterEach);
}

function folderBetween(begin: Mocha.HookFunction, end: Mocha.HookFunction): string {
  const folder = newPath();
  begin(() => make(folder));
  end(() => remove(folder));
  return folder;
}

/** Does something in a new folder, which is there until that is done. */
export function inFolder<T>(work: (folder: string) => T): T {
  const folder = newPath();
  make(folder);
  let isWaiting = false;
  try {
    const done = work(folder);
    if (!(done instanceof Promise)) return done;
    isWaiting = true;
    return done.finally(() => remove(folder)) as T;
  } finally {
    if (!isWaiting) remove(folder);
  }
}

function newPath(): string {
  return join(tmpdir(), `kubelet-trust-test-${randomUUID()}`);
}

function make(folder: string): void {
  mkdirSync(folder, { mode: 0o700 });
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
