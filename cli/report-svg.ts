/** The picture of a cluster, drawn here: callers, arrows with their verdicts, and the kubelets that they reach. */
import { groupBy } from "../trust/words/group-by.ts";
import { type Arrow, type Picture, toneWords } from "./report-model.ts";
import { cut, html } from "./report-text.ts";

const boxHeight = 52;
const gap = 14;

/** The picture twice: across for wide screens, upright for narrow ones; the style sheet shows one of them. */
export function toSvg(picture: Picture, id: string): string {
  return [across(picture, `${id}-across`), upright(picture, `${id}-upright`)].join("\n");
}

/** Nothing that is drawn is lost to who cannot see it: each arrow is a sentence. */
function sentence({ caller, pool, kind, tone, says }: Arrow): string {
  return `${caller} to ${pool} (${kind}): ${toneWords[tone].word}, ${says}`;
}

function frame(
  picture: Picture,
  id: string,
  look: string,
  width: number,
  height: number,
  body: readonly string[],
): string {
  const told = picture.arrows.map(sentence).join(". ");
  return `<svg class="${look}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title" aria-describedby="${id}-desc">
<title id="${id}-title">${html(`Who calls whom in ${picture.cluster}`)}</title>
<desc id="${id}-desc">${html(told)}</desc>
${body.join("\n")}
</svg>`;
}

function box(
  x: number,
  y: number,
  width: number,
  height: number,
  lines: readonly string[],
): string {
  // Wide letters of the bold and of the small font, so that what is cut is cut inside of the box.
  const letters = (index: number) => Math.floor((width - 20) / (index === 0 ? 9 : 7.2));
  const middle = y + height / 2 - (lines.length - 1) * 9 + 5;
  return [
    `<rect class="box" x="${x}" y="${y}" width="${width}" height="${height}" rx="6"/>`,
    ...lines.map(
      (line, index) =>
        `<text class="${index === 0 ? "name" : "small"}" x="${x + 10}" y="${middle + index * 18}">${html(cut(line, letters(index)))}</text>`,
    ),
  ].join("");
}

function head(x: number, y: number): string {
  return `<path class="head" d="M${x} ${y} l-9 -5 v10 z"/>`;
}

function label({ tone, says }: Arrow, letters: number): string {
  return html(cut(`${toneWords[tone].sign} ${says}`, letters));
}

function line({ tone }: Arrow, path: string): string {
  const broken = tone === "bad" || tone === "unknown" ? " broken" : "";
  return `<path class="arrow${broken}" d="${path}"/>`;
}

function across(picture: Picture, id: string): string {
  const [width, left, right] = [960, 240, 250];
  const from = left;
  const to = width - right;
  const body: string[] = [];
  let y = 1;
  for (const [caller, arrows] of groupBy(picture.arrows, (arrow) => arrow.caller)) {
    const height = arrows.length * (boxHeight + gap) - gap;
    body.push(box(1, y, left - 1, height, wrapped(caller, 24)));
    for (const arrow of arrows) {
      const middle = y + boxHeight / 2;
      body.push(
        `<g class="${arrow.tone}">${line(arrow, `M${from} ${middle} H${to - 8}`)}${head(to, middle)}<text x="${from + 12}" y="${middle - 8}">${label(arrow, 58)}</text></g>`,
        box(to, y, right - 1, boxHeight, [arrow.pool, arrow.kind]),
      );
      y += boxHeight + gap;
    }
    y += gap;
  }
  return frame(picture, id, "wide", width, y - gap * 2 + 2, body);
}

function upright(picture: Picture, id: string): string {
  const width = 340;
  const body: string[] = [];
  let y = 1;
  for (const [caller, arrows] of groupBy(picture.arrows, (arrow) => arrow.caller)) {
    body.push(box(1, y, width - 2, boxHeight, wrapped(caller, 35)));
    const top = y + boxHeight;
    y = top + gap;
    for (const arrow of arrows) {
      const middle = y + 24 + boxHeight / 2;
      body.push(
        `<g class="${arrow.tone}">${line(arrow, `M14 ${top} V${middle} H32`)}${head(40, middle)}<text x="40" y="${y + 14}">${label(arrow, 40)}</text></g>`,
        box(40, y + 24, width - 42, boxHeight, [arrow.pool, arrow.kind]),
      );
      y += 24 + boxHeight + gap;
    }
    y += gap;
  }
  return frame(picture, id, "upright", width, y - gap * 2 + 2, body);
}

/** A text in at most two lines. */
function wrapped(text: string, letters: number): string[] {
  if (text.length <= letters) return [text];
  const at = text.lastIndexOf(" ", letters);
  return at <= 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
