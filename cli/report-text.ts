/** Text of users inside HTML, Markdown and Mermaid: shown as everywhere (trust/words/shown.ts), then escaped. */
import { shown } from "../trust/words/shown.ts";

/** Inside HTML, also inside attributes in double quotes. */
export function html(text: string): string {
  return shown(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** Everything that may mean something to Markdown, or in a table's cell: an entity means nothing but itself. */
const mark = /[^\p{L}\p{N} ,.:/=()-]/gu;

/**
 * Inside Markdown. In `<code>`, so that no host makes a mention, a reference or a link of it
 * (GitHub leaves code alone).
 */
export function markdown(text: string): string {
  return `<code>${shown(text).replaceAll(mark, entity)}</code>`;
}

/** Inside a label of Mermaid in double quotes. Its entities are decimal: `#34;`. */
export function mermaid(text: string): string {
  return shown(text).replaceAll(mark, (one) => `#${one.codePointAt(0)};`);
}

function entity(character: string): string {
  return `&#${character.codePointAt(0)};`;
}

/** A text in at most `length` characters; what is cut off ends in `…`. */
export function cut(text: string, length: number): string {
  const characters = [...shown(text)];
  return characters.length <= length
    ? characters.join("")
    : `${characters.slice(0, length - 1).join("")}…`;
}
