import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";

/** A value that is plain because what it follows from is; fails on an Output. */
export function plain<T>(value: T | pulumi.OutputInstance<T> | Promise<T>): T {
  assert.ok(!pulumi.Output.isInstance(value) && !(value instanceof Promise), "it is an Output");
  return value as T;
}
