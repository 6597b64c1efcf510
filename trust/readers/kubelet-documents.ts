/** KubeletConfigurations wherever they stand: as files, drop-ins, patches of kubeadm's, answers of configz. */
import type { Format, ObjectFormat, Reading } from "./format.ts";
import { kubeadmPieces } from "./kubeadm-pieces.ts";
import { kubeletConfigurationVersion } from "./kubelet-configuration.ts";
import { unread } from "./origins.ts";
import type { ConfigurationPiece, Origin } from "./piece.ts";
import { asObject, asText, type JsonObject, readYaml, valueAt, type YamlDocument } from "./yaml.ts";

/** `kubeletconfiguration0+strategic.json`; source: kubernetes `cmd/kubeadm/app/util/patches/patches.go`. */
const patchName = /(?:^|[/_])kubeletconfiguration[^/]*\.(ya?ml|json)$/;
/** `kube-apiserver0+merge.yaml`: a part of a static pod. */
const podPatchName =
  /(?:^|\/)(kube-apiserver|kube-controller-manager)[\w-]*(\+\w+)?\.(ya?ml|json)$/;

function nameOf({ path, key, holder }: Origin): string {
  return path ?? key ?? holder;
}

/** Fields that a KubeletConfiguration without its kind is known by. */
const telling = [
  "serverTLSBootstrap",
  "tlsCertFile",
  "tlsPrivateKeyFile",
  "staticPodPath",
  "clusterDNS",
  "rotateCertificates",
  "readOnlyPort",
  "enableDebuggingHandlers",
  "cgroupDriver",
  "authentication",
];

export const kubeletConfiguration: ObjectFormat = {
  name: "KubeletConfiguration",
  about: "a whole file, or a drop-in of `--config-dir` (`*.conf`)",
  recognises: ({ kind, apiVersion }) =>
    kind === "KubeletConfiguration" ||
    (asText(apiVersion)?.startsWith("kubelet.config.k8s.io/") ?? false),
  read: (value, origin, lineOf, text) => {
    if (value.kind !== "KubeletConfiguration") return notOne(value, origin);
    const name = nameOf(origin);
    const role = patchName.test(name)
      ? "kubeadm-patch"
      : /\.conf$/.test(name)
        ? "drop-in"
        : "whole";
    return one(value, origin, lineOf, role, text);
  },
};

/** The group has other kinds, which decide nothing; an object of none cannot be read. */
function notOne({ kind }: JsonObject, origin: Origin): Reading {
  if (typeof kind === "string" && /^[A-Z]\w+$/.test(kind)) return { pieces: [], inner: [] };
  return { pieces: [unread(origin, `the kind of ${origin.source.where}`, true)], inner: [] };
}

/** What the kubelet answers to `/configz`. */
export const configz: ObjectFormat = {
  name: "configz",
  about:
    'the answer of `kubectl get --raw /api/v1/nodes/NAME/proxy/configz`: `{"kubeletconfig": {...}}`',
  recognises: ({ kubeletconfig }) => asObject(kubeletconfig) !== undefined,
  read: ({ kubeletconfig }, origin, lineOf) =>
    one(
      {
        ...asObject(kubeletconfig),
        apiVersion: kubeletConfigurationVersion,
        kind: "KubeletConfiguration",
      },
      origin,
      (path) => lineOf(["kubeletconfig", ...path]),
      "whole",
    ),
};

/** A part of a KubeletConfiguration without kind, as kubeadm's `--patches` take it. */
export const kubeletPatch: ObjectFormat = {
  name: "kubeadm patch of the KubeletConfiguration",
  about:
    "a partial document without kind, by its name (`kubeletconfiguration0+strategic.json`) or by its fields",
  recognises: (object, origin) =>
    object.kind === undefined &&
    object.apiVersion === undefined &&
    (patchName.test(nameOf(origin)) ||
      telling.filter((field) => Object.hasOwn(object, field)).length >= 2 ||
      telling.slice(0, 3).some((field) => Object.hasOwn(object, field)) ||
      valueAt(object, ["authentication", "x509", "clientCAFile"]) !== undefined),
  read: (object, origin, lineOf) => one(object, origin, lineOf, "kubeadm-patch"),
};

function one(
  value: JsonObject,
  origin: Origin,
  lineOf: YamlDocument["lineOf"],
  role: ConfigurationPiece["role"],
  text?: string,
): Reading {
  const source = { where: origin.source.where };
  const document = { value, source, lineOf, ...(text !== undefined && { text }) };
  return { pieces: [{ kind: "kubelet-configuration", origin, role, document }], inner: [] };
}

/** Patches that are lists of operations, or parts of static pods: known by name, said to be not read. */
export const otherPatches: Format = {
  name: "kubeadm patch of another form",
  status: "recognised",
  about:
    "lists of JSON patch operations (`kubeletconfiguration+json.json`) and patches of kube-apiserver's and kube-controller-manager's static pods",
  recognises: (text, origin) => {
    const name = nameOf(origin);
    if (patchName.test(name)) return /^\s*(\[|- *op\b|- *["']?(op|path|value)\b)/.test(text);
    return podPatchName.test(name) && !/(^|[{,])\s*["']?kind["']?\s*:/m.test(text);
  },
  read: (text, origin) => {
    const { documents } = readYaml(text, origin.source);
    return documents.length === 0
      ? { pieces: [], inner: [] }
      : {
          pieces: [unread(origin, `what kubeadm's patch ${origin.source.where} changes`, true)],
          inner: [],
        };
  },
};

/** A single kubeadm document that was read already, e.g. a resource of a stack. */
export const kubeadmDocument: ObjectFormat = {
  name: "kubeadm configuration",
  about:
    "ClusterConfiguration, InitConfiguration, JoinConfiguration (v1beta3 and v1beta4), alone or several in one text, with the KubeletConfiguration beside them",
  recognises: ({ apiVersion }) => asText(apiVersion)?.startsWith("kubeadm.k8s.io/") ?? false,
  read: (value, origin, lineOf) => {
    const source = { where: origin.source.where };
    return { pieces: kubeadmPieces([{ value, source, lineOf }], origin, source), inner: [] };
  },
};
