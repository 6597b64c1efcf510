/**
 * The answers of a matrix in the form of test/observed: four files whose words say what was set up, from which the
 * tests make it again without a lab.
 */
import type { Case, Reality } from "./case.ts";
import { authenticationVariants, clientVariants } from "./client-variants.ts";
import type { Run } from "./main.ts";
import type { ProbedKind } from "./probes.ts";
import type { SeenKubelet } from "./seen.ts";
import { addressTypes, stances } from "./stances.ts";
import { files, type StartCase, type StartCases, startCases } from "./start-cases.ts";
import { otherVariants, selfSignedVariants } from "./variants.ts";

/** Rows by file name, without `.jsonl`. */
export type Recorded = Readonly<Record<RecordedFile, readonly object[]>>;
export type RecordedFile = "serving-kubelets" | "serving" | "client" | "startup";

/**
 * Translates a run.
 *
 * @throws when the matrix has something that the words of test/observed do not cover.
 */
export function recorded({ version, cases, seen }: Omit<Run, "agreements">): Recorded {
  const kubelets = new Map(seen.map((one) => [one.variant, one]));
  const starts = startCases(version);
  const rows = cases
    .filter((one) => isSaid(one, starts))
    .map((one) => {
      const [part = "", ...about] = one.id.split("/");
      switch (part) {
        case "serving":
          return ["serving", servingRow(one, about, kubelets)] as const;
        case "client":
          return ["client", clientRow(one, about, kubelets)] as const;
        default:
          return ["startup", startupRow(one, about, starts)] as const;
      }
    });
  const of = (file: RecordedFile) => rows.flatMap(([name, row]) => (name === file ? [row] : []));
  return {
    "serving-kubelets": seen
      .filter(({ variant }) => servingVariants.has(variant) && !unsaidKubelets.has(variant))
      .map(servingKubelet),
    serving: of("serving"),
    client: of("client"),
    startup: of("startup"),
  };
}

/** Kubelets of the matrix that the words of test/observed do not tell: the matrix alone has them. */
const unsaidKubelets: ReadonlySet<string> = new Set([
  "self-ip",
  "names-permitted",
  "names-refused",
  "no-tokens",
  "kubeadm",
  "kubeadm-pair",
  "kubeadm-requested",
  "kubeadm-flag",
  "kubeadm-join",
  "kubeadm-join-requested",
  "kubeadm-join-flag",
  "listens-at-own",
  "listens-at-loopback",
  "other-port",
  "cloud-external",
  "dual",
  "dual-six-first",
  "dual-four-alone",
  "dual-requested",
  "auth-read-only",
  "auth-may-not-ask",
]);

/** What comes of flags that every kube-apiserver of the matrix has, and no row. */
const unsaidStarts: ReadonlySet<string> = new Set(["admission plugin on and off"]);

/** Client certificates likewise. */
const unsaidClients: ReadonlySet<string> = new Set(["chain-leaf", "names-refused", "names-none"]);

function isSaid({ id, part }: Case, starts: StartCases): boolean {
  const [, about = "", name = ""] = id.split("/");
  switch (part) {
    case "serving":
      return !unsaidKubelets.has(about);
    case "client":
      return !unsaidKubelets.has(about) && !unsaidClients.has(name);
    case "startup": {
      const found = Object.values(starts)
        .flat()
        .filter((one) => one.name === name);
      return (
        !unsaidStarts.has(name) &&
        found.every(({ dropIns, isBehindShell = false }) => !dropIns && !isBehindShell)
      );
    }
    default:
      return false;
  }
}

function byName<T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map((one) => [one.name, one]));
}

/** The value, or an error that names what has no words yet. */
function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`${what} has no words in lab/conformance/recorded.ts`);
  return value;
}

function answer(id: string, probe: string, { outcome, httpStatus, message }: Reality) {
  return { id, probe, outcome, httpStatus: httpStatus ?? null, message, notes: "" };
}

// Serving side --------------------------------------------------------------------------------------------

const servingVariants = byName([...selfSignedVariants, ...otherVariants]);

/** How a kubelet was set up, where its own description uses other words than test/observed. */
const modes: Readonly<Record<string, string>> = {
  "self-left-out": "self-signed by kubelet (NOT in the bundles)",
  "client-use": "provisioned, cluster CA, clientAuth EKU only",
  "not-yet": "provisioned, cluster CA, not yet valid",
  "same-name-ca": "provisioned by another CA of the same subject",
  "chain-leaf": "leaf signed by intermediate; file holds leaf only",
  chain: "leaf signed by intermediate; file holds leaf+intermediate",
  "boot-issued": "serverTLSBootstrap, CSR approved",
  "boot-flag": "--rotate-server-certificates, CSR approved",
  "boot-pending": "serverTLSBootstrap, CSR pending",
  "boot-denied": "serverTLSBootstrap, CSR denied",
};

function servingKubelet({ variant, node, address, hostName, served }: SeenKubelet) {
  const { says, flags = [], configuration = {} } = need(servingVariants.get(variant), variant);
  return {
    node,
    ip: address,
    mode: modes[variant] ?? says,
    host_name: hostName,
    flags,
    config: configuration,
    served,
    node_addresses: [`InternalIP=${address}`, `Hostname=${node}`],
  };
}

const bundles: Readonly<Record<string, string>> = {
  skip: "flag absent",
  verify: "cluster CA",
  collected: "kubelets' kubelet.crt as written (leaf + -ca issuer)",
  leaves: "only the leaf of each kubelet.crt",
  "verify-and-collected": "cluster CA + kubelet.crt files",
  other: "other CA",
  intermediate: "intermediate only",
  empty: "empty file",
};

function servingRow(
  { id, reality }: Case,
  [variant = "", server = ""]: readonly string[],
  kubelets: ReadonlyMap<string, SeenKubelet>,
) {
  const [stance = "", types = ""] = server.split("@");
  need(byName(stances).get(stance), stance);
  return {
    ...answer(id, "log", reality),
    kubelet: need(kubelets.get(variant), variant).node,
    kubeletCertificateAuthority: need(bundles[stance], stance),
    kubeletPreferredAddressTypes:
      need(byName(addressTypes).get(types), types).flag ?? "flag absent",
  };
}

// Client side ---------------------------------------------------------------------------------------------

type Authentication = {
  readonly clientCAFile: string;
  readonly anonymous?: boolean;
  readonly webhook_authn?: boolean;
  readonly authorization?: string;
  readonly enableDebuggingHandlers?: boolean;
};

const authentications: Readonly<Record<string, Authentication>> = {
  "auth-webhook": { clientCAFile: "cluster CA" },
  "auth-other-ca": { clientCAFile: "other CA" },
  "auth-both-cas": { clientCAFile: "cluster CA + other CA" },
  "auth-no-ca": { clientCAFile: "unset" },
  "auth-anonymous": { clientCAFile: "cluster CA", anonymous: true },
  "auth-anonymous-other": { clientCAFile: "other CA", anonymous: true },
  "auth-allow": { clientCAFile: "cluster CA", authorization: "AlwaysAllow" },
  "auth-allow-anonymous": {
    clientCAFile: "cluster CA",
    anonymous: true,
    authorization: "AlwaysAllow",
  },
  "auth-open": { clientCAFile: "unset", anonymous: true, authorization: "AlwaysAllow" },
  "auth-no-tokens": { clientCAFile: "cluster CA", webhook_authn: false },
  "auth-no-debugging": { clientCAFile: "cluster CA", enableDebuggingHandlers: false },
};

/** Client certificates; a user that RBAC speaks of by name is named. */
const clients: Readonly<Record<string, string>> = {
  kubeadm:
    "cluster CA, CN kube-apiserver-kubelet-client, no O; ClusterRoleBinding kubeadm -> system:kubelet-api-admin",
  masters: "cluster CA, O=system:masters",
  none: "neither flag",
  "no-key": "--kubelet-client-certificate without key",
  "no-cert": "--kubelet-client-key without certificate",
  "other-ca": "signed by another CA, O=system:masters",
  expired: "cluster CA, expired, O=system:masters",
  "server-use": "cluster CA, serverAuth EKU only, O=system:masters",
  "both-uses": "cluster CA, clientAuth+serverAuth EKU, O=system:masters",
  "empty-cn": "cluster CA, empty CN, O=system:masters",
  "only-proxy": "cluster CA, CN only-proxy; RBAC only get on nodes/proxy",
  "no-proxy":
    "cluster CA, CN no-proxy; RBAC get on nodes/log,metrics,stats,healthz,pods,configz, no nodes/proxy",
  unbound: "cluster CA, CN nobody, no O",
  chain: "intermediate-signed, file holds leaf+intermediate",
};

const probes: Readonly<Record<ProbedKind, string>> = {
  logs: "log",
  execWebSocket: "exec-ws",
  execSpdy: "exec-post",
  metrics: "metrics",
  stats: "stats",
  pods: "pods",
  healthz: "healthz",
  configz: "configz",
};

function clientRow(
  { id, reality }: Case,
  [variant = "", client = "", kind = ""]: readonly string[],
  kubelets: ReadonlyMap<string, SeenKubelet>,
) {
  need(byName(authenticationVariants).get(variant), variant);
  need(byName(clientVariants).get(client), client);
  const { node, address } = need(kubelets.get(variant), variant);
  return {
    ...answer(id, need(probes[kind as ProbedKind], kind), reality),
    kubelet: {
      node,
      ip: address,
      anonymous: false,
      webhook_authn: true,
      authorization: "Webhook",
      ...need(authentications[variant], variant),
    },
    kubeletClientCertificate: need(clients[client], client),
  };
}

// Start-up ------------------------------------------------------------------------------------------------

/** The files of the matrix, by the names that they have in test/observed. */
const fileNames: readonly (readonly [string, string])[] = [
  [`${files}/good.crt`, "/lab/pki/p3srv.crt"],
  [`${files}/good.key`, "/lab/pki/p3srv.key"],
  [`${files}/other.key`, "/lab/pki/p3mismatch.key"],
  [`${files}/empty.crt`, "/lab/cfg/empty.crt"],
  [`${files}/garbage.crt`, "/lab/cfg/garbage.crt"],
  [`${files}/junk.crt`, "/lab/cfg/caplusjunk.crt"],
  [`${files}/none`, "/nonexistent"],
  [files, "/lab/cfg/adir"],
  ["/etc/kubernetes/pki/ca", "/lab/pki/ca"],
  ["/var/lib/kubelet/config.yaml", "/lab/k/p3/config.yaml"],
];

function startupRow(
  { id, reality }: Case,
  [program = "", ...rest]: readonly string[],
  all: StartCases,
) {
  const name = rest.join("/");
  const started = { ...answer(id, "start", reality), kubelet: null, apiserver: null };
  const { httpStatus: _, ...row } = started;
  const about = (cases: readonly StartCase[]) => need(byName(cases).get(name), id);
  switch (program) {
    case "kubelet": {
      const { flags = [], configuration = null } = about(all.kubelet);
      const kubelet = { flags, config: configuration, config_flag: true, kubeconfig: true };
      return renamed({ ...row, kubelet });
    }
    case "kube-apiserver":
      return renamed({
        ...row,
        apiserver: { flags: about(all.apiserver).flags ?? [], client: null },
      });
    default: {
      const { flags = [] } = about(all.controllerManager);
      return renamed({ ...row, probe: ["start", program, ...flags].join(" ") });
    }
  }
}

function renamed<Row extends object>(row: Row): Row {
  const text = fileNames.reduce(
    (text, [from, to]) => text.replaceAll(from, to),
    JSON.stringify(row),
  );
  return JSON.parse(text) as Row;
}
