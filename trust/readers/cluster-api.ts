/**
 * Cluster API's kubeadm bootstrap and control plane providers.
 * Source: cluster-api `api/bootstrap/kubeadm/v1beta1`, `v1beta2` (KubeadmConfigSpec), `api/controlplane/kubeadm`,
 * `bootstrap/kubeadm/internal/controllers` (it fills in clusterName and kubernetesVersion).
 */
import { decodedContent } from "./cloud-init.ts";
import type { Given, GivenObject, ObjectFormat, Reading } from "./format.ts";
import { kubeadmPieces } from "./kubeadm-pieces.ts";
import { at, ofFile, underKey, unread } from "./origins.ts";
import type { Origin, Piece } from "./piece.ts";
import { soundsDeciding } from "./speaks.ts";
import { untold } from "./untold.ts";
import {
  asList,
  asObject,
  asText,
  type FieldPath,
  type Json,
  type JsonObject,
  valueAt,
  type YamlDocument,
} from "./yaml.ts";

/** Where each kind keeps its KubeadmConfigSpec. */
const specs: Readonly<Record<string, FieldPath>> = {
  KubeadmControlPlane: ["spec", "kubeadmConfigSpec"],
  KubeadmControlPlaneTemplate: ["spec", "template", "spec", "kubeadmConfigSpec"],
  KubeadmConfig: ["spec"],
  KubeadmConfigTemplate: ["spec", "template", "spec"],
};

export const clusterApi: ObjectFormat = {
  name: "Cluster API with kubeadm",
  about:
    "KubeadmControlPlane, KubeadmControlPlaneTemplate, KubeadmConfig, KubeadmConfigTemplate (v1beta1, v1beta2): kubeadm's documents, `files` in every encoding (patches of the KubeletConfiguration, static pods), `preKubeadmCommands` and `postKubeadmCommands`, Ignition; files from a Secret are said to be not read",
  recognises: ({ kind, apiVersion }) =>
    Object.hasOwn(specs, asText(kind) ?? "") &&
    (asText(apiVersion)?.includes("cluster.x-k8s.io/") ?? true),
  read: (object, origin, lineOf) => {
    const path = specs[asText(object.kind) ?? ""] ?? [];
    const spec = asObject(valueAt(object, path));
    if (!spec) {
      return {
        pieces: [unread(origin, `the kubeadm configuration of ${origin.source.where}`, true)],
        inner: [],
      };
    }
    return readSpec(spec, object, {
      origin: { ...origin, machine: origin.machine ?? origin.holder },
      lineOf: (field) => lineOf([...path, ...field]),
    });
  },
};

type Around = { readonly origin: Origin; readonly lineOf: YamlDocument["lineOf"] };

function readSpec(spec: JsonObject, object: JsonObject, around: Around): Reading {
  const { origin, lineOf } = around;
  const files = asList(spec.files).map((entry, index) =>
    readFile(asObject(entry) ?? {}, index, around),
  );
  const scripts = ["bootCommands", "preKubeadmCommands", "postKubeadmCommands"].flatMap(
    (key): Given[] => {
      const script = asList(spec[key]).map(String).join("\n");
      return script === ""
        ? []
        : [{ content: `#!/bin/sh\n${script}\n`, origin: underKey(origin, key) }];
    },
  );
  const additional = asText(
    valueAt(spec, ["ignition", "containerLinuxConfig", "additionalConfig"]),
  );
  return {
    pieces: [
      ...kubeadmPieces(documentsOf(spec, object, lineOf, origin), origin, {
        where: origin.source.where,
      }),
      ...files.flatMap(({ pieces }) => pieces),
    ],
    inner: [
      ...files.flatMap(({ inner }): (Given | GivenObject)[] => [...inner]),
      ...scripts,
      ...(additional === undefined
        ? []
        : [{ content: additional, origin: underKey(origin, "additionalConfig") }]),
    ],
  };
}

/** What kubeadm has as the provider's version has it. */
const versions: Readonly<Record<string, string>> = { v1beta1: "v1beta3", v1beta2: "v1beta4" };

/** Of a document that is not known no part is. */
function unknownParts(missing: Json): JsonObject {
  return { apiServer: missing, controllerManager: missing, nodeRegistration: missing };
}

/** kubeadm's documents, as the provider writes them for the first machine and for those that join. */
function documentsOf(
  spec: JsonObject,
  object: JsonObject,
  lineOf: YamlDocument["lineOf"],
  origin: Origin,
): YamlDocument[] {
  const version = asText(valueAt(object, ["spec", "version"]));
  // Maps and lists, as the provider's own version has them.
  const apiVersion = `kubeadm.k8s.io/${versions[/\w+$/.exec(asText(object.apiVersion) ?? "")?.[0] ?? ""] ?? ""}`;
  const isControlPlane = asText(object.kind)?.startsWith("KubeadmControlPlane") ?? false;
  const made: readonly (readonly [string, string, boolean])[] = [
    ["ClusterConfiguration", "clusterConfiguration", isControlPlane],
    ["InitConfiguration", "initConfiguration", isControlPlane],
    [
      "JoinConfiguration",
      "joinConfiguration",
      !isControlPlane && spec.initConfiguration === undefined,
    ],
  ];
  return made.flatMap(([kind, field, always]): YamlDocument[] => {
    const given = spec[field] ?? undefined;
    if (given === undefined && !always) return [];
    const written = given === undefined ? {} : (asObject(given) ?? unknownParts(given));
    const value: Record<string, Json> = { ...written, apiVersion, kind };
    if (kind === "ClusterConfiguration" && version !== undefined) {
      value.kubernetesVersion ??= version;
    }
    return [
      {
        value,
        source: { where: origin.source.where },
        lineOf: (path) => lineOf([field, ...path]),
      },
    ];
  });
}

function readFile(file: JsonObject, index: number, { origin, lineOf }: Around): Reading {
  const path = asText(file.path);
  if (path === undefined) return { pieces: [], inner: [] };
  const here = at(ofFile(origin, path), ["files", index], lineOf);
  const content = asText(file.content);
  if (content === undefined || content === "") {
    const pieces: Piece[] =
      file.contentFrom === undefined
        ? []
        : [
            unread(
              here,
              `the text of ${path}, which ${origin.source.where} takes from a Secret`,
              soundsDeciding(path) || /\/(manifests|patches)\//.test(path),
            ),
          ];
    return { pieces, inner: [] };
  }
  return {
    pieces: [],
    inner: [{ content: decodedContent(content, asText(file.encoding) ?? ""), origin: here }],
  };
}

/** ClusterResourceSets name ConfigMaps and Secrets, which are read wherever they stand. */
export const clusterResourceSet: ObjectFormat = {
  name: "ClusterResourceSet",
  about: "names ConfigMaps and Secrets, in which manifests are read wherever they stand",
  recognises: ({ kind }) => kind === "ClusterResourceSet" || kind === "ClusterResourceSetBinding",
  read: () => ({ pieces: [], inner: [] }),
};

const otherProviders =
  /^(RKE2|KThrees|K3s|Talos|K0s|MicroK8s|EKS|Kops|OCNE|Nutanix)?\w*(ControlPlane|ControlPlaneTemplate|ConfigTemplate|WorkerConfig|WorkerConfigTemplate|BootstrapConfig|Config)$/;

/** Providers other than kubeadm's: known by name. */
export const otherClusterApi: ObjectFormat = {
  name: "Cluster API with another bootstrap provider",
  status: "recognised",
  about:
    "RKE2ControlPlane, TalosControlPlane, K0sControlPlane, KThreesControlPlane, MicroK8sControlPlane and the like; a note where it says nothing of kubelets and kube-apiserver",
  recognises: ({ kind, apiVersion }) =>
    /^(bootstrap|controlplane)\.cluster\.x-k8s\.io\//.test(asText(apiVersion) ?? "") &&
    otherProviders.test(asText(kind) ?? ""),
  read: (object, origin) => ({
    pieces: [
      untold(
        object,
        origin,
        `what ${origin.source.where} makes of kubelets and kube-apiserver: of its bootstrap provider nothing is known`,
      ),
    ],
    inner: [],
  }),
};

/** ClusterClasses patch the templates that they name. */
export const clusterClass: ObjectFormat = {
  name: "ClusterClass",
  status: "recognised",
  about:
    "its templates are read where they stand; its patches are said to be not applied where they touch kubeadm's",
  recognises: ({ kind }) => kind === "ClusterClass",
  read: ({ spec }, origin) => {
    const patches = JSON.stringify(asObject(spec)?.patches ?? "");
    return {
      pieces: /kubeadm|kubelet|apiServer/i.test(patches)
        ? [unread(origin, `what the patches of ${origin.source.where} change`, true)]
        : [],
      inner: [],
    };
  },
};
