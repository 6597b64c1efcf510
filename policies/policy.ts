/** What all policies have in common: they find, waive, and report; and whatever goes wrong, they never fail open. */
import type { Severity, StackValidationArgs, StackValidationPolicy } from "@pulumi/policy";
import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema.js";
import { type Config, waiverProperties } from "./config.ts";
import { type Finding, pageOf, report, rootOf, type Send } from "./report/violation.ts";
import { applyWaivers, waiverProblems } from "./report/waivers.ts";
import { type Analysis, analyse } from "./stack/analysis.ts";

/** A policy, before it is wrapped. */
export type Spec = {
  readonly name: string;
  readonly displayName: string;
  /** One sentence. */
  readonly description: string;
  readonly enforcementLevel: "mandatory" | "advisory";
  readonly severity: Severity;
  /** The steps that end it. */
  readonly remediationSteps: string;
  readonly tags: readonly string[];
  readonly properties: Readonly<Record<string, PolicyConfigJSONSchema>>;
  /** What is wrong with the stack. */
  readonly find: (analysis: Analysis, config: Config, now: Date) => readonly Finding[];
};

/** A policy for the engine. */
export function toPolicy(spec: Spec): StackValidationPolicy {
  return {
    name: spec.name,
    displayName: spec.displayName,
    description: spec.description,
    enforcementLevel: spec.enforcementLevel,
    severity: spec.severity,
    remediationSteps: spec.remediationSteps,
    tags: [...spec.tags],
    url: pageOf(spec.name),
    configSchema: { properties: { ...spec.properties, ...waiverProperties } },
    validateStack: (args, reportViolation) => {
      // It takes an object too, with a level of its own (`@pulumi/policy` server.js, makeReportViolationFun).
      const send = reportViolation as unknown as Send;
      try {
        validate(spec, args, send);
      } catch (error) {
        sendToStack(args, send, internalError(spec.name, error));
      }
    },
  };
}

function validate(spec: Spec, args: StackValidationArgs, send: Send): void {
  const now = new Date();
  const config = args.getConfig<Config>() ?? {};
  for (const problem of waiverProblems(config.waivers ?? [])) {
    sendToStack(args, send, `The configuration of ${spec.name} is wrong: ${problem}`);
  }
  const analysis = analyse(args.resources, config);
  const findings = spec.find(analysis, config, now);
  report(spec.name, applyWaivers(spec.name, findings, config.waivers ?? [], now), send);
}

/** A violation that concerns no resource more than another. */
function sendToStack({ resources }: StackValidationArgs, send: Send, message: string): void {
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
