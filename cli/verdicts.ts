/** `npm run verdicts`: writes docs/verdicts.md and docs/reading.md anew. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readingDocument } from "../trust/readers/reading-document.ts";
import { verdictsDocument } from "./verdicts-document.ts";

for (const [name, text] of [
  ["verdicts.md", verdictsDocument()],
  ["reading.md", readingDocument()],
] as const) {
  const file = fileURLToPath(new URL(`../docs/${name}`, import.meta.url));
  writeFileSync(file, text);
  console.log(`wrote ${file}`);
}
