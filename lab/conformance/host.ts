/** A machine of the lab as verdicts see it: its files as they lie there now. */
import * as fs from "node:fs";
import { known } from "../../trust/words/fact.ts";
import type { FileContent } from "../../trust/words/facts.ts";
import { hostPath, type RunningMachine } from "../host/machine.ts";
import type { Host } from "./facts.ts";

/** Reads when it is asked. */
export function hostOf(machine: RunningMachine): Host {
  return {
    name: machine.name,
    files: (path) => known(contentOf(hostPath(machine, path)), { where: path }),
    folder: (path) => {
      const folder = hostPath(machine, path);
      return fs.existsSync(folder) ? fs.readdirSync(folder) : undefined;
    },
  };
}

function contentOf(file: string): FileContent {
  try {
    return { kind: "text", text: fs.readFileSync(file, "utf8") };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EISDIR") return { kind: "directory" };
    // A socket, for example, is there and is no text.
    return { kind: code === "ENOENT" || code === "ENOTDIR" ? "missing" : "unreadable" };
  }
}
