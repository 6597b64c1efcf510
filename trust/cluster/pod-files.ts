/** The files of pods that come from ConfigMaps and Secrets, which are given as files too. */

import { fileInObject } from "../readers/origins.ts";
import type { FilePiece, PodAround, ProgramPiece } from "../readers/piece.ts";
import { isOfPod, keyAt, sourcesOf } from "../readers/volumes.ts";
import { isThere, unknown } from "../words/fact.ts";
import type { HostFiles } from "../words/facts.ts";
import { contentIsMissing, type FilesOf, filesInObjects, layered } from "./files.ts";

/** Gives pods their files, where a door has not done so; what no volume of theirs covers is their machine's. */
export function mounting(
  files: readonly FilePiece[],
  filesOf: FilesOf,
): (piece: ProgramPiece) => ProgramPiece {
  const inObjects = filesInObjects(files);
  return (piece) => {
    const { pod, origin } = piece;
    if (pod === undefined || piece.files || !pod.volumes.some(isOfPod)) return piece;
    return {
      ...piece,
      files: layered(mounted(pod, inObjects), filesOf(origin) ?? contentIsMissing),
    };
  };
}

function mounted({ volumeAt, namespace }: PodAround, inObjects: HostFiles): HostFiles {
  return (path) => {
    const at = volumeAt(path);
    if (at === undefined || !isOfPod(at.volume)) return contentIsMissing(path);
    const sources = sourcesOf(at.volume);
    for (const source of sources) {
      const { kind, name } = source;
      const key = keyAt(source, at.path);
      if (key === undefined) continue;
      const titles = [`${kind} ${namespace}/${name}`];
      if (namespace === "default") titles.push(`${kind} ${name}`);
      for (const title of titles) {
        const content = inObjects(fileInObject(title, key));
        if (content.known) return isThere(content);
      }
    }
    const where = sources.map(({ kind, name }) => `${kind} ${name}`).join(" or ");
    return isThere(
      unknown(`the content of ${path}${where === "" ? "" : `, which ${where} has`}`, {
        where: path,
      }),
    );
  };
}
