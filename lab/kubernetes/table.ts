/**
 * A table of components, their states and how long each took: redrawn in place on a terminal, one line a change
 * elsewhere.
 */
import { isInteractive } from "../../toolchain/progress.mjs";

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
export type Output = {
  write: (text: string) => unknown;
  isTTY?: boolean;
  /** Default 80. */
  columns?: number;
  /** Default 24. */
  rows?: number;
};

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
    const text = fitting(renderTable(lines), output);
    output.write(text.join(""));
    drawn = text.length;
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

/** Lines that the terminal would wrap or scroll away could not be redrawn: the last ones are shown, cut off. */
function fitting(text: string, { columns = 80, rows = 24 }: Output): string[] {
  return text
    .split("\n")
    .slice(0, -1)
    .slice(-Math.max(rows - 1, 1))
    .map((line) => `${line.slice(0, columns - 1).trimEnd()}\n`);
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
