/** Which text is the environment file that a unit names. */
import { readEnvironmentFile } from "./environment-file.ts";
import { variablesOf } from "./systemd-unit.ts";
import { nameOf, type Text } from "./unit-groups.ts";

/** The paths of `EnvironmentFile=`. */
export function environmentPaths(text: string): string[] {
  return [...text.matchAll(/^[ \t]*EnvironmentFile[ \t]*=[ \t]*-?(.*)$/gm)]
    .map(([, path = ""]) => path.trim().replace(/^["']|["']$/g, ""))
    .filter((path) => path !== "");
}

/** The texts of environment files: by path, by name, else the only one left that sets a variable that the unit uses. */
export function filesByPath(
  paths: readonly string[],
  files: readonly Text[],
  texts: readonly Text[],
): Map<string, Text> {
  const found = new Map<string, Text>();
  for (const path of paths) {
    const match = files.find(({ origin }) => origin.path === path) ?? files.find(isNamed(path));
    if (match) found.set(path, match);
  }
  const variables = new Set(texts.flatMap(({ text }) => variablesOf(text)));
  const left = files.filter(
    (file) =>
      ![...found.values()].includes(file) &&
      file.origin.path === undefined &&
      Object.keys(readEnvironmentFile(file.text)).some((name) => variables.has(name)),
  );
  const open = paths.filter((path) => !found.has(path));
  for (const [index, file] of left.entries()) {
    const path = open[index];
    if (path !== undefined) found.set(path, file);
  }
  return found;
}

/** `kubelet`, `default-kubelet` or `etc_default_kubelet` for /etc/default/kubelet. */
export function isNamed(path: string): (text: Text) => boolean {
  const segments = path.split("/").filter((part) => part !== "");
  const names = segments.map((_, index) => segments.slice(index).join("-"));
  return ({ origin }) => {
    const name = nameOf(origin);
    const spellings = [name, name.replace(/[_.]/g, "-")];
    return origin.path === undefined && spellings.some((one) => names.includes(one));
  };
}
