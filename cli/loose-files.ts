/** Certificates and keys that lie elsewhere in the folders that were given than what names them. */
import { posix } from "node:path";
import type { Given } from "../trust/readers/format.ts";
import { isEncrypted, textFile } from "../trust/readers/text-file.ts";
import { unknown } from "../trust/words/fact.ts";
import type { HostFiles } from "../trust/words/facts.ts";
import { groupBy } from "../trust/words/group-by.ts";

type Loose = { readonly file: string; readonly text: string };

/**
 * Finds a file by its name: of several, the one whose folders fit the path best. PEM alone, encrypted
 * or not: the name of another file says too little of what it is.
 */
export function looseFiles(givens: readonly Given[]): HostFiles {
  const byName = groupBy(pemFiles(givens), ({ file }) => posix.basename(file));
  return (path) => {
    const found = (byName.get(posix.basename(path)) ?? []).filter(
      ({ file }) => isOfEtcd(file) === isOfEtcd(path),
    );
    const most = Math.max(0, ...found.map(({ file }) => commonEnd(file, path)));
    const best = found.filter(({ file }) => commonEnd(file, path) === most);
    const [first] = best;
    if (first === undefined) return unknown(`the content of ${path}`, { where: path });
    return new Set(best.map(({ text }) => text)).size === 1
      ? textFile(path, first.text, { where: first.file })
      : unknown(`which of ${best.map(({ file }) => file).join(" and ")} is ${path}`, {
          where: path,
        });
  };
}

function pemFiles(givens: readonly Given[]): Loose[] {
  return givens.flatMap(({ content, origin }): Loose[] => {
    if (origin.machine !== undefined || origin.path !== undefined) return [];
    const text = typeof content === "string" ? content : Buffer.from(content).toString("utf8");
    return text.includes("-----BEGIN ") || isEncrypted(text)
      ? [{ file: origin.source.where, text }]
      : [];
  });
}

/** kubeadm has two of each CA's file, and etcd's are in a folder of their own. */
function isOfEtcd(path: string): boolean {
  return /[\\/]etcd[\\/][^\\/]*$/.test(path);
}

/** How many names two paths end with alike. */
function commonEnd(one: string, other: string): number {
  const [a, b] = [one, other].map((path) => path.replaceAll("\\", "/").split("/").reverse());
  const differs = (a ?? []).findIndex((name, index) => name !== b?.[index]);
  return differs < 0 ? (a ?? []).length : differs;
}
