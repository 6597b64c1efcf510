/**
 * A report on a preview, or on an analysis of a stack: what the policy pack has said of it, from the engine's events.
 * `pulumi preview --json` with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true and `pulumi policy analyze --json` print them,
 * one JSON object a line.
 * Source: pulumi `sdk/go/common/apitype/events.go` (EngineEvent).
 */
import { tokens } from "../trust/contract.ts";
import { groupBy } from "../trust/words/group-by.ts";
import { UsageError } from "./arguments.ts";
import { type Dated, groupedByTime } from "./report-lifetimes.ts";
import {
  type Arrow,
  fewOf,
  type Line,
  type Picture,
  type Report,
  type Tone,
  worstFirst,
} from "./report-model.ts";

/** Name of the policy pack, as the engine knows it. */
const packName = "kubelet-trust";

type Objects = Readonly<Record<string, unknown>>;
type Violation = {
  readonly policy: string;
  readonly urn: string;
  readonly isMandatory: boolean;
  readonly lines: readonly string[];
};
type Resource = {
  readonly urn: string;
  readonly type: string;
  readonly parent: string;
  readonly inputs: Objects;
  readonly outputs: Objects;
};

/**
 * Reads the events of one run.
 *
 * @throws UsageError
 */
export function reportOfEvents(file: string, text: string, at: Date): Report {
  const events = readEvents(file, text);
  const violations = events.flatMap(violationOf);
  const ours = violations.filter(({ pack }) => pack === packName);
  const resources = resourcesOf(events);
  const failed = failureOf(events);
  const isPackOn = ours.length > 0 || events.some(hasRun);
  const mandatory = ours.filter(({ isMandatory }) => isMandatory).length;
  const others = violations.length - ours.length;
  const pending = resources.filter(
    ({ type, outputs }) => type === certificateType && timeOf(outputs) === undefined,
  );
  return {
    isAccepted: isPackOn && mandatory === 0 && failed === undefined,
    headline: headlineOf(isPackOn, failed, mandatory, ours.length - mandatory),
    pictures: picturesOf(resources, ours, isPackOn),
    lines: worstFirst(linesOf(ours)),
    read: [
      `${events.length} events of ${file}: ${resources.length} resources, ${ours.length} violations of the policy pack ${packName}.`,
    ],
    notRead: [
      ...(isPackOn ? [] : [`the policy pack ${packName} has not run: give --policy-pack`]),
      ...(failed === undefined ? [] : [failed]),
      ...(others === 0 ? [] : [`${others} violations of other policy packs`]),
      ...(pending.length === 0
        ? []
        : [`the time of ${pending.length} certificates, which are not issued yet`]),
    ],
    assumed: [],
    lifetimes: groupedByTime(resources.flatMap(datedOf)),
    at,
  };
}

function headlineOf(
  isPackOn: boolean,
  failed: string | undefined,
  mandatory: number,
  advice: number,
): string {
  const told = advice === 0 ? "" : `, ${advice} advisory`;
  if (mandatory > 0) return `rejected: ${mandatory} mandatory violations${told}`;
  if (failed !== undefined) return `undecidable: ${failed}`;
  if (!isPackOn) return `undecidable: the policy pack ${packName} has not run`;
  return `accepted${told}`;
}

function readEvents(file: string, text: string): readonly Objects[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const events = lines.map((line, index) => {
    const event = parse(line);
    if (event === undefined || !("sequence" in event)) {
      throw new UsageError(
        isDigest(text)
          ? `--events: ${file} is what \`pulumi preview --json\` prints at its end, and says nothing of policies; set PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true for it`
          : `--events: line ${index + 1} of ${file} is no event of Pulumi's engine; give what \`pulumi preview --json\` prints with PULUMI_ENABLE_STREAMING_JSON_PREVIEW=true, or \`pulumi policy analyze --json\``,
      );
    }
    return event;
  });
  if (events.length === 0) {
    throw new UsageError(`--events: ${file} is empty; did the preview run?`);
  }
  return events;
}

function isDigest(text: string): boolean {
  const whole = parse(text);
  return whole !== undefined && ("steps" in whole || "changeSummary" in whole);
}

function parse(text: string): Objects | undefined {
  try {
    return asObject(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function asObject(value: unknown): Objects | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Objects)
    : undefined;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The run has come to its end, and the engine has nothing else against it than policies. */
function failureOf(events: readonly Objects[]): string | undefined {
  const errors = events.flatMap(({ diagnosticEvent, errorEvent }) => {
    const diagnostic = asObject(diagnosticEvent);
    const isError = diagnostic?.severity === "error" && diagnostic.ephemeral !== true;
    return isError || errorEvent !== undefined ? [diagnostic ?? {}] : [];
  });
  if (events.some(({ cancelEvent }) => cancelEvent !== undefined) && errors.length === 0) {
    return undefined;
  }
  const hasEnded = events.some(
    ({ summaryEvent, policyAnalyzeStackSummaryEvent }) =>
      summaryEvent !== undefined || policyAnalyzeStackSummaryEvent !== undefined,
  );
  if (errors.length > 0) return `the run itself has ${errors.length} errors`;
  return hasEnded ? undefined : "the events end before the run does";
}

function hasRun({ policyAnalyzeStackSummaryEvent: summary, summaryEvent }: Objects): boolean {
  const packs = asObject(asObject(summaryEvent)?.PolicyPacks) ?? {};
  return asObject(summary)?.policyPackName === packName || packName in packs;
}

function violationOf({ policyEvent }: Objects): (Violation & { readonly pack: string })[] {
  const event = asObject(policyEvent);
  if (event === undefined) return [];
  return [
    {
      pack: textOf(event.policyPackName),
      policy: textOf(event.policyName),
      urn: textOf(event.resourceUrn),
      isMandatory: textOf(event.enforcementLevel) === "mandatory",
      lines: linesOfMessage(textOf(event.message)),
    },
  ];
}

/** Without the engine's marks of colour, e.g. `<{%reset%}>`, and without the description that it puts first. */
function linesOfMessage(message: string): string[] {
  const lines = message
    .replaceAll(/<\{%.*?%\}>/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "");
  const where = lines.findIndex((line) => line.startsWith("  Where:"));
  return where > 0 ? lines.slice(where - 1) : lines;
}

/** The last that is said of each resource that stays. */
function resourcesOf(events: readonly Objects[]): readonly Resource[] {
  const found = new Map<string, Resource>();
  for (const { resourcePreEvent, resOutputsEvent } of events) {
    const metadata = asObject(asObject(resOutputsEvent ?? resourcePreEvent)?.metadata);
    const state = asObject(metadata?.new);
    if (metadata === undefined || state === undefined) continue;
    const urn = textOf(metadata.urn);
    found.set(urn, {
      urn,
      type: textOf(state.type),
      parent: textOf(state.parent),
      inputs: asObject(state.inputs) ?? {},
      outputs: asObject(state.outputs) ?? {},
    });
  }
  return [...found.values()];
}

function linesOf(violations: readonly Violation[]): readonly Line[] {
  const groups = groupBy(violations, ({ policy, lines }) => `${policy}\n${lines.join("\n")}`);
  return [...groups.values()].flatMap((group): Line[] => {
    const [first] = group;
    if (first === undefined) return [];
    return [
      {
        subjects: [first.policy],
        tone: first.isMandatory ? "bad" : "advice",
        says: first.lines[0] ?? "",
        details: first.lines.map((line) => line.trim()),
      },
    ];
  });
}

/** Clusters and pools as the components register them, with what the pack has against each. */
function picturesOf(
  resources: readonly Resource[],
  violations: readonly Violation[],
  isPackOn: boolean,
): readonly Picture[] {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const pools = resources.filter(({ type }) => type === tokens.nodePool);
  const ownerOf = (urn: string, type: string): string | undefined => {
    const resource = byUrn.get(urn);
    if (resource === undefined) return undefined;
    return resource.type === type ? urn : ownerOf(resource.parent, type);
  };
  const groups = groupBy(pools, ({ urn }) => ownerOf(urn, tokens.cluster));
  return [...groups].map(([owner, members]) => {
    const cluster = owner === undefined ? undefined : byUrn.get(owner);
    return {
      cluster: nameOfCluster(cluster),
      arrows: members.map((pool): Arrow => {
        const against = violations.filter(({ urn, lines }) => {
          const other = ownerOf(urn, tokens.nodePool);
          // What is said of several kubelets is reported on one of them.
          return (
            other === undefined || other === pool.urn || /^\d+ \w+s, e\.g\. /.test(lines[0] ?? "")
          );
        });
        return { ...poolOf(pool), caller: callerOf(cluster), ...verdictOf(against, isPackOn) };
      }),
    };
  });
}

function nameOfCluster(cluster: Resource | undefined): string {
  if (cluster === undefined) return "a cluster of another stack";
  const { clusterName, kubernetesVersion } = cluster.outputs;
  return [textOf(clusterName) || "cluster", `Kubernetes ${textOf(kubernetesVersion) || "?"}`].join(
    ", ",
  );
}

function callerOf(cluster: Resource | undefined): string {
  const stance = textOf(cluster?.outputs.stance);
  return stance === "" ? "kube-apiserver" : `kube-apiserver, ${stance}`;
}

function poolOf({ outputs, urn }: Resource): Pick<Arrow, "pool" | "kind"> {
  const nodes = Array.isArray(outputs.nodes) ? outputs.nodes.length : undefined;
  return {
    pool: textOf(outputs.name) || (urn.split("::").at(-1) ?? urn),
    kind: [
      ...(nodes === undefined ? [] : [`${nodes} node${nodes === 1 ? "" : "s"}`]),
      textOf(outputs.servingMode) || "serving mode not known",
    ].join(", "),
  };
}

function verdictOf(
  against: readonly Violation[],
  isPackOn: boolean,
): { readonly tone: Tone; readonly says: string } {
  const mandatory = against.filter(({ isMandatory }) => isMandatory);
  const policies = (all: readonly Violation[]) =>
    fewOf([...new Set(all.map(({ policy }) => policy))]);
  if (mandatory.length > 0) return { tone: "bad", says: policies(mandatory) };
  if (!isPackOn) return { tone: "unknown", says: "the policy pack has not run" };
  return against.length > 0
    ? { tone: "advice", says: policies(against) }
    : { tone: "good", says: "no violation" };
}

const certificateType = "tls:index/locallySignedCert:LocallySignedCert";
const selfSignedType = "tls:index/selfSignedCert:SelfSignedCert";

function datedOf({ type, urn, outputs }: Resource): Dated[] {
  if (type !== certificateType && type !== selfSignedType) return [];
  const time = timeOf(outputs);
  return time === undefined ? [] : [{ name: urn.split("::").at(-1) ?? urn, ...time }];
}

function timeOf(outputs: Objects): { readonly from: Date; readonly until: Date } | undefined {
  const from = new Date(textOf(outputs.validityStartTime));
  const until = new Date(textOf(outputs.validityEndTime));
  return Number.isNaN(from.getTime()) || Number.isNaN(until.getTime())
    ? undefined
    : { from, until };
}
