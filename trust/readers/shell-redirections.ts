/** Redirections of a shell, and the here-documents behind them. */
import { advance, maxGrowth, type OpenRedirection, type State, skipBlanks } from "./shell-state.ts";
import { readWord } from "./shell-word.ts";

/** A redirection; the text of a here-document follows the line. */
export function readRedirection(state: State): OpenRedirection {
  const [operator = ""] = /^(<<<|<<-?|<>|>>|>\||[<>]&?)/.exec(
    state.text.slice(state.at, state.at + 3),
  ) ?? [state.text[state.at] ?? ""];
  advance(state, operator.length);
  skipBlanks(state);
  const from = state.at;
  const [target] = state.text[state.at] === "\n" ? [] : readWord(state);
  const redirection: OpenRedirection = { operator, target };
  if (operator === "<<" || operator === "<<-") {
    const written = state.text.slice(from, state.at);
    redirection.body = "";
    state.pending.push({
      redirection,
      mark: written.replace(/["'\\]/g, ""),
      quoted: /["'\\]/.test(written),
      indented: operator === "<<-",
    });
  }
  return redirection;
}

/** The texts of the here-documents that the last line announced. */
export function readHereDocuments(state: State): void {
  for (const { redirection, mark, quoted, indented } of state.pending.splice(0)) {
    const lines: string[] = [];
    while (state.at < state.text.length) {
      const end = state.text.indexOf("\n", state.at);
      const stop = end < 0 ? state.text.length : end;
      const line = state.text.slice(state.at, stop).replace(/\r$/, "");
      state.at = Math.min(stop + 1, state.text.length);
      state.line += 1;
      const shown = indented ? line.replace(/^\t+/, "") : line;
      if (shown === mark) break;
      lines.push(shown);
    }
    const body = lines.length === 0 ? "" : `${lines.join("\n")}\n`;
    redirection.body = quoted ? body : expanded(body, state);
  }
}

/** A here-document's text with known variables filled in; others are placeholders. */
function expanded(body: string, state: State): string {
  return body.replace(
    /\\([$`\\\n])|\$\(([^()]*)\)|\$\{([A-Za-z_]\w*)\}|\$\{[^{}]*\}|\$([A-Za-z_]\w*)|`([^`]*)`/g,
    (match, escaped?: string, command?: string, braced?: string, bare?: string, old?: string) => {
      if (escaped !== undefined) return escaped === "\n" ? "" : escaped;
      const name = braced ?? bare;
      const value = name === undefined ? undefined : state.variables.get(name);
      if (value !== undefined && state.growth + value.length <= maxGrowth) {
        state.growth += value.length;
        return value;
      }
      if (bare !== undefined) return `\${${bare}}`;
      return command === undefined && old === undefined ? match : `$(${command ?? old})`;
    },
  );
}
