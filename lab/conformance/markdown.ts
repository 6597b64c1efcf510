/** Markdown. */

/** A text in a cell of a table: on one line, its quotes plain, and no longer than 160 characters. */
export function cell(text: string): string {
  return text
    .replaceAll(/\s*\n\s*/g, " ")
    .replaceAll('\\"', '"')
    .replaceAll("|", "\\|")
    .slice(0, 160);
}

/** A table of cells that are Markdown themselves. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
