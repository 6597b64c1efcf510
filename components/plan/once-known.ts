import * as pulumi from "@pulumi/pulumi";
import { isData, isLater, isPlain, type Later } from "../model/inputs.ts";
import { failOn } from "./failure.ts";

/**
 * Arguments whose Outputs can be had only once everything that is known has been checked. The check is the one that
 * plain arguments get, with every value that is known by then in its place: so what one Output says wrongly is told in
 * the same words, together with what the others say, and whoever waits for a value is not made before. At a preview
 * the values that nobody knows yet stay out of the check, and keep nothing else unknown.
 *
 * Each Output depends on the resources that it depended on before, and is as secret. A secret value is not told.
 */
export function checkedOnceKnown<T>(args: T, problemsOf: (known: T) => readonly string[]): T {
  if (isPlain(args)) return args;
  const passed = pulumi.output(check(args, problemsOf));
  return mapLater(args, (later) => pulumi.all([later, passed]).apply(([value]) => value));
}

async function check<T>(args: T, problemsOf: (known: T) => readonly string[]): Promise<void> {
  const settled = new Map<unknown, Settled>();
  const pending: Promise<void>[] = [];
  mapLater(args, (later) => {
    pending.push(settle(later).then((value) => void settled.set(later, value)));
    return later;
  });
  await Promise.all(pending);
  const known = mapLater(args, (later) => {
    const found = settled.get(later);
    return found?.known ? found.value : later;
  });
  const secrets = [...settled.values()].flatMap((one) =>
    one.known && one.isSecret ? textsIn(one.value) : [],
  );
  failOn(problemsOf(known).map((problem) => blotted(problem, secrets)));
}

type Settled =
  | { readonly known: true; readonly value: unknown; readonly isSecret: boolean }
  | { readonly known: false };

/** Waits until a value is known, or is known to stay unknown in this run. */
async function settle(later: Later): Promise<Settled> {
  const found: unknown[] = [];
  const seen = (pulumi.output(later) as pulumi.Output<unknown>).apply((value) => {
    found.push(value);
  });
  // What follows from an Output is settled after the Output is, whether that was known or not.
  const isSecret = await pulumi.isSecret(seen);
  return found.length === 0 ? { known: false } : { known: true, value: found[0], isSecret };
}

/** A copy with every Output and promise replaced; resources and other instances stay as they are. */
function mapLater<T>(value: T, change: (later: Later) => unknown): T {
  if (isLater(value)) return change(value) as T;
  if (!isData(value)) return value;
  if (Array.isArray(value)) return value.map((item) => mapLater(item, change)) as T;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, mapLater(item, change)]),
  ) as T;
}

function textsIn(value: unknown): string[] {
  if (typeof value === "string") return value === "" ? [] : [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

function blotted(problem: string, secrets: readonly string[]): string {
  return secrets.reduce((text, secret) => text.replaceAll(secret, "[secret]"), problem);
}
