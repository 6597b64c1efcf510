/** What all policies have in common: they find, waive, and report; and whatever goes wrong, they never fail open. */
import type { Severity, StackValidationArgs, StackValidationPolicy } from "@pulumi/policy";
import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema.js";
import { nearest } from "../trust/words/nearest.ts";
import { shown } from "../trust/words/shown.ts";
import {
  type Config,
  type PolicyName,
  policyNames,
  type Waiver,
  waiverProperties,
} from "./config.ts";
import type { Finding } from "./report/finding.ts";
import { report, rootOf, type Send } from "./report/violation.ts";
import { applyWaivers, waiverProblems } from "./report/waivers.ts";
import { configuredPolicies } from "./sdk.ts";
import { type Analysis, analyse } from "./stack/analysis.ts";

/** A policy, before it is wrapped. */
export type Spec = {
  readonly name: PolicyName;
  readonly displayName: string;
  /** One sentence. */
  readonly description: string;
  readonly enforcementLevel: "mandatory" | "advisory";
  readonly severity: Severity;
  /** The steps that end it. */
  readonly remediationSteps: string;
  readonly tags: readonly string[];
  readonly properties: Readonly<Record<string, PolicyConfigJSONSchema>>;
  /** What it rejects may not be waived, for this reason. Default: it may. */
  readonly neverWaived?: string;
  /** What is wrong with the stack. */
  readonly find: (analysis: Analysis, config: Config, now: Date) => readonly Finding[];
};

/**
 * A policy for the engine.
 *
 * @param others names of the policies beside ours; absent where they are not known, and no name is called misspelt
 */
export function toPolicy(spec: Spec, others?: readonly string[]): StackValidationPolicy {
  return {
    name: spec.name,
    displayName: spec.displayName,
    description: spec.description,
    enforcementLevel: spec.enforcementLevel,
    severity: spec.severity,
    remediationSteps: spec.remediationSteps,
    tags: [...spec.tags],
    configSchema: { properties: { ...spec.properties, ...waiverProperties } },
    validateStack: (args, reportViolation) => {
      // It takes an object too, with a level of its own (`@pulumi/policy` server.js, makeReportViolationFun).
      const send = reportViolation as unknown as Send;
      try {
        const problems =
          others === undefined ? [] : unknownPolicies(spec.name, configuredPolicies(), others);
        for (const problem of problems) {
          sendToStack(args.resources, send, shown(problem));
        }
        validate(spec, args, send);
      } catch (error) {
        sendToStack(args.resources, send, internalError(spec.name, error));
      }
    },
  };
}

function validate(spec: Spec, args: StackValidationArgs, send: Send): void {
  const config = args.getConfig<Config>() ?? {};
  judgeBy(spec, analyse(args.resources, config), config, new Date(), send);
}

/** Reports what a policy finds in a stack, as far as it is not waived, and what is waived. */
export function judgeBy(
  spec: Spec,
  analysis: Analysis,
  config: Config,
  now: Date,
  send: Send,
): void {
  const { resources, resourceOf } = analysis.stack;
  for (const problem of unknownKeys(spec, config)) {
    sendToStack(resources, send, shown(`The configuration of ${spec.name} is wrong: ${problem}`));
  }
  const urns = resources.map(({ urn }) => urn);
  const waivers: Waiver[] = [];
  for (const [index, waiver] of (config.waivers ?? []).entries()) {
    const at = `waivers[${index}]`;
    const misspelt = waiver.policy === undefined ? undefined : noPolicy(waiver.policy);
    if (misspelt === undefined && (waiver.policy ?? spec.name) !== spec.name) continue;
    const problems =
      misspelt !== undefined
        ? [`${at}.policy: ${misspelt}`]
        : spec.neverWaived === undefined
          ? waiverProblems(waiver, at, now, urns)
          : [`${at}: ${notWaived(spec, waiver)}`];
    for (const problem of problems) {
      sendToStack(resources, send, shown(`The configuration of ${spec.name} is wrong: ${problem}`));
    }
    if (problems.length === 0) waivers.push(waiver);
  }
  const found = spec.find(analysis, config, now);
  const root = resourceOf(rootOf(resources) ?? "");
  if (root === undefined) return;
  const { findings, notes } = applyWaivers(found, waivers, now, root);
  report(spec.name, findings, send);
  report(spec.name, notes, send);
}

/** That a waiver is for a policy that has none; one that names no policy may have been meant for another. */
function notWaived({ name, neverWaived }: Spec, { policy }: Waiver): string {
  const meant =
    policy === undefined
      ? ' Where another policy is meant, name it, e.g. "policy": "kubelet-serving-trust".'
      : "";
  return `${name} cannot be waived. ${neverWaived}${meant}`;
}

/** Keys that the policy does not take: what is misspelt would be passed over in silence otherwise. */
function unknownKeys({ properties }: Spec, config: Config): string[] {
  const taken = [...Object.keys(properties), ...Object.keys(waiverProperties)];
  return Object.keys(config)
    .filter((key) => !taken.includes(key))
    .map((key) => {
      const meant = nearest(key, taken);
      const remedy =
        meant === undefined
          ? `Leave it out; there are ${taken.sort().join(", ")}.`
          : `Did you mean ${meant}?`;
      return `there is no ${JSON.stringify(key)}. ${remedy}`;
    });
}

/** For all policies: each has its own configuration alone. Pulumi's word for all of them. */
const everyPolicy = "all";

/**
 * Names in the pack's configuration that no policy has: what is misspelt would be passed over in silence otherwise.
 * Told once, by the first policy that is not disabled.
 *
 * @param configured the names that the pack is configured under, and whether each is disabled
 * @param others names of policies beside ours
 */
export function unknownPolicies(
  policy: PolicyName,
  configured: ReadonlyMap<string, boolean>,
  others: readonly string[] = [],
): readonly string[] {
  const teller = policyNames.find((name) => configured.get(name) === false);
  if (policy !== teller) return [];
  return [...configured.keys()].flatMap((name) => {
    const problem =
      name === everyPolicy || others.includes(name) ? undefined : noPolicy(name, others);
    return problem === undefined ? [] : [`The configuration of the policies is wrong: ${problem}`];
  });
}

/** What is wrong with the name of a policy that there is not, with the one that was meant. */
function noPolicy(name: string, others: readonly string[] = []): string | undefined {
  const names: readonly string[] = [...policyNames, ...others];
  if (names.includes(name)) return undefined;
  const meant = nearest(name, names);
  const remedy =
    meant === undefined ? `Leave it out; there are ${names.join(", ")}.` : `Did you mean ${meant}?`;
  return `there is no policy ${JSON.stringify(name)}. ${remedy}`;
}

/** A violation that concerns no resource more than another. */
function sendToStack(
  resources: readonly { readonly type: string; readonly urn: string }[],
  send: Send,
  message: string,
): void {
  const urn = rootOf(resources);
  send({ message, enforcementLevel: "mandatory", ...(urn !== undefined && { urn }) });
}

/** Says where it went wrong, and nothing of what it was looking at: that may be secret. */
function internalError(policy: string, error: unknown): string {
  const kind = error instanceof Error ? error.name : typeof error;
  const at =
    error instanceof Error
      ? (/\((?:.*[\\/])?([^\\/()]+:\d+:\d+)\)/.exec(error.stack ?? "")?.[1] ?? "")
      : "";
  return `${policy} came to no verdict because of an error of its own (${kind}${at === "" ? "" : ` at ${at}`}), so this stack is rejected.\n  Fix:   Report it, with the program of the stack if you can. To go on meanwhile, disable ${policy} in the policy configuration.`;
}
