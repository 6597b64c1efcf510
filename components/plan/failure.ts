import * as pulumi from "@pulumi/pulumi";

/**
 * Stops the program with the problems as its message, one paragraph each, and no stack trace. Called before a
 * component registers anything.
 *
 * @throws pulumi.RunError always.
 */
export function fail(problems: readonly string[]): never {
  throw new pulumi.RunError(problems.join("\n\n"));
}

/** {@link fail} unless there are no problems. */
export function failOn(problems: readonly string[]): void {
  if (problems.length > 0) fail(problems);
}
