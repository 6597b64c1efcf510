/** Ways out: what a person reads, and what would change, so that a program can try it. */

/** Whose setting it is. */
export type Side =
  | "kubelet"
  | "apiserver"
  | "rbac"
  | "certificates"
  | "controller-manager"
  | "approver"
  | "caller";

/** One change of a remedy. Settings are flags with their dashes, or fields by their path. */
export type Change =
  /** A flag or a field gets a value. */
  | {
      readonly do: "set";
      readonly side: Side;
      readonly setting: string;
      readonly value: string | boolean | number;
    }
  /** A flag, a field, or a feature gate (`featureGates.<name>`, by flag or by file) goes. */
  | { readonly do: "remove"; readonly side: Side; readonly setting: string }
  /** The bundle that the setting names holds one certificate more; the setting is set where it is absent. */
  | {
      readonly do: "trust";
      readonly side: Side;
      readonly setting: string;
      /** Who signs what is to be trusted: the kubelet's serving certificates, its own kubelet.crt, the caller's certificate. */
      readonly what: "servingIssuer" | "ownCertificates" | "clientIssuer";
    }
  /**
   * A certificate is issued anew: valid, for its use, by a CA that the other side's bundle holds; for `serving` with the
   * node's addresses, for `client` with a user. Its settings are set where they are absent.
   */
  | {
      readonly do: "issue";
      readonly side: Side;
      readonly what: "serving" | "client";
    }
  /** The kubelet makes kubelet.crt and kubelet.key of its certificate directory anew. */
  | { readonly do: "renewOwn"; readonly side: "kubelet" }
  /** Requests of signer kubernetes.io/kubelet-serving are approved. */
  | { readonly do: "approve"; readonly side: "approver" }
  /** kube-controller-manager signs them, by a CA that the caller's bundle holds. */
  | { readonly do: "sign"; readonly side: "controller-manager" }
  /** A user or ServiceAccount is bound to a ClusterRole. Never an anonymous one. */
  | { readonly do: "bind"; readonly side: "rbac"; readonly user: string; readonly role: string }
  /** The annotations that say that not verifying is meant. */
  | { readonly do: "saySkip"; readonly side: "apiserver" | "caller" }
  /** A file is put right: there, readable, whole, and belonging to its pair. */
  | { readonly do: "mendFile"; readonly side: Side; readonly setting: string }
  /** The node gets an IP address. */
  | { readonly do: "giveAddress"; readonly side: "kubelet" };

/** One way out: concrete settings, with the whole advice in words. */
export type Remedy = {
  /** The side that changes most. */
  readonly side: Side;
  /** Field or flag, verbatim, e.g. `serverTLSBootstrap`. */
  readonly setting: string;
  /** The whole advice in one sentence. */
  readonly text: string;
  /** What would change, in order; empty where only a person can tell. */
  readonly changes: readonly Change[];
};
