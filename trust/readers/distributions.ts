/**
 * Configuration of distributions of Kubernetes: their arguments for kubelet and kube-apiserver are read where they are
 * plain. What the distribution itself gives these programs is not known, and is said.
 * Sources: k3s `pkg/cli/cmds/{agent,server}.go`, `pkg/configfilearg`; rke `types/rke_types.go`; talos
 * `pkg/machinery/config/types/v1alpha1`; k0s `pkg/apis/k0s/v1beta1`.
 */
import type { ObjectFormat } from "./format.ts";
import { at, unread } from "./origins.ts";
import type { Piece } from "./piece.ts";
import type { Program } from "./program-names.ts";
import { programPiece } from "./program-pieces.ts";
import { untold } from "./untold.ts";
import { toWords } from "./word.ts";
import {
  asList,
  asObject,
  asText,
  type FieldPath,
  type Json,
  type JsonObject,
  valueAt,
} from "./yaml.ts";

/** Reads the programs' arguments at some places, each as a command line whose rest is unknown. */
function placesOf(
  name: string,
  places: readonly (readonly [Program, FieldPath])[],
): ObjectFormat["read"] {
  return (object, origin, lineOf) => {
    const machine = { ...origin, machine: origin.machine ?? origin.holder };
    const pieces = places.flatMap(([program, path]): readonly Piece[] => {
      const flags = flagsAt(valueAt(object, path));
      if (flags.length === 0) return [];
      const here = at(machine, path, lineOf);
      const words = [
        {
          kind: "unknownWords" as const,
          missing: `the flags that ${name} itself gives ${program}`,
          source: here.source,
        },
        ...toWords(flags, here.source),
      ];
      return programPiece({ program, words, source: here.source }, here);
    });
    const rest = unread(
      origin,
      `what ${name} makes of ${origin.source.where}: the flags that it gives kubelets and kube-apiserver itself are not known`,
      true,
    );
    return { pieces: [...pieces, rest], inner: [] };
  };
}

/** Maps (`name: value`, lists of values) and lists (`name=value`, `--name=value`) of arguments. */
function flagsAt(value: Json | undefined): string[] {
  const map = asObject(value);
  if (map) {
    return Object.entries(map).flatMap(([name, item]) =>
      (Array.isArray(item) ? asList(item) : [item]).map((one) => `--${name}=${String(one)}`),
    );
  }
  const list = typeof value === "string" ? [value] : asList(value);
  return list
    .filter((item): item is string => typeof item === "string")
    .map((item) => (item.startsWith("--") ? item : `--${item}`));
}

const k3sPlaces: readonly (readonly [Program, FieldPath])[] = (
  ["kubelet", "kube-apiserver", "kube-controller-manager"] as const
).flatMap((program) => [
  [program, [`${program}-arg`]] as const,
  [program, [`${program}-arg+`]] as const,
]);
const ofK3s = placesOf("k3s or RKE2", k3sPlaces);

/** Its own file, or one of the folder beside it. Source: k3s `pkg/configfilearg/defaultparser.go`. */
const k3sFile = /(?:^|\/)(?:k3s|rke2)\/config\.ya?ml(?:\.d\/[^/]*\.ya?ml)?$/;

/** Options that k3s and RKE2 have, and hardly anybody else. */
const k3sOptions = [
  "server",
  "token",
  "tls-san",
  "cluster-init",
  "node-ip",
  "node-name",
  "disable",
  "cni",
];

export const k3s: ObjectFormat = {
  name: "k3s and RKE2 configuration",
  about:
    "config.yaml with `kubelet-arg`, `kube-apiserver-arg`, `kube-controller-manager-arg`; what they add themselves is said to be unknown, in a note where nothing in it speaks of these programs",
  recognises: (object, { path, key }) =>
    object.kind === undefined &&
    (k3sPlaces.some(([, [name]]) => Object.hasOwn(object, String(name))) ||
      k3sFile.test(path ?? "") ||
      (/(rancher|k3s|rke2)\b/.test(path ?? key ?? "") &&
        k3sOptions.some((name) => Object.hasOwn(object, name)))),
  read: (object, origin, lineOf) => {
    const isSet = k3sPlaces.some(([, path]) => flagsAt(valueAt(object, path)).length > 0);
    if (isSet) return ofK3s(object, origin, lineOf);
    const missing = `what k3s or RKE2 makes of ${origin.source.where}`;
    return { pieces: [untold(withoutCredentials(object), origin, missing)], inner: [] };
  },
};

/** What a machine joins with sets nothing: an unknown one hides no setting. */
function withoutCredentials(object: JsonObject): JsonObject {
  const { server: _, token: __, "agent-token": ___, ...rest } = object;
  return rest;
}

const rkeFields = [
  "extra_args",
  "extra_args_array",
  "extra_binds",
  "generate_serving_certificate",
  "cluster_domain",
  "cluster_dns_server",
  "service_cluster_ip_range",
];

export const rke: ObjectFormat = {
  name: "RKE configuration",
  about:
    "cluster.yml: `services.kubelet.extra_args`, `services.kube-api.extra_args`; what RKE adds itself is said to be unknown",
  recognises: ({ kind, services }) =>
    kind === undefined &&
    ["kubelet", "kube-api"].some((name) => {
      const service = asObject(asObject(services)?.[name]);
      return service !== undefined && rkeFields.some((field) => Object.hasOwn(service, field));
    }),
  read: placesOf("RKE", [
    ["kubelet", ["services", "kubelet", "extra_args"]],
    ["kube-apiserver", ["services", "kube-api", "extra_args"]],
    ["kube-controller-manager", ["services", "kube-controller", "extra_args"]],
  ]),
};

export const talos: ObjectFormat = {
  name: "Talos machine configuration",
  about:
    "`machine.kubelet.extraArgs`, `cluster.apiServer.extraArgs`; `machine.kubelet.extraConfig` and what Talos adds itself are said to be unknown",
  recognises: ({ kind, machine, cluster }) =>
    kind === undefined &&
    ((asObject(asObject(machine)?.kubelet) ?? asText(asObject(machine)?.type)) !== undefined ||
      asObject(asObject(cluster)?.apiServer) !== undefined),
  read: placesOf("Talos", [
    ["kubelet", ["machine", "kubelet", "extraArgs"]],
    ["kube-apiserver", ["cluster", "apiServer", "extraArgs"]],
    ["kube-controller-manager", ["cluster", "controllerManager", "extraArgs"]],
  ]),
};

export const k0s: ObjectFormat = {
  name: "k0s configuration",
  about:
    "`spec.api.extraArgs`, also inside k0sctl's; `workerProfiles` and what k0s adds itself are said to be unknown",
  recognises: ({ apiVersion }) => /^k0s(ctl)?\.k0sproject\.io\//.test(asText(apiVersion) ?? ""),
  read: (object, origin, lineOf) => {
    const base: FieldPath =
      valueAt(object, ["spec", "k0s", "config"]) === undefined ? [] : ["spec", "k0s", "config"];
    const read = placesOf("k0s", [
      ["kube-apiserver", [...base, "spec", "api", "extraArgs"]],
      ["kube-controller-manager", [...base, "spec", "controllerManager", "extraArgs"]],
    ]);
    return read(object, origin, lineOf);
  },
};

const others: readonly (readonly [RegExp, string])[] = [
  [/^kops\.k8s\.io\//, "kops"],
  [/^microk8s\.canonical\.com\//, "microk8s"],
  [/^kubekey\.kubesphere\.io\//, "KubeKey"],
  [/^(node\.eks\.aws|eksctl\.io)\//, "EKS"],
  [
    /^(provisioning|management)\.cattle\.io\/\S+ \w*(?:Cluster|Template|TemplateRevision|Pool)$/,
    "Rancher",
  ],
  [/^machineconfiguration\.openshift\.io\//, "OpenShift"],
  [/^kind\.x-k8s\.io\//, "kind"],
  [/^kubeone\.(k8c\.io|io)\//, "KubeOne"],
  [/^kubelet\.config\.openshift\.io\//, "OpenShift"],
  [/^hypershift\.openshift\.io\/\S+ (?:HostedCluster|NodePool)$/, "OpenShift"],
  [/^kamaji\.clastix\.io\/\S+ TenantControlPlane$/, "Kamaji"],
];

function distributionOf(object: JsonObject): string | undefined {
  const named = `${asText(object.apiVersion) ?? ""} ${asText(object.kind) ?? ""}`;
  return others.find(([pattern]) => pattern.test(named))?.[1];
}

/** Distributions whose configuration is known by name alone. */
export const otherDistribution: ObjectFormat = {
  name: "configuration of another distribution",
  status: "recognised",
  about: `by its apiVersion: ${[...new Set(others.map(([, name]) => name))].join(", ")}; a note where it says nothing of kubelets and kube-apiserver`,
  recognises: (object) => distributionOf(object) !== undefined,
  read: (object, origin) => ({
    pieces: [
      untold(
        object,
        origin,
        `what ${distributionOf(object)} makes of ${origin.source.where}, whose configuration is not read`,
      ),
    ],
    inner: [],
  }),
};
