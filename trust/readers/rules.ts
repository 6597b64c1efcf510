/**
 * Rules by which other programs watch or forbid: they quote the words of kubelets that they look for, and start none.
 * Sources: Falco `userspace/engine/rule_loader_reader.cpp`; the Sigma specification; InSpec's DSL; Prometheus `model/rulefmt`;
 * Kyverno `api/kyverno/v1`; Checkov's YAML policies; Grafana's JSON model; auditctl(8).
 */
import { type Format, nothing, type ObjectFormat } from "./format.ts";
import { search } from "./other-object.ts";
import { asList, asObject, asText, type Json, type JsonObject } from "./yaml.ts";

/** Kinds that admit, refuse or report, by `apiVersion kind`. Those that change or make objects are none of them. */
const kinds = new RegExp(
  [
    "^admissionregistration\\.k8s\\.io/\\S+ ValidatingAdmissionPolicy(?:Binding)?$",
    "^(?:templates|constraints)\\.gatekeeper\\.sh/",
    "^policies\\.kyverno\\.io/\\S+ (?:Namespaced)?(?:Image)?ValidatingPolicy$",
    "^cilium\\.io/\\S+ TracingPolicy(?:Namespaced)?$",
    "^security\\.kubearmor\\.com/",
    "^audit\\.k8s\\.io/\\S+ Policy$",
    "^aquasecurity\\.github\\.io/",
    "^loki\\.grafana\\.com/\\S+ (?:Alerting|Recording)Rule$",
  ].join("|"),
);

/** What a rule of Kyverno has that only looks; `mutate` and `generate` make objects. */
const kyvernoFields = new Set(
  `name match exclude validate verifyImages context preconditions celPreconditions skipBackgroundRequests
  reportProperties`.split(/\s+/),
);

function isKind(object: JsonObject): boolean {
  const named = `${asText(object.apiVersion) ?? ""} ${asText(object.kind) ?? ""}`;
  if (/^kyverno\.io\/\S+ (?:Cluster)?Policy$/.test(named)) {
    const rules = asList(asObject(object.spec)?.rules);
    return rules.length > 0 && rules.every((rule) => hasOnly(rule, kyvernoFields));
  }
  return kinds.test(named);
}

const falcoFields = new Set(
  `rule macro list desc condition items output priority tags enabled source exceptions append override warn_evttypes
  skip-if-unknown-filter capture capture_duration`.split(/\s+/),
);

/** An item of a file of rules, which is a list. */
function isFalco(object: JsonObject): boolean {
  const { rule, macro, list, condition, items } = object;
  const isOne = asText(rule ?? macro) !== undefined && asText(condition) !== undefined;
  return (
    (isOne || (asText(list) !== undefined && Array.isArray(items))) && hasOnly(object, falcoFields)
  );
}

const sigmaFields = new Set(
  `title id name status description references author date modified tags logsource detection fields falsepositives
  level license related taxonomy scope`.split(/\s+/),
);

/** The specification allows fields of one's own beside its own, which are read as those of any object. */
function isSigma({ title, detection, logsource }: JsonObject): boolean {
  return (
    asText(title) !== undefined &&
    asObject(detection)?.condition !== undefined &&
    asObject(logsource) !== undefined
  );
}

/** Groups of alerts and recorded series, of Prometheus and Loki. */
function isRuleFile(object: JsonObject): boolean {
  const rules = asList(object.groups).flatMap((group) => asList(asObject(group)?.rules));
  return (
    rules.length > 0 &&
    hasOnly(object, new Set(["groups", "namespace"])) &&
    rules.every((rule) => {
      const { alert, record, expr } = asObject(rule) ?? {};
      return (alert ?? record) !== undefined && expr !== undefined;
    })
  );
}

const dashboardFields = new Set(
  `annotations description editable fiscalYearStartMonth gnetId graphTooltip hideControls id links liveNow panels refresh
  revision rows schemaVersion sharedCrosshair style tags templating time timepicker timezone title uid version weekStart
  __inputs __requires __elements preload`.split(/\s+/),
);

/** A check of Checkov's. */
function isCheck(object: JsonObject): boolean {
  const { metadata, definition } = object;
  const { cond_type, and, or, not } = asObject(definition) ?? {};
  return (
    asText(asObject(metadata)?.id) !== undefined &&
    (cond_type ?? and ?? or ?? not) !== undefined &&
    hasOnly(object, new Set(["metadata", "definition", "scope"]))
  );
}

/** Controls of kube-bench. Source: kube-bench `cfg` and `check/controls.go`. */
function isControls(object: JsonObject): boolean {
  const checks = asList(object.groups).flatMap((group) => asList(asObject(group)?.checks));
  return (
    checks.length > 0 &&
    hasOnly(object, new Set(["controls", "version", "id", "text", "type", "groups"])) &&
    checks.every((check) => asText(asObject(check)?.text) !== undefined)
  );
}

function isDashboard(object: JsonObject): boolean {
  return asList(object.panels ?? object.rows).length > 0 && hasOnly(object, dashboardFields);
}

function hasOnly(value: Json, fields: ReadonlySet<string>): boolean {
  const object = asObject(value);
  return object !== undefined && Object.keys(object).every((key) => fields.has(key));
}

/** What is beside the fields that quote. */
function others(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !sigmaFields.has(key)));
}

export const rules: ObjectFormat = {
  name: "rules of other programs",
  about:
    "rules that watch or forbid, and quote what they look for: nothing in them is looked for. Falco, Sigma, groups of Prometheus' and Loki's alerts, Kyverno's policies without `mutate` and `generate`, ValidatingAdmissionPolicy, Gatekeeper, TracingPolicy, KubeArmor, audit policies, Trivy's reports, Checkov's checks, kube-bench's controls, Grafana's dashboards",
  recognises: (object) =>
    isKind(object) ||
    (object.apiVersion === undefined &&
      [isFalco, isSigma, isRuleFile, isCheck, isControls, isDashboard].some((is) => is(object))),
  read: (object, origin, lineOf) =>
    isSigma(object) ? search(others(object), origin, lineOf) : nothing,
};

/** Languages of rules, by the name of a file and how its text begins, comments aside. */
const languages: readonly (readonly [name: RegExp, opening: RegExp])[] = [
  [/\.rego$/, /^package [a-z_][\w.]*\s*$/i],
  [/\.yara?$/, /^(?:import|include|(?:(?:private|global) )*rule) /],
  [/\.xml$/, /^<(?:group|rules|ruleset|decoder)\b/],
  [/\.rb$/, /^(?:control|title|only_if|describe|\w+ = (?:attribute|input)\()/],
];

/** A line of Ruby that changes or starts something; InSpec's begin with what they describe. */
const doing =
  /^[ \t]*(?:(?:execute|bash|script|template|file|cookbook_file|remote_file|systemd_unit|service|package)\s.*\bdo\b|(?:exec|system|spawn|eval|load|require)\b)|`|%x|\b(?:IO|File|Open3|Process|Kernel)\b[.:]/m;

/** Rules of auditd: one a line, each an option of a single letter. */
const auditRule = /^-[aAwWDbfeirck](?:\s[^\n]*)?$/;

export const ruleText: Format = {
  name: "rules in a language of their own",
  about:
    "Rego (`*.rego`), YARA (`*.yar`), auditd (`*.rules`), Wazuh (`*.xml`) and InSpec (`*.rb`), by their names and how they begin: nothing in them is looked for",
  recognises: (text, { path, key }) => {
    const name = path ?? key ?? "";
    if (!/\.(?:rego|yara?|xml|rb|rules)$/.test(name)) return false;
    const lines = text
      .split("\n")
      .filter((line) => !/^\s*(?:#|\/\/|<!--[^>]*-->\s*$|$)/.test(line));
    const [first] = lines;
    if (first === undefined) return false;
    if (/\.rb$/.test(name) && lines.some((line) => doing.test(line))) return false;
    if (/\.rules$/.test(name)) return lines.every((line) => auditRule.test(line));
    return languages.some(([ending, opening]) => ending.test(name) && opening.test(first));
  },
  read: () => ({ ...nothing, isHarmless: true }),
};
