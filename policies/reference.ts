/** Part of `npm run reference`: writes docs/reference/policies.md anew. */
import { writeFileSync } from "node:fs";
import { policiesReference } from "./reference-page.ts";

writeFileSync(new URL("../docs/reference/policies.md", import.meta.url), policiesReference());
