/**
 * Ways out on the client side, most preferred first. Each mends everything that keeps the caller out, and closes what
 * is open to anyone; none binds system:anonymous or system:unauthenticated to anything.
 */
import type { Complaint } from "../certificates/verify.ts";
import type { CallerName } from "../words/facts.ts";
import type { Change, Remedy, Side } from "../words/remedy.ts";

/** What there is to mend. */
export type ClientSituation = {
  readonly caller: CallerName;
  /** `none` stands for half a pair too. */
  readonly credential: "certificate" | "token" | "none" | "broken";
  /** How a person would call the certificate. */
  readonly label: string;
  /** What is wrong with the certificate by itself: not who signed it. */
  readonly complaints: ReadonlySet<Complaint | "no-common-name">;
  readonly hasClientCA: boolean;
  /** No CA of the kubelet's clientCAFile has signed the certificate. */
  readonly isStranger: boolean;
  /** The kubelet takes tokens (authentication.webhook.enabled). */
  readonly takesTokens: boolean;
  readonly isAnonymousOn: boolean;
  /** The read-only port answers what is asked for, too. */
  readonly isReadOnlyOpen: boolean;
  /** authorization.mode is AlwaysAllow. */
  readonly allowsAll: boolean;
  /** The user that the caller would be, and whether it has to be bound to something first. */
  readonly user: string;
  readonly mustBind: boolean;
  /** Authorizers of kube-apiserver, where RBAC is none of them. */
  readonly modesWithoutRbac: readonly string[] | undefined;
};

type Part = { readonly text: string; readonly change: Change };

function set(setting: string, value: string | boolean | number): Part {
  return { text: `${setting} to ${value}`, change: { do: "set", side: "kubelet", setting, value } };
}

/** The kubelet does not know who calls, or does not ask. */
export function authenticationRemedies(situation: ClientSituation): readonly Remedy[] {
  if (situation.credential === "token") {
    return [
      remedyOf("kubelet", "authentication.webhook.enabled", [], kubeletParts(situation), situation),
    ];
  }
  const issued = issueText(situation);
  const parts = kubeletParts(situation);
  if (issued !== undefined) {
    return [remedyOf("apiserver", "--kubelet-client-certificate", [issued], parts, situation)];
  }
  if (!situation.isStranger) {
    const [first] = parts;
    const setting = first && "setting" in first.change ? first.change.setting : "";
    return [remedyOf("kubelet", setting, [], parts, situation)];
  }
  const reissue: Text = {
    text: `Set --kubelet-client-certificate and --kubelet-client-key to a pair for clients, signed by a CA that the kubelet's clientCAFile holds, and restart kube-apiserver`,
    change: { do: "issue", side: "apiserver", what: "client" },
  };
  const trust: Text = {
    text: "Let authentication.x509.clientCAFile hold the CA that signs kube-apiserver's kubelet client certificate",
    change: trustClientIssuer,
  };
  return [
    remedyOf("apiserver", "--kubelet-client-certificate", [reissue], parts, situation),
    remedyOf("kubelet", "authentication.x509.clientCAFile", [trust], parts, situation),
  ];
}

const trustClientIssuer: Change = {
  do: "trust",
  side: "kubelet",
  setting: "authentication.x509.clientCAFile",
  what: "clientIssuer",
};

type Text = { readonly text: string; readonly change: Change };

/** What the caller's certificate must become before anything else helps. */
function issueText({ credential, complaints, label }: ClientSituation): Text | undefined {
  const issue = (text: string): Text => ({
    text,
    change: { do: "issue", side: "apiserver", what: "client" },
  });
  if (credential === "none") {
    return issue(
      "Set --kubelet-client-certificate and --kubelet-client-key to a pair for clients, signed by a CA that the kubelet's clientCAFile holds",
    );
  }
  if (credential === "broken") {
    return issue(
      "Give --kubelet-client-key the unencrypted PEM key that belongs to --kubelet-client-certificate",
    );
  }
  if (complaints.has("validity")) return issue(`Renew ${label} and restart kube-apiserver`);
  if (complaints.has("usage")) {
    return issue(
      `Issue ${label} anew with extended key usage clientAuth, and restart kube-apiserver`,
    );
  }
  if (complaints.has("no-common-name")) {
    return issue(
      `Issue ${label} anew with a common name, which is the user's name, and restart kube-apiserver`,
    );
  }
  return undefined;
}

/** What the kubelet's own settings must become. */
function kubeletParts(situation: ClientSituation): Part[] {
  const { credential, hasClientCA, isAnonymousOn, allowsAll, takesTokens, caller } = situation;
  return [
    ...(credential === "token" && !takesTokens
      ? [set("authentication.webhook.enabled", true)]
      : []),
    ...(credential !== "token" && !hasClientCA
      ? [
          {
            text: `authentication.x509.clientCAFile to the CA that signs ${caller}'s kubelet client certificate`,
            change: trustClientIssuer,
          },
        ]
      : []),
    ...(isAnonymousOn ? [set("authentication.anonymous.enabled", false)] : []),
    ...(allowsAll && isAnonymousOn ? [set("authorization.mode", "Webhook")] : []),
    ...(situation.isReadOnlyOpen ? [set("readOnlyPort", 0)] : []),
  ];
}

function remedyOf(
  side: Side,
  setting: string,
  first: readonly Text[],
  parts: readonly Part[],
  { mustBind, user, modesWithoutRbac }: ClientSituation,
): Remedy {
  const asking = mustBind && modesWithoutRbac ? [askRbac(modesWithoutRbac)] : [];
  const kubelet = parts.length === 0 ? [] : [`set ${parts.map(({ text }) => text).join(", ")}`];
  const bind = mustBind ? [bindText(user)] : [];
  const asked = asking.map(({ text }) => text);
  const sentence = [...first.map(({ text }) => text), ...kubelet, ...asked, ...bind].join("; ");
  return {
    side,
    setting,
    text: `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.`,
    changes: [
      ...first.map(({ change }) => change),
      ...parts.map(({ change }) => change),
      ...asking.map(({ change }) => change),
      ...(mustBind ? [bindChange(user)] : []),
    ],
  };
}

const kubeletAdmin = "system:kubelet-api-admin";

function bindText(user: string): string {
  return `bind user ${user} to ClusterRole ${kubeletAdmin}`;
}

function bindChange(user: string): Change {
  return { do: "bind", side: "rbac", user, role: kubeletAdmin };
}

/**
 * The kubelet knows who calls, and that one may not.
 *
 * @param modesWithoutRbac authorizers of kube-apiserver, where RBAC is none of them. Default: it is one.
 */
export function authorizationRemedies(
  user: string,
  subresource: string,
  modesWithoutRbac?: readonly string[],
): readonly Remedy[] {
  const bindings = bindingRemedies(user, subresource);
  return modesWithoutRbac
    ? bindings.map((binding) => askingRbac(binding, modesWithoutRbac))
    : bindings;
}

/** A binding counts for nothing until kube-apiserver asks RBAC. */
function askingRbac({ text, changes, ...binding }: Remedy, modes: readonly string[]): Remedy {
  const { text: first, change } = askRbac(modes);
  return {
    ...binding,
    text: `${first.charAt(0).toUpperCase()}${first.slice(1)}, then ${text.charAt(0).toLowerCase()}${text.slice(1)}`,
    changes: [change, ...changes],
  };
}

/** AlwaysDeny would come before it. */
function askRbac(modes: readonly string[]): Part {
  const value = [...modes.filter((mode) => mode !== "AlwaysDeny"), "RBAC"].join(",");
  const setting = "--authorization-mode";
  return {
    text: `set kube-apiserver's ${setting}=${value}`,
    change: { do: "set", side: "apiserver", setting, value },
  };
}

function bindingRemedies(user: string, subresource: string): readonly Remedy[] {
  const account = /^system:serviceaccount:([^:]+):(.+)$/.exec(user);
  if (account) {
    return [
      {
        side: "rbac",
        setting: "ClusterRoleBinding",
        text: `Bind ServiceAccount ${account[1]}/${account[2]} to a ClusterRole that may get nodes/${subresource}.`,
        changes: [{ do: "bind", side: "rbac", user, role: `get nodes/${subresource}` }],
      },
    ];
  }
  const text = bindText(user);
  return [
    {
      side: "rbac",
      setting: "ClusterRoleBinding",
      text: `${text.charAt(0).toUpperCase()}${text.slice(1)}, as kubeadm's binding kubeadm:apiserver-kubelet-client does.`,
      changes: [bindChange(user)],
    },
  ];
}

/** The kubelet may not ask who may call it. */
export const askingRemedies: readonly Remedy[] = [
  {
    side: "apiserver",
    setting: "--authorization-mode",
    text: "Let --authorization-mode hold Node, and give the kubelet a client certificate of system:node:<name> in group system:nodes.",
    changes: [
      { do: "set", side: "apiserver", setting: "--authorization-mode", value: "Node,RBAC" },
    ],
  },
];
