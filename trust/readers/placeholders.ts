/**
 * Placeholders: text that some other program replaces before Kubernetes reads it. In a deciding place such a
 * text is an unknown value, not a string.
 */

// ${VAR}, $(VAR), {{ .X }}, <% x %>, %%VAR%%, @@VAR@@.
const placeholder = /\$\{[^}]*\}|\$\([^)]*\)|\{\{.*?\}\}|<%.*?%>|%%\w+%%|@@\w+@@/s;

/** The first placeholder in a text; undefined when there is none. */
export function placeholderIn(text: string): string | undefined {
  return placeholder.exec(text)?.[0];
}

const curly = /\{\{.*?\}\}/gs;
const mark = /\uE000(\d+)\uE001/g;

/** Takes `{{ ... }}` out of a text, because YAML would read it as a map; `restore` puts it back into strings. */
export function hideTemplates(text: string): {
  readonly text: string;
  readonly restore: (value: string) => string;
} {
  const found: string[] = [];
  const hidden = text.replace(curly, (match) => {
    found.push(match);
    // Line breaks stay, so that line numbers do.
    return `\uE000${found.length - 1}\uE001${"\n".repeat(match.split("\n").length - 1)}`;
  });
  return {
    text: hidden,
    restore: (value) =>
      found.length === 0 ? value : value.replace(mark, (_, index) => found[Number(index)] ?? ""),
  };
}
