import * as pulumi from "@pulumi/pulumi";

/**
 * Stops the program with the problems as its message, one paragraph each, and no stack trace; does nothing when
 * there are none. Called before a component registers anything.
 */
export function failOn(problems: readonly string[]): void {
  if (problems.length > 0) throw new pulumi.RunError(problems.join("\n\n"));
}
