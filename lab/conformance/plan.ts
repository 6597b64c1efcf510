/**
 * What is run: everything; a short choice, with every serving mode under every stance and every symptom once; or the
 * least that tells one Kubernetes version from another, with every serving mode verified and not.
 */
import { minorOf } from "../../trust/kubernetes/tables.ts";
import { newestKnownVersion } from "../../trust/kubernetes/version.ts";
import type { ClientPlan } from "./client.ts";
import { authenticationVariants, clientVariants } from "./client-variants.ts";
import { brokenPairs, unsignedVariants, unwellVariants } from "./doctor-variants.ts";
import { hangingPorts, type OddPort, promptPorts } from "./odd-ports.ts";
import type { ServingPlan } from "./serving.ts";
import { addressTypes, stances } from "./stances.ts";
import { startCases } from "./start-cases.ts";
import type { StartupPlan } from "./startup.ts";
import { otherVariants, selfSignedVariants } from "./variants.ts";

export type Plan = {
  readonly serving: ServingPlan;
  readonly client: ClientPlan;
  /** Whether metrics-server and Prometheus call the kubelets of the serving side too. */
  readonly hasCallers: boolean;
  readonly startup: StartupPlan;
  readonly doctor: {
    /** The kube-apiservers through which it is run, by their ids; none where it is not. */
    readonly ids: readonly string[];
    /** Ports that it is shown beside kubelets. */
    readonly ports: readonly OddPort[];
  };
};

/** What is run of a length, of a Kubernetes version. */
export function planOf(length: Length, version: string): Plan {
  return plans[length](version);
}

const plans = { long: longPlan, short: shortPlan, least: leastPlan, doctor: doctorPlan };

export type Length = keyof typeof plans;

/** The lengths, by the words that choose them. */
export const lengths = Object.keys(plans) as readonly Length[];

function longPlan(version: string): Plan {
  return {
    serving: {
      selfSigned: selfSignedVariants,
      others: otherVariants.filter(({ sinceMinor = 0 }) => minorOf(version) >= sinceMinor),
      unsigned: [],
      stances,
      addressTypes,
    },
    client: { kubelets: authenticationVariants, clients: clientVariants },
    // They are the same programs whatever the version of Kubernetes.
    hasCallers: version === newestKnownVersion,
    startup: startCases(version),
    doctor: noDoctor,
  };
}

const noDoctor: Plan["doctor"] = { ids: [], ports: [] };

function shortPlan(version: string): Plan {
  const { kubelet, apiserver, controllerManager } = startCases(version);
  return {
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
      unsigned: [],
      stances: named(stances, ["skip", "verify", "verify-and-collected"]),
      addressTypes: named(addressTypes, ["hostname", "kubeadm"]),
    },
    client: {
      kubelets: named(authenticationVariants, ["auth-webhook", "auth-open", "auth-may-not-ask"]),
      clients: [
        ...named(clientVariants, ["kubeadm", "none", "other-ca", "unbound"]),
        ...named(brokenPairs, ["another-key"]),
      ],
    },
    hasCallers: false,
    startup: {
      kubelet: named(kubelet, [
        "baseline",
        "serverTLSBootstrap without its gate",
        "field of the wrong type",
        "certificate file missing",
        "flag allow-privileged",
        "flag network-plugin",
        "flag pod-infra-container-image",
        "gate RotateKubeletClientCertificate",
      ]),
      apiserver: named(apiserver, ["CA file missing", "CA file not PEM", "flag kubelet-https"]),
      controllerManager: named(controllerManager, [
        "baseline",
        "a signer's certificate alone",
        "the shared pair beside a signer's own",
      ]),
    },
    doctor: {
      ids: [
        ...["verify@hostname", "verify@kubeadm", "kubeadm", "none"],
        ...["other-ca", "unbound", "another-key"],
      ],
      ports: promptPorts,
    },
  };
}

/** What versions answer differently: refusals of exec, half a serving pair, a CA file that is not there. */
function leastPlan(version: string): Plan {
  const { kubelet } = startCases(version);
  return {
    serving: {
      selfSigned: named(selfSignedVariants, ["self"]),
      others: named(otherVariants, ["good", "boot-issued", "boot-pending"]),
      unsigned: [],
      stances: named(stances, ["skip", "verify"]),
      addressTypes: named(addressTypes, ["kubeadm"]),
    },
    client: {
      kubelets: named(authenticationVariants, ["auth-webhook"]),
      clients: named(clientVariants, ["kubeadm", "none", "unbound"]),
    },
    hasCallers: false,
    startup: {
      kubelet: named(kubelet, ["baseline", "certificate file alone", "clientCAFile missing"]),
      apiserver: [],
      controllerManager: [],
    },
    doctor: noDoctor,
  };
}

/** Every symptom of a cluster that runs, once at least, with the doctor run on it. */
function doctorPlan(version: string): Plan {
  const all = longPlan(version);
  const serving = {
    selfSigned: named(selfSignedVariants, ["self", "self-no-dns"]),
    others: [
      ...named(otherVariants, [
        "good",
        "dns-only",
        "ip-only",
        "cn-only",
        "wrong-san",
        "client-use",
        "expired",
        "not-yet",
        "other-ca",
        "same-name-ca",
        "chain-leaf",
        ...(minorOf(version) >= 36 ? ["only-cert"] : []),
        "good-no-dns",
        "names-refused",
        "listens-at-loopback",
        "boot-issued",
        "boot-pending",
        "boot-denied",
      ]),
      ...unwellVariants,
    ],
    unsigned: unsignedVariants,
    stances: named(stances, ["skip", "verify"]),
    addressTypes: [
      ...named(addressTypes, ["hostname", "kubeadm"]),
      { name: "external", flag: "ExternalIP" },
    ],
  };
  const client = {
    kubelets: named(authenticationVariants, [
      "auth-webhook",
      "auth-other-ca",
      "auth-no-ca",
      "auth-anonymous",
      "auth-allow",
      "auth-open",
      "auth-may-not-ask",
      "auth-no-debugging",
    ]),
    clients: [...all.client.clients, ...brokenPairs],
  };
  return {
    serving,
    client,
    hasCallers: false,
    startup: { kubelet: [], apiserver: [], controllerManager: [] },
    doctor: {
      ids: [
        ...["verify@hostname", "verify@kubeadm", "verify@external", "skip@kubeadm"],
        ...client.clients.map(({ name }) => name),
      ],
      ports: [...promptPorts, ...hangingPorts],
    },
  };
}

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
