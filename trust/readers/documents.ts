/** YAML and JSON texts: kubeadm's documents together, every other one by itself. */
import type { Format, GivenObject, Reading } from "./format.ts";
import { keepLast } from "./keep-last.ts";
import { kubeadmPieces } from "./kubeadm-pieces.ts";
import { titleOf, unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { speaks } from "./speaks.ts";
import { asObject, asText, readYaml, type YamlDocument } from "./yaml.ts";

/** The line that tells YAML or JSON from other text: a key, an item, a bracket, or the mark of a document. */
const opening = /^(---|[[{]|%YAML|- |-$|["']?[\w./$-]+["']?\s*:(\s|$)|\{\{)/;

/** `[INPUT]`: the head of a section in an INI file (Fluent Bit's, TOML), which is a list in YAML. */
const sectionHead = /^\[{1,2}[\w. -]+\]{1,2}\s*$/;

export const documents: Format = {
  name: "YAML or JSON",
  about:
    "any number of documents, each an object of one of the kinds below; kubeadm's documents and a KubeletConfiguration of one text belong together; `{{ templates }}` are unknown values",
  recognises: (text) => {
    const first = text
      .split("\n", 500)
      .find((line) => line.trim() !== "" && !/^\s*#/.test(line))
      ?.trimStart();
    if (first === undefined || !opening.test(first)) return false;
    return sectionHead.test(first) ? parsed(text).problems.length === 0 : isStructured(text);
  },
  read: (text, origin) => {
    const { documents, problems } = parsed(text);
    const read = withOrigin(documents, origin);
    const broken = problems.flatMap(({ message, source }) =>
      speaks(text) === "of other things"
        ? []
        : [
            unread(
              {
                ...origin,
                source: {
                  ...origin.source,
                  ...(source.line !== undefined && { line: source.line }),
                },
              },
              `a readable text in ${origin.source.where}${origin.secret ? "" : `: ${message}`}${isTemplate(text) ? "; it is a template: give what `helm template` makes of it" : ""}`,
              true,
            ),
          ],
    );
    const { pieces, inner } = readDocuments(read, text, origin);
    return { pieces: [...pieces, ...broken], inner };
  },
};

/** Lines that a template's engine takes for control, and YAML cannot. */
function isTemplate(text: string): boolean {
  return /^[ \t]*\{\{-?\s*(if|else|range|with|end|include|template|define)\b/m.test(text);
}

/** Text parses as YAML too: only objects and lists count, and what is broken halfway. */
function isStructured(text: string): boolean {
  const { documents, problems } = parsed(text);
  return documents.some(({ value }) => typeof value === "object") || problems.length > 0;
}

const parsed = keepLast((text) => readYaml(text, { where: "" }));

function withOrigin(documents: readonly YamlDocument[], { source }: Origin): YamlDocument[] {
  return documents.map((document) => ({ ...document, source: { where: source.where } }));
}

function readDocuments(documents: readonly YamlDocument[], text: string, origin: Origin): Reading {
  const isKubeadm = documents.some(isOfKubeadm);
  const together = isKubeadm ? documents.filter((one) => isOfKubeadm(one) || isOfKubelet(one)) : [];
  const others = documents.filter((document) => !together.includes(document));
  const pieces: readonly Piece[] = isKubeadm
    ? kubeadmPieces(together, origin, { where: origin.source.where })
    : [];
  const inner = others.map((document, index): GivenObject => {
    const object = asObject(document.value);
    const isWholeFile = index === 0 && object?.kind === "KubeletConfiguration" && !origin.secret;
    return {
      object: document.value,
      lineOf: document.lineOf,
      origin: others.length === 1 ? origin : withinHolder(origin, document, index),
      ...(isWholeFile && { text }),
    };
  });
  return { pieces, inner };
}

/** Objects of one text are held by it apart from each other: their keys are not each other's neighbours. */
function withinHolder(origin: Origin, { value }: YamlDocument, index: number): Origin {
  const object = asObject(value);
  const title = object ? titleOf(object) : "";
  return { ...origin, holder: `${origin.holder}#${title === "" ? index : title}` };
}

function isOfKubeadm({ value }: YamlDocument): boolean {
  return asText(asObject(value)?.apiVersion)?.startsWith("kubeadm.k8s.io/") ?? false;
}

function isOfKubelet({ value }: YamlDocument): boolean {
  return asObject(value)?.kind === "KubeletConfiguration";
}
