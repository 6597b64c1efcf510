/** `npm run verdicts`: writes docs/verdicts.md anew. */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { verdictsDocument } from "./verdicts-document.ts";

const file = fileURLToPath(new URL("../docs/verdicts.md", import.meta.url));
writeFileSync(file, verdictsDocument());
console.log(`wrote ${file}`);
