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
