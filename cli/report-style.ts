/** The colours of the HTML report, and its style sheet. */
import type { Tone } from "./report-model.ts";

/** Colours as `#rrggbb`. */
export type Palette = {
  readonly back: string;
  /** Of boxes and bars. */
  readonly raised: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly focus: string;
  readonly tones: Readonly<Record<Tone, string>>;
};

/** Every text colour has a contrast of at least 4.5 on `back` and on `raised`; the tests compute it. */
export const palettes: Readonly<Record<"light" | "dark", Palette>> = {
  light: {
    back: "#ffffff",
    raised: "#f3f5f7",
    text: "#1b1f24",
    quiet: "#505a66",
    line: "#7a8490",
    focus: "#0550ae",
    tones: {
      good: "#11632a",
      meant: "#0b5394",
      advice: "#7a4a00",
      bad: "#a40e26",
      unknown: "#6a3fa0",
    },
  },
  dark: {
    back: "#12161c",
    raised: "#1d232b",
    text: "#e8ecf0",
    quiet: "#aab4bf",
    line: "#7d8894",
    focus: "#79b8ff",
    tones: {
      good: "#5fd07f",
      meant: "#79b8ff",
      advice: "#e8b04a",
      bad: "#ff8b8b",
      unknown: "#c9a6ff",
    },
  },
};

function variables({ tones, ...rest }: Palette): string {
  return [...Object.entries(rest), ...Object.entries(tones)]
    .map(([name, colour]) => `--${name}: ${colour};`)
    .join(" ");
}

/** Below this width the picture stands upright. In pixels. */
const narrow = 720;

export const styleSheet = `
:root { color-scheme: light dark; ${variables(palettes.light)} }
@media (prefers-color-scheme: dark) { :root { ${variables(palettes.dark)} } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.25rem 1rem 3rem; max-width: 68rem; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .25rem; }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
h3 { font-size: 1rem; margin: 1rem 0 .25rem; }
p { margin: .25rem 0; }
.quiet { color: var(--quiet); }
.good { color: var(--good); } .meant { color: var(--meant); } .advice { color: var(--advice); } .bad { color: var(--bad); } .unknown { color: var(--unknown); }
summary { cursor: pointer; padding: .4rem .6rem; }
details { border: 1px solid var(--line); border-radius: 6px; margin: .4rem 0; background: var(--raised); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; border-radius: 6px; }
details > :not(summary) { margin: .25rem .6rem .6rem; }
pre { white-space: pre-wrap; font: 13px/1.5 ui-monospace, monospace; }
ul { padding-left: 1.25rem; margin: .25rem 0; }
svg { display: block; width: 100%; height: auto; }
svg text { font: 14px system-ui, sans-serif; fill: currentColor; }
svg .name { font-weight: 600; }
svg .small { font-size: 12.5px; fill: var(--quiet); }
svg .box { fill: var(--raised); stroke: var(--line); }
svg .arrow { stroke: currentColor; stroke-width: 2; fill: none; }
svg .head { fill: currentColor; }
svg .broken { stroke-dasharray: 6 5; }
.upright { display: none; max-width: 26rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .35rem .5rem .35rem 0; border-bottom: 1px solid var(--line); }
tbody th { font-weight: normal; }
td.day { white-space: nowrap; }
td.bar { width: 30%; min-width: 5rem; padding-top: .7rem; }
.bar svg { height: 12px; }
.bar .whole { fill: var(--raised); stroke: var(--line); }
.bar .spent { fill: currentColor; }
@media (max-width: ${narrow - 1}px) { .wide { display: none; } .upright { display: block; } td.bar { width: 22%; min-width: 3rem; } th, td { font-size: .9rem; } }
@media print { details { break-inside: avoid; } }
`;
