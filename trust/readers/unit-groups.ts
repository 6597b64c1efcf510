/** Which drop-ins change which unit, and what stands beside a text. */
import { compare } from "../words/compare.ts";
import { groupBy } from "../words/group-by.ts";
import type { Part } from "./format.ts";
import type { Origin } from "./piece.ts";
import { speaks } from "./speaks.ts";

/** A unit, a drop-in or an environment file. */
export type Text = Extract<Part, { kind: "unit" | "environment" }>;

/** Environment files beside one unit that are looked at. */
export const maxFiles = 50;

/** A unit with the drop-ins that change it, in their order. */
export type Group = { readonly main: Text; readonly dropIns: readonly Text[] };

/** Units with their drop-ins; drop-ins without a unit stand for it. */
export function grouped(units: readonly Text[]): Group[] {
  const mains = units.filter(isMain);
  const dropIns = units
    .filter((text) => !isMain(text))
    .sort((a, b) => compare(nameOf(a.origin), nameOf(b.origin)));
  const near = groupBy(mains, ({ origin }) => beside(origin));
  const far = groupBy(mains, farKey);
  const targets = new Map(
    dropIns.map((dropIn) => [
      dropIn,
      mainsOf(dropIn, near.get(beside(dropIn.origin)) ?? [], far.get(farKey(dropIn)) ?? []),
    ]),
  );
  const byMain = new Map<Text, Text[]>();
  for (const [dropIn, owners] of targets) {
    for (const main of owners) byMain.set(main, [...(byMain.get(main) ?? []), dropIn]);
  }
  const alone = dropIns.filter((dropIn) => (targets.get(dropIn) ?? []).length === 0);
  const rest = [...groupBy(alone, ({ origin }) => `${beside(origin)} ${serviceOf(origin) ?? ""}`)];
  return [
    ...mains.map((main) => ({ main, dropIns: byMain.get(main) ?? [] })),
    ...rest.flatMap(([, [main, ...others]]): Group[] => (main ? [{ main, dropIns: others }] : [])),
  ];
}

/** Texts without a machine that one scope holds may belong together though they have other holders. */
export function farKey({ origin }: { readonly origin: Origin }): string {
  return origin.machine === undefined ? `scope ${origin.scope}` : `machine ${origin.machine}`;
}

/** More units than this beside one drop-in, and it is not told whose it is. */
const maxOwners = 20;

/** A drop-in belongs to the unit beside it that has its name; else to the only one of its scope that has. */
function mainsOf(dropIn: Text, near: readonly Text[], far: readonly Text[]): readonly Text[] {
  const service = serviceOf(dropIn.origin);
  const named = (one: Text) =>
    service === undefined
      ? speaks(one.text) !== "of other things"
      : nameOf(one.origin) === service || !/\.service$/.test(nameOf(one.origin));
  const beside = near.length > maxOwners && service === undefined ? [] : near.filter(named);
  if (beside.length > 0) return beside.slice(0, maxOwners);
  if (far.length > maxOwners) return [];
  const others = far.filter(named);
  return others.length === 1 ? others : [];
}

/** The name of the file. */
export function nameOf({ path, key, holder }: Origin): string {
  const name = path ?? key ?? holder;
  return name.slice(name.lastIndexOf("/") + 1);
}

/** What texts of one machine have in common; without one, the holder is it, as for the files that a script writes. */
export function beside({ machine, holder }: Origin): string {
  return machine ?? holder;
}

/** `kubelet.service.d/10-kubeadm.conf` changes kubelet.service. */
export function serviceOf({ path, key, holder }: Origin): string | undefined {
  return /([\w@.-]+\.service)\.d[/_-]/.exec(path ?? key ?? holder)?.[1];
}

/** A drop-in is known by its folder or its ending; without a name, by having no `[Unit]` or `[Install]`. */
function isMain({ text, origin }: Text): boolean {
  const name = nameOf(origin);
  if (serviceOf(origin) !== undefined) return false;
  if (/\.service$/.test(name)) return true;
  if (/\.conf$/.test(name)) return false;
  return /^[ \t]*\[(Unit|Install)\]\s*$/m.test(text) || !/^[ \t]*ExecStart\s*=\s*$/m.test(text);
}
