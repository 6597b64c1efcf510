/**
 * What is run: everything, or a short choice with every serving mode under every stance and every symptom once.
 */
import type { ClientPlan } from "./client.ts";
import { authenticationVariants, clientVariants } from "./client-variants.ts";
import type { ServingPlan } from "./serving.ts";
import { addressTypes, stances } from "./stances.ts";
import { apiServerCases, controllerManagerCases, kubeletCases } from "./start-cases.ts";
import type { StartupPlan } from "./startup.ts";
import { otherVariants, selfSignedVariants } from "./variants.ts";

export type Plan = {
  readonly serving: ServingPlan;
  readonly client: ClientPlan;
  readonly startup: StartupPlan;
};

export const longPlan: Plan = {
  serving: { selfSigned: selfSignedVariants, others: otherVariants, stances, addressTypes },
  client: { kubelets: authenticationVariants, clients: clientVariants },
  startup: {
    kubelet: kubeletCases,
    apiserver: apiServerCases,
    controllerManager: controllerManagerCases,
  },
};

export const shortPlan: Plan = {
  serving: {
    selfSigned: named(selfSignedVariants, ["self", "self-no-dns"]),
    others: named(otherVariants, [
      "good",
      "dns-only",
      "expired",
      "client-use",
      "other-ca",
      "only-cert",
      "boot-issued",
      "boot-pending",
    ]),
    stances: named(stances, ["skip", "verify", "verify-and-collected"]),
    addressTypes: named(addressTypes, ["hostname", "kubeadm"]),
  },
  client: {
    kubelets: named(authenticationVariants, ["auth-webhook", "auth-open"]),
    clients: named(clientVariants, ["kubeadm", "none", "other-ca", "unbound"]),
  },
  startup: {
    kubelet: named(kubeletCases, [
      "baseline",
      "serverTLSBootstrap without its gate",
      "field of the wrong type",
      "certificate file missing",
      "flag allow-privileged",
      "flag network-plugin",
      "flag pod-infra-container-image",
      "gate RotateKubeletClientCertificate",
    ]),
    apiserver: named(apiServerCases, ["CA file missing", "CA file not PEM", "flag kubelet-https"]),
    controllerManager: named(controllerManagerCases, [
      "baseline",
      "a signer's certificate alone",
      "the shared pair beside a signer's own",
    ]),
  },
};

function named<T extends { readonly name: string }>(
  all: readonly T[],
  names: readonly string[],
): T[] {
  return names.map((name) => {
    const found = all.find((one) => one.name === name);
    if (found === undefined) throw new Error(`the matrix has no ${name}`);
    return found;
  });
}
