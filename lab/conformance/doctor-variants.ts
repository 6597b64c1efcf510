/** Kubelets that the matrices do without, and that a cluster has which is not well. */
import { bootstrap, type KubeletVariant } from "./variants.ts";

/** They listen, or would. */
export const unwellVariants: readonly KubeletVariant[] = [
  {
    name: "server-off",
    says: "enableServer: false",
    configuration: { enableServer: false },
    isReachable: false,
  },
  {
    name: "boot-no-address",
    says: "serverTLSBootstrap, --cloud-provider=external and no cloud yet",
    flags: ["--cloud-provider=external"],
    addresses: () => [],
    configuration: bootstrap,
    request: "unasked",
  },
];

/** Their requests are approved, and nobody signs them. */
export const unsignedVariants: readonly KubeletVariant[] = [
  {
    name: "boot-unsigned",
    says: "serverTLSBootstrap, request approved, and nobody signs it",
    configuration: bootstrap,
    request: "neverIssued",
  },
];
