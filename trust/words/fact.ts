/**
 * Evidence: a value that is known, or the reason why it is not. Every deciding place of the facts is one,
 * so that a verdict can say what is missing instead of guessing.
 */

/** Where a value was read, for a person to find it again. */
export type Source = {
  /** File, resource URN or flag list, as the reader was told to call it. */
  readonly where: string;
  /** Field path or flag, e.g. `authentication.x509.clientCAFile` or `--kubelet-certificate-authority`. */
  readonly key?: string;
  /** Line in `where`, counted from 1. */
  readonly line?: number;
};

/** A value that is known. Without a source it is a default of Kubernetes or a consequence of other facts. */
export type Known<T> = { readonly known: true; readonly value: T; readonly source?: Source };

/** A value that is not known: `missing` completes the sentence "undecidable without ...". */
export type Unknown = {
  readonly known: false;
  readonly missing: string;
  readonly source?: Source;
  /** There is a value, and it cannot be seen: what is usual elsewhere does not stand in for it. */
  readonly isThere?: true;
};

export type Fact<T> = Known<T> | Unknown;

/** Makes a known fact. */
export function known<T>(value: T, source?: Source): Known<T> {
  return source === undefined ? { known: true, value } : { known: true, value, source };
}

/** Makes an unknown fact; `missing` completes the sentence "undecidable without ...". */
export function unknown(missing: string, source?: Source): Unknown {
  return source === undefined ? { known: false, missing } : { known: false, missing, source };
}

/** Of a value that cannot be seen, that it is there. A known one stays what it is. */
export function isThere<T>(fact: Fact<T>): Fact<T> {
  return fact.known ? fact : { ...fact, isThere: true };
}

/** The value when it is known, else `otherwise`. */
export function valueOr<T, U>(fact: Fact<T>, otherwise: U): T | U {
  return fact.known ? fact.value : otherwise;
}

/** Applies `change` to a known value and keeps its source; an unknown stays what it is. */
export function mapFact<T, U>(fact: Fact<T>, change: (value: T) => U): Fact<U> {
  return fact.known ? known(change(fact.value), fact.source) : fact;
}

/** Says a source in one line: `file:line (key)`. */
export function describeSource(source: Source): string {
  const line = source.line === undefined ? "" : `:${source.line}`;
  const key = source.key === undefined ? "" : ` (${source.key})`;
  return `${source.where}${line}${key}`;
}

/** What a reader could not read, in one line; `source` says where. Readers return these and never throw. */
export type Problem = {
  readonly message: string;
  readonly source: Source;
  /** Kubernetes itself would refuse this (and not only this reader). */
  readonly fatal: boolean;
};
