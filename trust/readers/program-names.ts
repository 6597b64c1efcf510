/** The names under which the programs that decide are started. */

/** Programs whose command lines decide something. */
export const programs = ["kubelet", "kube-apiserver", "kube-controller-manager"] as const;
export type Program = (typeof programs)[number];

/** True for the programs that are looked for. */
export function isProgram(name: string): name is Program {
  return (programs as readonly string[]).includes(name);
}

/** `kubelet-1.30`, `kubelet-v1.37.2`, `kubelet_1.30`, `kubelet.v1.30`, `kubelet-amd64`, `kubelet.exe`, `kubelet.real`. */
const versioned =
  /^(kubelet|kube-apiserver|kube-controller-manager|hyperkube)(?:[-_.]?v?\d+(?:[._-]\w+)*|[-_.](?:amd64|arm64|arm|ppc64le|s390x|linux|real|bin|orig|wrapped))*(?:\.exe)?$/i;

/** The program's name without its folder, version, architecture and `.exe`; other names without their folder. */
export function baseName(path: string): string {
  const name = path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
  return name.length > 100 ? name : (versioned.exec(name)?.[1]?.toLowerCase() ?? name);
}

/** The program that an image is named after: `registry.example/kubelet-amd64:v1.37.2@sha256:...` is a kubelet's. */
export function imageName(image: string): string {
  return baseName((image.split("/").at(-1) ?? "").split(/[:@]/)[0] ?? "");
}

/** The names that hyperkube gave its parts. */
export const hyperkubeParts: Readonly<Record<string, Program>> = {
  kubelet: "kubelet",
  apiserver: "kube-apiserver",
  "kube-apiserver": "kube-apiserver",
  "controller-manager": "kube-controller-manager",
  "kube-controller-manager": "kube-controller-manager",
};
