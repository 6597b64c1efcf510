/** Which files of a machine a kubelet, kube-apiserver or kubeadm reads, whatever their flags say. */
import { posix } from "node:path";

/** Folders whose files programs of Kubernetes are started with. */
const folders = [
  "/etc/kubernetes",
  "/var/lib/kubelet",
  "/etc/rancher/k3s",
  "/etc/rancher/rke2",
  "/var/lib/rancher",
  "/var/snap/microk8s",
  "/etc/k0s",
  "/etc/eks",
  "/etc/systemd/system/kubelet.service.d",
];

/** Below those: what kubelets keep for themselves, what belongs to persons, and what other programs are told. */
const others =
  /\.kube(?:\/|$)|(?:^|\/)(?:super-)?admin\.conf$|(?:^|\/)s?bin(?:\/|$)|^\/var\/lib\/kubelet\/(?:pods|plugins|plugins_registry|device-plugins|pod-resources|seccomp|volumeplugins|checkpoints|config\.json$)|(?:^|\/)(?:registries|k3s|rke2)\.yaml$|^\/var\/lib\/rancher\/[^/]*\/(?:agent\/images|data)\b|^\/etc\/kubernetes\/(?:cni|addons|audit-policy|scheduler)\b/;

const file = /\.(?:ya?ml|json|conf|config|cfg|ini|env|service|crt|cert|pem|key|sh)$|\/\*$/;

/**
 * Whether a program of Kubernetes reads it without being told to: a file or a folder under one of their own folders, or
 * one that is named after them and is no program. Placeholders in a path stand for anything.
 */
export function isOfKubernetes(path: string): boolean {
  const normal = posix.normalize(path).replace(/(.)\/$/, "$1");
  if (others.test(normal)) return false;
  if (folders.some((folder) => normal === folder || normal.startsWith(`${folder}/`))) return true;
  return (
    /kube/i.test(normal) &&
    (file.test(normal) || /^\/etc\/(?:default|sysconfig|conf\.d|init\.d|systemd)\//.test(normal))
  );
}

/** Folders above those: whatever is unpacked or copied into one as a whole may bring such files. */
const above = new Set([
  "/",
  "/etc",
  "/etc/default",
  "/etc/sysconfig",
  "/etc/systemd",
  "/etc/systemd/system",
  "/usr/lib/systemd/system",
  "/lib/systemd/system",
  "/var",
  "/var/lib",
]);

/** Whether a folder has folders of Kubernetes in it. */
export function isAboveKubernetes(folder: string): boolean {
  return above.has(posix.normalize(folder).replace(/(.)\/$/, "$1"));
}

/** A path of which parts may not be known, as a pattern. */
function patternOf(path: string): RegExp {
  const parts = path.split(/(\$\{[^{}]*\}|\$\([^()]*\)|\$\w+|\{\{[^{}]*\}\}|\*|\?)/);
  const escaped = parts.map((part, at) =>
    at % 2 === 1 ? ".*" : part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"),
  );
  return new RegExp(`^${escaped.join("")}$`);
}

/** Whether what happens to `changed`, a file or a folder, may happen to the file or folder `path`. */
export function mayBeSame(changed: string, path: string): boolean {
  const [a, b] = [posix.normalize(changed), posix.normalize(path)].map((one) =>
    one.replace(/(.)\/$/, "$1"),
  ) as [string, string];
  if (a === b || b.startsWith(`${a}/`) || a.startsWith(`${b}/`)) return true;
  if (!a.startsWith("/") && !/[$*?{]/.test(a)) return posix.basename(b) === posix.basename(a);
  return /[$*?{]/.test(a) && a.length < 500 && patternOf(a).test(b);
}
