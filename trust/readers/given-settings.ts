/** Settings of kubelets in objects of clouds and distributions, which start the kubelets themselves, as pieces. */
import { at, fieldName, unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { type Settled, settingsIn } from "./tuning.ts";
import type { FieldPath, Json, YamlDocument } from "./yaml.ts";

/** Names in one sentence; the rest is counted. */
const maxNames = 6;

/**
 * What settings say: what tunes alone as a note, what decides by its name, and what they open.
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
  const { some, deciding, opens } = settingsIn(value, whose);
  const here = fieldName(path);
  const what = (where: string) => `what ${by} makes of ${where}`;
  const opened = opens ? [{ ...unread(at(origin, path, lineOf), what(here), true), opens }] : [];
  if (deciding.length === 0) {
    return opens ? opened : [unread(origin, what(here), !some && !isNoneMeant)];
  }
  const named = origin.secret ? [] : deciding.filter((name) => name !== "");
  const names = named.slice(0, maxNames).join(", ");
  const more = named.length > maxNames ? ` and ${named.length - maxNames} more` : "";
  const which = names === "" ? here : `${here} (${names}${more})`;
  return [unread(origin, what(which), true), ...opened];
}
