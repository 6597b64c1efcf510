/** docs/reading.md, from the lists of formats. */
import type { Described } from "./format.ts";
import { formats, objectFormats } from "./formats.ts";

/** The text of docs/reading.md. */
export function readingDocument(): string {
  return `# What is read

Written by \`npm run verdicts\` from the lists of formats in \`trust/readers/formats.ts\`; a test compares. The policy pack and the command line ask the same readers, so a shape that one reads the other reads too.

What speaks of kubelets or kube-apiserver and is not understood is said by its name, never passed over: as undecidable where it could hold a setting that decides, else as a note.

## Texts

A text may be UTF-8 or UTF-16, with a byte order mark or without, gzip, base64 (of any of these, at any depth), a \`data:\` URL, and JSON with escapes. The first format that recognises a text reads it; what is inside, in whatever format, is read in turn.

${table(formats)}

## Objects

In YAML or JSON, or as resources of a stack. \`ConfigMapPatch\` and the like are read as the kind that they patch. The first kind that recognises an object reads it.

${table(objectFormats)}

## Unknown

| shape | what is said |
| --- | --- |
| a text of no form above that speaks of kubelets' settings | undecidable without it |
| a text of no form above that only mentions them | a note |
| words that name a kubelet or kube-apiserver and do not start it in a known way | undecidable without its flags |
| a wrapper that is not known, with the program and flags behind it | read through, with a note |
| an unknown value (\`\${VAR}\`, \`{{ .X }}\`, what a preview does not know) | unknown in its place; never absent, empty or a default |
| bytes that are no text, under a name that decides | undecidable without the text |

## Bounds

| bound | beyond it |
| --- | --- |
| 16 MiB for a text, packed or unpacked; 4 MiB and 150,000 entries for a YAML document | undecidable without the text |
| 4 MiB that a script's variables may grow to | undecidable without the rest of the script |
| 10,000 certificates in a file | the content of the file is unknown |
| 12 texts in each other, 200,000 in one call, 64 MiB out of one | undecidable without the rest |

No text that came from a Secret is quoted.
`;
}

function table(rows: readonly Described[]): string {
  const lines = rows.map(
    ({ name, status = "read", about }) =>
      `| ${name} | ${status === "read" ? "read" : "recognised, not read"} | ${about.replaceAll("|", "\\|")} |`,
  );
  return ["| shape | status | what is taken out of it |", "| --- | --- | --- |", ...lines].join(
    "\n",
  );
}
