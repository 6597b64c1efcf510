/** Settings that open a kubelet whatever else it is given. */

/** Who may do what, for certain. */
export type Opening = {
  readonly to: "anyone" | "whoever is authenticated";
  readonly what: "everything" | "metrics, stats, pods";
  /** The settings, each with its value. */
  readonly by: readonly string[];
  /** What closes it. */
  readonly remedies: readonly string[];
};

/** What is known of a kubelet's own checks; absent where it is not known. */
export type Checks = {
  readonly anonymous?: boolean;
  readonly authorizationMode?: string;
  readonly readOnlyPort?: number;
};

/**
 * What settings open alone; undefined where that depends on others. Anonymous requests that kube-apiserver is asked about
 * open nothing by themselves.
 * Source: kubernetes `cmd/kubelet/app/auth.go` (BuildAuthz), `cmd/kubelet/app/server.go` (startKubelet).
 */
export function openingOf({
  anonymous = false,
  authorizationMode,
  readOnlyPort = 0,
}: Checks): Opening | undefined {
  const allowsAll = authorizationMode === "AlwaysAllow";
  const isReadable = readOnlyPort > 0;
  if (!allowsAll && !isReadable) return undefined;
  const isToAnyone = anonymous || !allowsAll;
  return {
    to: isToAnyone ? "anyone" : "whoever is authenticated",
    what: allowsAll ? "everything" : "metrics, stats, pods",
    by: [
      ...(allowsAll ? ["authorization.mode: AlwaysAllow"] : []),
      ...(allowsAll && anonymous ? ["authentication.anonymous.enabled: true"] : []),
      ...(isReadable ? [`readOnlyPort: ${readOnlyPort}`] : []),
    ],
    remedies: [
      ...(allowsAll ? ["Set authorization.mode: Webhook (--authorization-mode=Webhook)."] : []),
      ...(allowsAll && anonymous ? ["Set authentication.anonymous.enabled: false."] : []),
      ...(isReadable ? ["Set readOnlyPort: 0."] : []),
    ],
  };
}
