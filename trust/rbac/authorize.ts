/**
 * What kube-apiserver answers when a kubelet asks whether somebody may do something.
 * Sources: kubernetes `plugin/pkg/auth/authorizer/rbac/rbac.go`, `.../node/node_authorizer.go`,
 * `pkg/kubeapiserver/authorizer/config.go`.
 */
import type { Answer } from "../certificates/identity.ts";
import { couldBe, placeholderIn } from "../readers/placeholders.ts";
import type { Fact } from "../words/fact.ts";
import type {
  ApiServerFacts,
  ClusterRole,
  ClusterRoleBinding,
  Identity,
  LabelSelector,
  RbacFacts,
  RbacRule,
  Subject,
} from "../words/facts.ts";
import { defaultBindings, defaultRoles } from "./default-roles.ts";

/** One question: may somebody do `verb` on `resource` (with its subresource) of a node? */
export type Question = {
  readonly apiGroup: string;
  readonly resource: string;
  readonly verb: string;
  readonly name: string;
};

export type Authorization =
  | { readonly answer: "yes" | "no" }
  | { readonly answer: "unknown"; readonly missing: string };

/** Asks the authorizers in their order. */
export function authorize(
  who: Identity,
  question: Question,
  { authorizationModes, rbac }: Pick<ApiServerFacts, "authorizationModes" | "rbac">,
): Authorization {
  // The group is let through before any authorizer is asked.
  if (who.groups.includes("system:masters")) {
    return { answer: "yes" };
  }
  if (!authorizationModes.known) {
    return { answer: "unknown", missing: authorizationModes.missing };
  }
  let doubt: string | undefined;
  for (const mode of authorizationModes.value) {
    const { answer, missing } = ask(mode, who, question, rbac);
    if (answer === "yes") {
      return { answer };
    }
    doubt ??= missing;
    if (mode === "AlwaysDeny") {
      break;
    }
  }
  return doubt === undefined ? { answer: "no" } : { answer: "unknown", missing: doubt };
}

function ask(
  mode: string,
  who: Identity,
  question: Question,
  rbac: Fact<RbacFacts>,
): { answer: Answer; missing?: string } {
  switch (mode) {
    case "AlwaysAllow":
      return { answer: "yes" };
    case "Node":
      return { answer: isNodeReview(who, question) ? "yes" : "no" };
    case "RBAC":
      return askRbac(who, question, rbac);
    case "Webhook":
    case "ABAC":
      return { answer: "unknown", missing: `what the ${mode} authorizer says about ${who.user}` };
    default:
      return { answer: "no" };
  }
}

/** The node authorizer lets nodes create reviews. */
function isNodeReview({ user, groups }: Identity, { resource, verb }: Question): boolean {
  return (
    user.startsWith("system:node:") &&
    groups.includes("system:nodes") &&
    verb === "create" &&
    (resource === "subjectaccessreviews" || resource === "tokenreviews")
  );
}

type RbacAnswer = { readonly answer: Answer; readonly missing?: string };

/** What was answered, by the question, the user and each of the groups in turn. */
type Answers = { readonly next: Map<string, Answers>; answer?: RbacAnswer };

/** Thousands of kubelets ask the same RBAC the same of the same callers. */
const answered = new WeakMap<
  RbacFacts,
  { readonly hasNames: boolean; readonly answers: Answers }
>();

const noRbac: RbacFacts = { roles: [], bindings: [] };

function askRbac(who: Identity, question: Question, rbac: Fact<RbacFacts>): RbacAnswer {
  const given = rbac.known ? rbac.value : noRbac;
  const before = answered.get(given) ?? { hasNames: hasNames(given), answers: { next: new Map() } };
  answered.set(given, before);
  const { apiGroup, resource, verb } = question;
  const name = before.hasNames ? question.name : "";
  // Texts that are there already: to join them, and to find the joined text, takes longer than five places.
  let place = nextOf(nextOf(nextOf(before.answers, verb), apiGroup), resource);
  place = nextOf(nextOf(place, name), who.user);
  for (const group of who.groups) place = nextOf(place, group);
  const answer = place.answer ?? answerOf(who, question, given);
  place.answer = answer;
  return rbac.known || answer.answer === "yes"
    ? answer
    : { answer: "unknown", missing: rbac.missing };
}

function nextOf({ next }: Answers, key: string): Answers {
  const there = next.get(key);
  if (there) return there;
  const made: Answers = { next: new Map() };
  next.set(key, made);
  return made;
}

/** Whether a rule is for resources of some names alone; those of kube-apiserver's own roles are for all. */
function hasNames({ roles }: RbacFacts): boolean {
  return roles.some(({ rules }) => rules.some(({ resourceNames }) => resourceNames.length > 0));
}

function answerOf(who: Identity, question: Question, given: RbacFacts): RbacAnswer {
  const roles = withDefaults(given.roles, defaultRoles);
  const bindings = withDefaults(given.bindings, defaultBindings);
  let doubt: string | undefined;
  for (const binding of bindings) {
    const bound = isBound(binding, who);
    if (bound === "no") continue;
    const permitted = permitsBy(binding.role, roles, question);
    const isCertain = bound === "yes" && permitted === "yes" && binding.isInDoubt !== true;
    if (isCertain) return { answer: "yes" };
    if (permitted !== "no") {
      const role = isUnknown(binding.role) ? "" : ` (ClusterRole ${binding.role})`;
      doubt ??= `what ClusterRoleBinding ${binding.name}${role} grants to whom, of which something is not known yet`;
    }
  }
  return doubt === undefined ? { answer: "no" } : { answer: "unknown", missing: doubt };
}

/** `maybe`: a value that decides is not known yet. */
export type Certainty = "yes" | "no" | "maybe";

function any(answers: readonly Certainty[]): Certainty {
  if (answers.includes("yes")) return "yes";
  return answers.includes("maybe") ? "maybe" : "no";
}

function all(answers: readonly Certainty[]): Certainty {
  if (answers.includes("no")) return "no";
  return answers.includes("maybe") ? "maybe" : "yes";
}

function is(text: string, value: string): Certainty {
  if (text === value) return "yes";
  return couldBe(text, value) ? "maybe" : "no";
}

/** Whether the rules of a role permit it; a role whose name is not known may be any. */
function permitsBy(name: string, roles: readonly ClusterRole[], question: Question): Certainty {
  if (isUnknown(name)) return "maybe";
  const answers = rulesOf(name, roles).map((rule) => permits(rule, question));
  const mayBeOther =
    answers.length === 0 &&
    roles.some(
      (role) =>
        is(role.name, name) === "maybe" &&
        role.rules.some((rule) => permits(rule, question) !== "no"),
    );
  return mayBeOther ? "maybe" : any(answers);
}

const opens = new WeakMap<readonly string[], boolean>();

/** Whether a text is not known yet: it could be any. */
function isUnknown(text: string): boolean {
  return placeholderIn(text) !== undefined;
}

/** Whether a text in the list is not known yet; lists are those of rules, each asked about many times. */
export function isOpen(list: readonly string[]): boolean {
  const found = opens.get(list) ?? list.some(isUnknown);
  opens.set(list, found);
  return found;
}

/** kube-apiserver adds what its own roles lack; it takes nothing away from them. */
function withDefaults<T extends { readonly name: string }>(
  given: readonly T[],
  defaults: readonly T[],
): readonly T[] {
  return [...given, ...defaults];
}

function isBound({ subjects }: ClusterRoleBinding, { user, groups }: Identity): Certainty {
  const everyone = user === "system:anonymous" ? "system:unauthenticated" : "system:authenticated";
  const accepted: Readonly<Record<Subject["kind"], (subject: Subject) => Certainty>> = {
    // Who stands for many (`<any user>`) has no name of its own.
    User: ({ name }) => (user.startsWith("<") ? "no" : is(name, user)),
    Group: ({ name }) => any([everyone, ...groups].map((group) => is(name, group))),
    ServiceAccount: ({ name, namespace }) =>
      is(`system:serviceaccount:${namespace ?? ""}:${name}`, user),
  };
  return any(subjects.map((subject) => accepted[subject.kind](subject)));
}

const maxAggregation = 10;

/** The rules of every role of a name; of one that aggregates, those of the roles that it selects. */
export function rulesOf(name: string, roles: readonly ClusterRole[], depth = 0): RbacRule[] {
  return roles
    .filter((role) => role.name === name)
    .flatMap((role) => {
      if (!role.aggregates || depth >= maxAggregation) {
        return role.rules;
      }
      // The controller replaces the rules of an aggregating role by those of the roles it selects.
      return roles
        .filter((other) => other.name !== name)
        .flatMap((other) => {
          const selected = isSelected(other, role.aggregates ?? []);
          if (selected === "no") return [];
          const rules = rulesOf(other.name, roles, depth + 1);
          return selected === "yes" ? rules : rules.map(inDoubt);
        });
    });
}

/** A rule that may not count: as if it were for what is not known yet. */
function inDoubt(rule: RbacRule): RbacRule {
  return { ...rule, resourceNames: ["$(selected)"] };
}

function isSelected({ labels }: ClusterRole, selectors: readonly LabelSelector[]): Certainty {
  return any(
    selectors.map(({ matchLabels, matchExpressions }) =>
      all([
        ...Object.entries(matchLabels).map(([key, value]) => hasLabel(labels, key, value)),
        ...matchExpressions.map((expression) => matches(labels, expression)),
      ]),
    ),
  );
}

/** Whether there is a label of this value; without one, of any. */
function hasLabel(
  labels: Readonly<Record<string, string>>,
  key: string,
  value?: string,
): Certainty {
  const own = labels[key];
  if (own !== undefined) return value === undefined ? "yes" : mayMeet(own, value);
  return isUnknown(key) || Object.keys(labels).some((one) => couldBe(one, key)) ? "maybe" : "no";
}

/** Either text may hold what is not known yet. */
function mayMeet(one: string, other: string): Certainty {
  return isUnknown(other) && one !== other ? "maybe" : is(one, other);
}

function matches(
  labels: Readonly<Record<string, string>>,
  { key, operator, values }: LabelSelector["matchExpressions"][number],
): Certainty {
  const hasOne = () => any(values.map((value) => hasLabel(labels, key, value)));
  switch (operator) {
    case "In":
      return hasOne();
    case "NotIn":
      return not(hasOne());
    case "Exists":
      return hasLabel(labels, key);
    case "DoesNotExist":
      return not(hasLabel(labels, key));
    default:
      return isUnknown(operator) ? "maybe" : "no";
  }
}

function not(answer: Certainty): Certainty {
  if (answer === "maybe") return answer;
  return answer === "yes" ? "no" : "yes";
}

function permits(rule: RbacRule, { apiGroup, resource, verb, name }: Question): Certainty {
  const subresource = resource.split("/")[1];
  return all([
    has(rule.verbs, verb),
    has(rule.apiGroups, apiGroup),
    any([
      has(rule.resources, resource),
      ...(subresource === undefined ? [] : [hasExactly(rule.resources, `*/${subresource}`)]),
    ]),
    rule.resourceNames.length === 0 ? "yes" : hasExactly(rule.resourceNames, name),
  ]);
}

function has(list: readonly string[], item: string): Certainty {
  return list.includes("*") ? "yes" : hasExactly(list, item);
}

function hasExactly(list: readonly string[], item: string): Certainty {
  if (list.includes(item)) return "yes";
  return isOpen(list) && list.some((one) => couldBe(one, item)) ? "maybe" : "no";
}
