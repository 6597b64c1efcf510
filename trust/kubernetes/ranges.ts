/** Values that hold from one minor version to another: how the table of Kubernetes versions is written. */

/** A value and the minor versions in which it holds, both included. */
export type Range<T> = {
  /** Default: the oldest version of the table. */
  readonly from?: number;
  /** Default: the newest version of the table. */
  readonly to?: number;
  readonly is: T;
};

/** The ranges of one name, ascending; none of them overlap. */
export type Ranges<T> = readonly Range<T>[];

/** The value at a minor version; `undefined` where the name is not known. */
export function at<T>(ranges: Ranges<T>, minor: number): T | undefined {
  return ranges.find((range) => holds(range, minor))?.is;
}

/** Every name that is known at a minor version, with its value. */
export function allAt<T>(
  table: Readonly<Record<string, Ranges<T>>>,
  minor: number,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, ranges]) => {
      const range = ranges.find((one) => holds(one, minor));
      return range === undefined ? [] : [[name, range.is] as const];
    }),
  );
}

function holds(
  { from = 0, to = Number.POSITIVE_INFINITY }: Range<unknown>,
  minor: number,
): boolean {
  return from <= minor && minor <= to;
}

/**
 * The ranges of a name, from its value at each minor version; `undefined` where it is not known.
 *
 * @param minors all minor versions of the table, ascending
 */
export function toRanges<T>(
  minors: readonly number[],
  valueAt: (minor: number) => T | undefined,
): Range<T>[] {
  const runs: { from: number; to: number; is: T; text: string }[] = [];
  let previous: number | undefined;
  for (const minor of minors) {
    const value = valueAt(minor);
    const text = JSON.stringify(value);
    const last = runs.at(-1);
    if (last !== undefined && last.to === previous && last.text === text) last.to = minor;
    else if (value !== undefined) runs.push({ from: minor, to: minor, is: value, text });
    previous = minor;
  }
  return runs.map(({ from, to, is }) => ({
    ...(from !== minors[0] && { from }),
    ...(to !== minors.at(-1) && { to }),
    is,
  }));
}
