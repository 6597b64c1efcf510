/** Whom a kubelet may be open to, where a value that decides it is not known: neither open nor closed. */
import { authorize } from "../rbac/authorize.ts";
import { type Fact, known, valueOr } from "../words/fact.ts";
import type { AuthorizerFacts, Identity, KubeletFacts } from "../words/facts.ts";
import type { Circle, OpenInDoubt } from "../words/verdict.ts";
import { anyAccount, anyUser, stranger } from "./circles.ts";
import type { Open } from "./direct.ts";

/**
 * The circles that may exec by what is not known: whether somebody is let in at all, and what RBAC allows. Of RBAC what
 * was handed over counts; what nobody handed over, and another authorizer, opens nothing. Pure; never throws.
 *
 * @param open what is open for certain, and told already
 */
export function openInDoubt(
  kubelet: KubeletFacts,
  authorizer: AuthorizerFacts,
  open: Open,
): readonly OpenInDoubt[] {
  const { enableServer, authorizationMode } = kubelet.authentication;
  if (!valueOr(enableServer, false)) return [];
  // Where the kubelet asks nobody it is open to users for certain; where it is not known whether, nothing is known of it.
  const asks = authorizationMode.known && authorizationMode.value === "Webhook";
  const isOpen: Readonly<Record<Circle, boolean>> = {
    anyone: !asks || open.toAnyone.has("exec"),
    "anyone at kube-apiserver": open.throughApiServer,
    authenticated: !asks || open.toAuthenticated.includes("exec"),
    "service accounts":
      !asks || [...open.toAuthenticated, ...open.toServiceAccounts].includes("exec"),
  };
  const found = circles.flatMap(({ to, who, isLetIn }) => {
    const missing = isOpen[to]
      ? []
      : doubts(who, isLetIn(kubelet, authorizer), kubelet, authorizer);
    return missing.length === 0 ? [] : [{ to, missing }];
  });
  // What one value decides for several circles is told of the widest.
  return found.filter(
    (one, index) => !found.slice(0, index).some((wider) => isWithin(wider.missing, one.missing)),
  );
}

function isWithin(some: readonly string[], all: readonly string[]): boolean {
  return some.every((one) => all.includes(one));
}

type CircleOf = {
  readonly to: Circle;
  readonly who: Identity;
  /** Whether there are such callers for the program that is asked. */
  readonly isLetIn: (kubelet: KubeletFacts, authorizer: AuthorizerFacts) => Fact<boolean>;
};

const circles: readonly CircleOf[] = [
  { to: "anyone", who: stranger, isLetIn: (kubelet) => kubelet.authentication.anonymous },
  {
    to: "anyone at kube-apiserver",
    who: stranger,
    isLetIn: (_, { takesAnonymous, authorizationModes }) =>
      takesAnonymous === undefined ||
      (authorizationModes.known && authorizationModes.value.includes("AlwaysAllow"))
        ? known(false)
        : takesAnonymous,
  },
  { to: "authenticated", who: anyUser, isLetIn: takesUsers },
  {
    to: "service accounts",
    who: anyAccount,
    isLetIn: (kubelet) => kubelet.authentication.webhook,
  },
];

function takesUsers({ authentication: { clientCAFile, webhook } }: KubeletFacts): Fact<boolean> {
  if (valueOr(clientCAFile, "") !== "" || valueOr(webhook, false)) return known(true);
  if (!clientCAFile.known) return clientCAFile;
  return webhook;
}

/** What is missing to say whether somebody may exec; nothing where that is certain. */
function doubts(
  who: Identity,
  isLetIn: Fact<boolean>,
  { node }: KubeletFacts,
  { authorizationModes, rbac }: AuthorizerFacts,
): readonly string[] {
  if (isLetIn.known && !isLetIn.value) return [];
  const modes = authorizersOf(authorizationModes);
  const handed = {
    authorizationModes: known(valueOr(modes, ["RBAC"])),
    rbac: rbac.known ? rbac : known({ roles: [], bindings: [] }),
  };
  const answers = ["get", "create"].map((verb) =>
    authorize(
      who,
      { apiGroup: "", resource: "nodes/proxy", verb, name: valueOr(node.name, "") },
      handed,
    ),
  );
  const isAllowed = answers.some(({ answer }) => answer === "yes");
  const unknowns = answers.flatMap((one) => (one.answer === "unknown" ? [one.missing] : []));
  if (!isAllowed && unknowns.length === 0) return [];
  return [
    ...new Set([
      ...(isLetIn.known ? [] : [isLetIn.missing]),
      ...(modes.known ? [] : [modes.missing]),
      ...(isAllowed ? [] : unknowns),
    ]),
  ];
}

/** Those that answer by what is handed over. A default among flags that are not all of them is not known. */
function authorizersOf(modes: AuthorizerFacts["authorizationModes"]): Fact<readonly string[]> {
  if (!modes.known) return modes;
  const isDefault = modes.source === undefined && modes.value.includes("AlwaysAllow");
  return isDefault
    ? { known: false, missing: "kube-apiserver's --authorization-mode" }
    : known(modes.value.filter((mode) => mode === "RBAC" || mode === "AlwaysAllow"));
}
