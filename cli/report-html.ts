/** A report as one HTML page that needs nothing else: no script, no font, no address. */
import { day } from "./report-lifetimes.ts";
import { daysLeft, spent } from "./report-markdown.ts";
import { fewOf, type Lifetime, type Line, type Report, toneWords } from "./report-model.ts";
import { styleSheet } from "./report-style.ts";
import { toSvg } from "./report-svg.ts";
import { cut, html } from "./report-text.ts";

/** The HTML of a report. */
export function toHtml(report: Report): string {
  const { isAccepted, headline, pictures, lines, read, notRead, assumed, lifetimes, at } = report;
  const tone = isAccepted ? "good" : "bad";
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>kubelet-trust: ${html(headline)}</title>
<style>${styleSheet}</style>
</head>
<body>
<header>
<h1><span class="${tone}" aria-hidden="true">${isAccepted ? "✓" : "✗"}</span> ${html(headline)}</h1>
<p class="quiet">kubelet-trust, at ${html(at.toISOString())}</p>
</header>
<main>
${section(
  "Who calls whom",
  pictures
    .map((picture, index) =>
      picture.arrows.length === 0
        ? ""
        : `<h3>${html(picture.cluster)}</h3>\n${toSvg(picture, `picture-${index}`)}`,
    )
    .filter((text) => text !== ""),
)}
${section("Verdicts", lines.length === 0 ? ["<p>Nothing is said of any pair.</p>"] : lines.map(lineOf))}
${section("Certificates", lifetimes.length === 0 ? [] : [timeLine(lifetimes, at)])}
${folded("Not read", notRead)}
${folded("Assumed", assumed)}
${folded("Read", read)}
</main>
</body>
</html>
`;
}

function section(name: string, parts: readonly string[]): string {
  const id = name.toLowerCase().replaceAll(" ", "-");
  return parts.length === 0
    ? ""
    : `<section aria-labelledby="${id}">\n<h2 id="${id}">${name}</h2>\n${parts.join("\n")}\n</section>`;
}

function lineOf({ subjects, tone, says, details }: Line): string {
  const all = subjects.length > 3 ? [`<p>${subjects.map(html).join(", ")}</p>`] : [];
  const { sign, word } = toneWords[tone];
  return `<details>
<summary><strong class="${tone}">${sign} ${word}</strong> <span>${html(cut(fewOf(subjects), 240))}</span><br><span class="quiet">${html(cut(says, 240))}</span></summary>
${all.join("")}<pre>${details.map(html).join("\n")}</pre>
</details>`;
}

function timeLine(lifetimes: readonly Lifetime[], at: Date): string {
  return `<table>
<thead><tr><th scope="col">Whose</th><th scope="col">From</th><th scope="col">Until</th><th scope="col">Its time so far</th></tr></thead>
<tbody>
${lifetimes.map((lifetime) => row(lifetime, at)).join("\n")}
</tbody>
</table>`;
}

function row(lifetime: Lifetime, at: Date): string {
  const { names, from, until } = lifetime;
  const left = daysLeft(until, at);
  const part = spent(lifetime, at);
  const tone = left < 0 ? "bad" : part > 2 / 3 ? "advice" : "good";
  const says = left < 0 ? `ended ${-left} days ago` : `${left} days left`;
  const width = Math.round(part * 1000) / 10;
  return `<tr><th scope="row">${html(fewOf(names))}</th><td class="day">${day(from)}</td><td class="day">${day(until)}<br><span class="${tone}">${says}</span></td><td class="bar ${tone}"><svg viewBox="0 0 100 12" preserveAspectRatio="none" role="img" aria-label="${Math.round(width)} percent of its time have gone"><rect class="whole" width="100" height="12"/><rect class="spent" width="${width}" height="12"/></svg></td></tr>`;
}

function folded(name: string, sentences: readonly string[]): string {
  return sentences.length === 0
    ? ""
    : `<details><summary>${name} (${sentences.length})</summary><ul>${sentences.map((one) => `<li>${html(one)}</li>`).join("")}</ul></details>`;
}
