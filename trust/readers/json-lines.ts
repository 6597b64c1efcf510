/** Where the fields of a JSON text stand. */

/** Lines by the path of the field, as JSON: `["a",0,"b"]`. */
export type LinesOfJson = ReadonlyMap<string, number>;

type Frame = { readonly path: string; readonly isList: boolean; index: number; key: string };

/** The lines of all fields of a text that is known to be JSON, in one pass. */
export function linesOfJson(text: string): LinesOfJson {
  const lines = new Map<string, number>();
  const frames: Frame[] = [];
  let line = 1;
  let expectsKey = false;
  const token = /\n|"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gs;
  const here = (): string => {
    const frame = frames.at(-1);
    if (!frame) return "[]";
    const part = frame.isList ? String(frame.index) : frame.key;
    return frame.path === "[]" ? `[${part}]` : `${frame.path.slice(0, -1)},${part}]`;
  };
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [found] = match;
    const frame = frames.at(-1);
    if (found === "\n") {
      line += 1;
    } else if (found === "}" || found === "]") {
      frames.pop();
      expectsKey = false;
    } else if (found === ",") {
      if (frame?.isList) frame.index += 1;
      expectsKey = frame !== undefined && !frame.isList;
    } else if (expectsKey && frame && found.startsWith('"')) {
      frame.key = JSON.stringify(JSON.parse(found));
      lines.set(here(), line);
      expectsKey = false;
    } else if (found !== ":") {
      const path = here();
      if (!lines.has(path)) lines.set(path, line);
      if (found === "{" || found === "[") {
        frames.push({ path, isList: found === "[", index: 0, key: "" });
        expectsKey = found === "{";
      }
    }
  }
  return lines;
}
