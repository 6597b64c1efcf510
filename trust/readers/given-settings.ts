/** Settings of kubelets in objects of clouds and distributions, which start the kubelets themselves, as pieces. */
import { at, fieldName, unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { programPiece } from "./program-pieces.ts";
import { type Settled, settingsIn } from "./tuning.ts";
import { toWords } from "./word.ts";
import type { FieldPath, Json, YamlDocument } from "./yaml.ts";

/** Names in one sentence; the rest is counted. */
const maxNames = 6;

/**
 * What settings say: what tunes alone as a note, what decides by its name, and whether a kubelet is open as a kubelet of
 * which nothing else is known.
 *
 * @param by who makes flags of them, as a person calls it
 * @param isNoneMeant whether a map without any setting says that nothing is set; else it is not known what is
 */
export function settingPieces(
  value: Json,
  path: FieldPath,
  whose: Settled,
  { origin, lineOf }: { readonly origin: Origin; readonly lineOf: YamlDocument["lineOf"] },
  by = origin.source.where,
  isNoneMeant = false,
): readonly Piece[] {
  const { some, deciding, flags } = settingsIn(value, whose);
  const here = fieldName(path);
  const what = (where: string) => `what ${by} makes of ${where}`;
  if (deciding.length === 0) {
    return [unread(origin, what(here), !some && !isNoneMeant)];
  }
  const named = origin.secret ? [] : deciding.filter((name) => name !== "");
  const names = named.slice(0, maxNames).join(", ");
  const more = named.length > maxNames ? ` and ${named.length - maxNames} more` : "";
  const which = names === "" ? here : `${here} (${names}${more})`;
  return [
    unread(origin, what(which), true),
    ...(flags.length === 0 ? [] : kubeletWith(flags, path, by, { origin, lineOf })),
  ];
}

/** A kubelet with some flags among others that are not known. */
function kubeletWith(
  flags: readonly string[],
  path: FieldPath,
  by: string,
  { origin, lineOf }: { readonly origin: Origin; readonly lineOf: YamlDocument["lineOf"] },
): readonly Piece[] {
  const machine = `${origin.machine ?? origin.holder}#${fieldName(path)}`;
  const here = at({ ...origin, machine }, path, lineOf);
  const words = [
    {
      kind: "unknownWords" as const,
      missing: `the flags that ${by} itself gives kubelets`,
      source: here.source,
    },
    ...toWords(flags, here.source),
  ];
  const label = `kubelets of ${origin.source.where} (${fieldName(path)})`;
  return programPiece({ program: "kubelet", words, source: here.source }, here, { label });
}
