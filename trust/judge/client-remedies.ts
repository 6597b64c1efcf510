/** Ways out on the client side, most preferred first. */
import type { KubeletFacts } from "../words/facts.ts";
import type { Remedy } from "../words/verdict.ts";

const presentPair: Remedy = {
  side: "apiserver",
  setting: "--kubelet-client-certificate",
  text: "Set --kubelet-client-certificate and --kubelet-client-key to a pair for clients, signed by a CA that the kubelet's clientCAFile holds.",
  changes: [],
};

const trustIssuer: Remedy = {
  side: "kubelet",
  setting: "authentication.x509.clientCAFile",
  text: "Set authentication.x509.clientCAFile to the CA that signs kube-apiserver's kubelet client certificate.",
  changes: [],
};

/** The kubelet does not know who calls. */
export function authenticationRemedies({ authentication }: KubeletFacts): readonly Remedy[] {
  const { clientCAFile } = authentication;
  return clientCAFile.known && clientCAFile.value === ""
    ? [trustIssuer, presentPair]
    : [presentPair, trustIssuer];
}

/** The pair does not load. */
export const pairRemedies: readonly Remedy[] = [
  {
    side: "apiserver",
    setting: "--kubelet-client-key",
    text: "Give --kubelet-client-key the unencrypted PEM key that belongs to --kubelet-client-certificate.",
    changes: [],
  },
];

/** The kubelet knows who calls, and that one may not. */
export function authorizationRemedies(
  user: string,
  verb: string,
  subresources: readonly string[],
  kubeletMayNotAsk: boolean,
): readonly Remedy[] {
  if (kubeletMayNotAsk) {
    return [
      {
        side: "apiserver",
        setting: "--authorization-mode",
        text: "Let --authorization-mode hold Node, and give the kubelet a client certificate of system:node:<name> in group system:nodes.",
        changes: [],
      },
    ];
  }
  return [
    {
      side: "rbac",
      setting: "ClusterRoleBinding",
      text: `Bind user ${user} to ClusterRole system:kubelet-api-admin, or to one that may ${verb} nodes/${subresources.at(-1)}.`,
      changes: [],
    },
  ];
}
