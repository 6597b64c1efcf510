/** Keeps the last answer of a reader: a text is asked for twice in a row, whether it is of a format and what is in it. */
export function keepLast<T>(read: (text: string) => T): (text: string) => T {
  let last: { readonly text: string; readonly read: T } | undefined;
  return (text) => {
    if (last?.text !== text) last = { text, read: read(text) };
    return last.read;
  };
}
