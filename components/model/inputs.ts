import * as pulumi from "@pulumi/pulumi";

/** A value that is known only later. */
export type Later = pulumi.OutputInstance<unknown> | Promise<unknown>;

/** Whether a value is known only later: an Output or a promise. */
export function isLater(value: unknown): value is Later {
  return pulumi.Output.isInstance(value) || value instanceof Promise;
}

/** Whether everything in a value is known while the program runs; what has a class of its own counts as one value. */
export function isPlain(value: unknown): boolean {
  if (isLater(value)) return false;
  return !isData(value) || Object.values(value).every(isPlain);
}

/** Whether a value is a map of other values. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value is a list or a map, and so may have Outputs in it. */
export function isData(value: unknown): value is object {
  return (
    Array.isArray(value) ||
    (typeof value === "object" &&
      value !== null &&
      Object.getPrototypeOf(value) === Object.prototype)
  );
}

/**
 * What follows from a value: at once where all of it is plain, so that a preview shows it and policies read it; else
 * an Output, which is as secret as the value.
 */
export function derive<T, R>(
  value: T,
  follow: (known: pulumi.Unwrap<T>) => R,
): R | pulumi.Output<R> {
  return isPlain(value)
    ? follow(value as pulumi.Unwrap<T>)
    : (pulumi.output(value) as pulumi.Output<pulumi.Unwrap<T>>).apply((known): R => follow(known));
}
