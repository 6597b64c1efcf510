/**
 * Who approves requests for kubelet serving certificates: kube-controller-manager never does. To be there is not to
 * approve: an approver is a workload that runs, on a node that takes it, as a ServiceAccount that may approve.
 * Source: kubernetes `plugin/pkg/admission/certificates/approval/admission.go` (verb `approve` on the signer), and
 * `pkg/registry/certificates/certificates/storage` (ApprovalREST takes an update and a patch of
 * certificatesigningrequests/approval).
 */
import { hasKnownRules, rulesIn, unknownRules } from "../programs/approver/rules.ts";
import { isOpen, rulesOf as rulesOfRole } from "../rbac/authorize.ts";
import type { WorkloadPiece } from "../readers/piece.ts";
import { isUnknown } from "../readers/placeholders.ts";
import { asList, asText, type JsonObject } from "../readers/yaml.ts";
import { type Fact, known, type Source, unknown, valueOr } from "../words/fact.ts";
import type {
  ClusterRole,
  ClusterRoleBinding,
  RbacFacts,
  RbacRule,
  Refuses,
} from "../words/facts.ts";
import { groupBy } from "../words/group-by.ts";
import type { AssembledApprover } from "./assembly.ts";
import type { Assumptions } from "./assumptions.ts";
import { missingToken } from "./pod-token.ts";
import { type Machine, startupTaints, withoutNode } from "./scheduling.ts";

const signer = "kubernetes.io/kubelet-serving";

/** An approver with its rules. */
export type Approver = AssembledApprover & {
  readonly refuses: Refuses;
  readonly source: Source;
};

/** What decides whether a workload approves. */
export type ApproverCircumstances = {
  /** The RBAC that was found, and whether it is all that there is. */
  readonly rbac: RbacFacts;
  readonly isWhole: boolean;
  /** The nodes that are known. */
  readonly machines: readonly Machine[];
  /** ServiceAccounts that give their pods no token: `namespace/name`. */
  readonly withoutToken: ReadonlySet<string>;
  /** Whether Roles speak of approving: of what belongs to no namespace they grant nothing. */
  readonly hasRoles: boolean;
  readonly assumptions: Assumptions;
};

/** Finds the approvers among workloads: by a known image, by their words, else by permissions that name the signer. */
export function approversAmong(
  workloads: readonly WorkloadPiece[],
  circumstances: ApproverCircumstances,
): readonly Approver[] {
  const accounts = new Set(workloads.map(({ serviceAccount }) => valueOr(serviceAccount, "")));
  const permissions = permissionsIn(circumstances.rbac, accounts);
  return workloads.flatMap((workload): Approver[] => {
    const container = workload.containers.find(isKnownApprover);
    const account = workload.serviceAccount;
    const isNamed = account.known && permissions.byName(account.value);
    const isSaid = workload.containers.some(saysThatItApproves);
    if (container === undefined && !isNamed && !isSaid) return [];
    const refuses = container ? rulesIn(container, workload) : () => undefined;
    return [
      {
        label: workload.label,
        origin: workload.origin,
        source: workload.origin.source,
        refuses,
        ...(container && hasKnownRules(container) && { rules: refuses }),
        idle:
          otherCommand(workload, container) ??
          withRules(idleness(workload, permissions, circumstances), workload, container),
      },
    ];
  });
}

/** Source: the image names of postfinance/kubelet-csr-approver and alex1989hu/kubelet-serving-cert-approver. */
function isKnownApprover({ image }: JsonObject): boolean {
  return /(^|\/)(kubelet-csr-approver|kubelet-serving-cert-approver)([:@]|$)/.test(
    asText(image) ?? "",
  );
}

/** `kubectl certificate approve`, as jobs have it. */
function saysThatItApproves({ command, args }: JsonObject): boolean {
  const words = [...asList(command), ...asList(args)].map((word) => asText(word) ?? "");
  return /\bcertificate\s+approve\b/.test(words.join(" "));
}

/** A command in place of the image's own may be any program. */
function otherCommand(
  { label, containers: [opaque] }: WorkloadPiece,
  container: JsonObject | undefined,
): Fact<string | undefined> | undefined {
  const command = container?.command;
  if (container === undefined && isUnknown(asText(opaque?.image) ?? "")) {
    return unknown(`whether ${label} approves: its image is not known`);
  }
  const words = asList(command).map((word) => asText(word) ?? "");
  if ([...words, ...asList(container?.args)].some((word) => /^--?(?:h|help)$/.test(String(word))))
    return known(`${label} does not run: it prints its help and exits`);
  if (command === undefined || words.some((word) => /approver/.test(word))) return undefined;
  return typeof command === "string" || words.length > 0
    ? unknown(`whether ${label} approves: its command is not the approver's own`)
    : undefined;
}

/** One that approves by rules that are not known may approve nothing. */
function withRules(
  idle: Fact<string | undefined>,
  { label }: WorkloadPiece,
  container: JsonObject | undefined,
): Fact<string | undefined> {
  if (!idle.known || idle.value !== undefined) return idle;
  const missing = container && hasKnownRules(container) ? unknownRules(container) : [];
  return missing.length === 0 ? idle : unknown(`${missing.join(" and ")} of ${label}`);
}

/** Why a workload approves nothing; `undefined` when it does. */
function idleness(
  workload: WorkloadPiece,
  permissions: Permissions,
  { isWhole, machines, withoutToken, hasRoles, assumptions }: ApproverCircumstances,
): Fact<string | undefined> {
  const { label, runs, serviceAccount, containers } = workload;
  if (!runs.known) return runs;
  if (runs.value !== true) return known(`${label} does not run: ${runs.value.because}`);
  const homeless = withoutNode(workload, machines);
  if (!homeless.known || homeless.value !== undefined) return homeless;
  for (const taint of startupTaints(workload, machines)) {
    assumptions.add(
      `The taint ${taint} of new nodes is taken away by what it waits for; until then ${label} does not run.`,
    );
  }
  if (label.startsWith("Job ")) {
    assumptions.add(
      `${label} approves what is requested while it runs: nobody approves what is requested later, renewals included.`,
    );
  }
  const tokenless = missingToken(workload, withoutToken);
  if (!tokenless.known) return tokenless;
  if (tokenless.value !== undefined) {
    return known(`${label} has no token to approve with: ${tokenless.value}`);
  }
  if (!serviceAccount.known) return serviceAccount;
  if (!isWhole && !hasRoles && !permissions.areSpokenOf(serviceAccount.value)) {
    assumptions.add(`${label} may approve requests: no RBAC for it is given.`);
    return known(undefined);
  }
  const isKnownOne = containers.some(isKnownApprover);
  const lacking = permissions.lackOf(serviceAccount.value, {
    watches: isKnownOne,
    updates: isKnownOne || containers.some(saysThatItApproves),
  });
  const doubt = lacking === undefined ? undefined : permissions.doubtOf(serviceAccount.value);
  if (doubt !== undefined) return unknown(doubt);
  return known(lacking && `ServiceAccount ${serviceAccount.value} of ${label} may not ${lacking}`);
}

// Permissions -------------------------------------------------------------------------------------------

type Permissions = {
  /** Whether the RBAC that was found is about the approving of an account, and not of other workloads alone. */
  readonly areSpokenOf: (account: string) => boolean;
  /** Whether an account has both by rules that name signer and approval: others have them by the way. */
  readonly byName: (account: string) => boolean;
  /** What an account may not do that it must; `undefined` when it may all of it. */
  readonly lackOf: (account: string, program: Calls) => string | undefined;
  /** What could give an account more, and is not known yet; completes "undecidable without ...". */
  readonly doubtOf: (account: string) => string | undefined;
};

/** What a program is known to ask of kube-apiserver. */
type Calls = {
  readonly watches: boolean;
  /** It approves by an update, not a patch. */
  readonly updates: boolean;
};

type Need = {
  readonly group: string;
  readonly resource: string;
  readonly verbs: readonly string[];
  readonly names: readonly string[];
  readonly text: string;
};

const onSigner: Need = {
  group: "certificates.k8s.io",
  resource: "signers",
  verbs: ["approve"],
  names: [signer, "kubernetes.io/*"],
  text: `approve for signer ${signer}`,
};

/**
 * Of the known approvers, and of `kubectl certificate approve`.
 * Source: client-go `kubernetes/typed/certificates/v1/certificatesigningrequest_expansion.go` (UpdateApproval: a PUT).
 */
const byUpdate: Need = {
  group: "certificates.k8s.io",
  resource: "certificatesigningrequests/approval",
  verbs: ["update"],
  names: [],
  text: "update certificatesigningrequests/approval",
};

const byPatchToo: Need = {
  ...byUpdate,
  verbs: ["update", "patch"],
  text: "update or patch certificatesigningrequests/approval",
};

const needs: readonly Need[] = [onSigner, byPatchToo];

/**
 * What the known approvers do before they approve: they are told of requests as controllers are.
 * Source: controller-runtime `pkg/cache/internal/informers.go` (ListWatch), of which both are made.
 */
const watching: readonly Need[] = ["list", "watch"].map((verb) => ({
  group: "certificates.k8s.io",
  resource: "certificatesigningrequests",
  verbs: [verb],
  names: [],
  text: `${verb} certificatesigningrequests`,
}));

function permissionsIn(
  { roles, bindings }: RbacFacts,
  workloads: ReadonlySet<string>,
): Permissions {
  const rulesOf = new Map<string, RbacRule[]>();
  const rulesByRole = groupBy(roles, ({ name }) => name);
  for (const { role, subjects } of bindings) {
    const named = rulesByRole.get(role) ?? [];
    const rules = named.some(({ aggregates }) => aggregates)
      ? rulesOfRole(role, roles)
      : named.flatMap((one) => one.rules);
    const all = role === "cluster-admin" ? [...rules, everything] : rules;
    for (const { kind, name, namespace } of subjects) {
      const accounts =
        kind === "ServiceAccount" ? [`${namespace ?? ""}/${name}`] : groupAccounts(kind, name);
      for (const account of accounts) {
        rulesOf.set(account, [...(rulesOf.get(account) ?? []), ...all]);
      }
    }
  }
  // A role that approves, and that no workload has: it was meant for the approver and misses it.
  const isUnbound = roles.filter(speaksOfApproving).some(({ name }) => {
    const subjects = bindings.filter(({ role }) => role === name).flatMap((one) => one.subjects);
    return !subjects.some(
      (subject) =>
        subject.kind === "ServiceAccount" &&
        workloads.has(`${subject.namespace ?? ""}/${subject.name}`),
    );
  });
  const of = (account: string) => [
    ...(rulesOf.get(account) ?? []),
    ...(rulesOf.get(`${account.split("/")[0]}/*`) ?? []),
    ...(rulesOf.get("*/*") ?? []),
  ];
  return {
    areSpokenOf: (account) => rulesOf.has(account) || isUnbound,
    byName: (account) => needs.every((need) => of(account).some((rule) => names(rule, need))),
    lackOf: (account, { watches, updates }) =>
      [onSigner, updates ? byUpdate : byPatchToo, ...(watches ? watching : [])].find(
        (need) => !of(account).some((rule) => covers(rule, need)),
      )?.text,
    doubtOf: (account) => {
      const found = bindings.find((binding) => mayGrant(binding, account, rulesByRole));
      return (
        found &&
        `what ClusterRoleBinding ${found.name} grants to whom, of which something is not known yet`
      );
    },
  };
}

/** Whether a binding could be an account's, and something in it or in its role is not known yet. */
function mayGrant(
  { role, subjects }: ClusterRoleBinding,
  account: string,
  roles: ReadonlyMap<string, readonly ClusterRole[]>,
): boolean {
  const openSubject = subjects.some(({ name, namespace }) => isOpen([name, namespace ?? ""]));
  const isOwn = subjects.some(({ kind, name, namespace }) =>
    (kind === "ServiceAccount" ? [`${namespace ?? ""}/${name}`] : groupAccounts(kind, name)).some(
      (one) => one === account || one === "*/*" || one === `${account.split("/")[0]}/*`,
    ),
  );
  const openRole =
    isOpen([role]) ||
    (roles.get(role) ?? []).some(({ rules }) =>
      rules.some(
        ({ apiGroups, resources, verbs, resourceNames }) =>
          isOpen(apiGroups) || isOpen(resources) || isOpen(verbs) || isOpen(resourceNames),
      ),
    );
  if (openSubject) {
    return openRole || (roles.get(role) ?? []).some(speaksOfApproving);
  }
  return isOwn && openRole;
}

const everything: RbacRule = {
  apiGroups: ["*"],
  resources: ["*"],
  resourceNames: [],
  verbs: ["*"],
  nonResourceURLs: [],
};

/** ServiceAccounts that a group holds, or that a user name stands for. */
function groupAccounts(kind: "User" | "Group", name: string): string[] {
  if (kind === "User") {
    const [, namespace, account] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(name) ?? [];
    return account === undefined ? [] : [`${namespace}/${account}`];
  }
  if (name === "system:serviceaccounts" || name === "system:authenticated") return ["*/*"];
  const namespace = /^system:serviceaccounts:(.+)$/.exec(name)?.[1];
  return namespace === undefined ? [] : [`${namespace}/*`];
}

function speaksOfApproving({ rules }: ClusterRole): boolean {
  return rules.some((rule) => needs.some((need) => names(rule, need)));
}

function covers(rule: RbacRule, need: Need): boolean {
  const has = (list: readonly string[], item: string) => list.includes(item) || list.includes("*");
  const subresource = need.resource.split("/")[1];
  return (
    has(rule.apiGroups, need.group) &&
    (has(rule.resources, need.resource) ||
      (subresource !== undefined && rule.resources.includes(`*/${subresource}`))) &&
    need.verbs.some((verb) => has(rule.verbs, verb)) &&
    (rule.resourceNames.length === 0 ||
      (need.names.length > 0 && need.names.some((name) => rule.resourceNames.includes(name))))
  );
}

function names(rule: RbacRule, need: Need): boolean {
  return (
    covers(rule, need) &&
    rule.apiGroups.includes(need.group) &&
    rule.resources.includes(need.resource)
  );
}
