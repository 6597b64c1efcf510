import type { KubeletFacts } from "./facts.ts";
import type { ServingMode } from "./vocabulary.ts";

/**
 * How a kubelet comes by its serving certificate, from its settings; `undefined` when they are unknown or make no mode
 * (half a pair).
 * Source: kubernetes `cmd/kubelet/app/server.go` (InitializeTLS).
 */
export function servingModeOf({ serving }: Pick<KubeletFacts, "serving">): ServingMode | undefined {
  const { serverTLSBootstrap, tlsCertFile, tlsPrivateKeyFile } = serving;
  if (!serverTLSBootstrap.known || !tlsCertFile.known || !tlsPrivateKeyFile.known) return undefined;
  if (serverTLSBootstrap.value) return "bootstrap";
  const given = [tlsCertFile.value, tlsPrivateKeyFile.value].filter((path) => path !== "");
  if (given.length === 0) return "selfSigned";
  return given.length === 2 ? "provisioned" : undefined;
}

/** What a serving mode means to those who provide for it. */
export type ServingModeMeaning = {
  /** Who makes the serving certificate: the stack, the cluster's signer on request, or the kubelet itself. */
  readonly madeBy: "stack" | "signer" | "kubelet";
  /** Why a machine needs an IP address before it can be served; absent where it does not. */
  readonly needsAddress?: string;
};

/** What each serving mode means: a further mode does not compile before it says so here. */
export const servingModeMeaning: Readonly<Record<ServingMode, ServingModeMeaning>> = {
  provisioned: {
    madeBy: "stack",
    needsAddress: "its serving certificate would not name the address that kube-apiserver dials",
  },
  bootstrap: {
    madeBy: "signer",
    needsAddress: "a kubelet requests no serving certificate before its node has an IP address",
  },
  selfSigned: { madeBy: "kubelet" },
};
