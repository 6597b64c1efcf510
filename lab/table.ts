/**
 * A table of components, their states and how long each took: redrawn in place on a terminal, one line a change
 * elsewhere.
 */
import { isInteractive } from "../toolchain/progress.mjs";

/** One component's line. */
export type Row = {
  /** Says what it is at. */
  readonly is: (state: string) => void;
  /** Says how it ended, and stops its clock. */
  readonly ended: (state: string) => void;
};

export type Table = {
  readonly row: (component: string) => Row;
  /** Prints a line of its own. */
  readonly say: (line: string) => void;
  /** Draws the table for the last time. */
  readonly close: () => void;
};

type Line = { component: string; state: string; start: number; end?: number };

/** Where a table is drawn; a test puts something else in its place. */
export type Output = { write: (text: string) => unknown; isTTY?: boolean };

export function createTable(
  output: Output = process.stdout,
  env: NodeJS.ProcessEnv = process.env,
): Table {
  const live = isInteractive(output, env);
  const lines: Line[] = [];
  const start = Date.now();
  let drawn = 0;

  const erase = () => {
    if (drawn > 0) output.write(`\x1b[${drawn}A\x1b[J`);
    drawn = 0;
  };
  const draw = () => {
    if (!live) return;
    erase();
    const text = renderTable(lines);
    output.write(text);
    drawn = text.split("\n").length - 1;
  };
  const ticker = live ? setInterval(draw, 250) : undefined;
  const change = (line: Line, state: string) => {
    line.state = state;
    if (live) draw();
    else output.write(`[${seconds(Date.now() - start)} s] ${line.component}: ${state}\n`);
  };

  return {
    row: (component) => {
      const line: Line = { component, state: "waiting", start: Date.now() };
      lines.push(line);
      return {
        is: (state) => change(line, state),
        ended: (state) => {
          line.end = Date.now();
          change(line, state);
        },
      };
    },
    say: (line) => {
      erase();
      output.write(`${line}\n`);
      draw();
    },
    close: () => {
      clearInterval(ticker);
      erase();
      output.write(`\n${renderTable(lines)}`);
    },
  };
}

function renderTable(lines: readonly Line[]): string {
  const rows = [
    ["COMPONENT", "STATE", "SECONDS"],
    ...lines.map(({ component, state, start, end }) => [
      component,
      state,
      seconds((end ?? Date.now()) - start),
    ]),
  ];
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [first, second] = [width(0), width(1)];
  return rows
    .map(
      ([a = "", b = "", c = ""]) => `${a.padEnd(first)}  ${b.padEnd(second)}  ${c.padStart(7)}\n`,
    )
    .join("");
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(1);
}
