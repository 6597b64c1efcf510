/** The tables of all known versions, by minor version. Written by data/dump/run.mjs. */
import type { VersionData } from "../tables.ts";
import version134 from "./kubernetes-1.34.json" with { type: "json" };
import version135 from "./kubernetes-1.35.json" with { type: "json" };
import version136 from "./kubernetes-1.36.json" with { type: "json" };
import version137 from "./kubernetes-1.37.json" with { type: "json" };

export const data: Readonly<Record<string, VersionData>> = {
  "1.34": version134 as unknown as VersionData,
  "1.35": version135 as unknown as VersionData,
  "1.36": version136 as unknown as VersionData,
  "1.37": version137 as unknown as VersionData,
};
