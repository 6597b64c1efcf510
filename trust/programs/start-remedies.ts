/** What would let a program start, told from the message it exits with. */
import type { Program } from "../readers/command-line.ts";

/** Remedies for a start-up message, most preferred first. */
export function startRemedies(program: Program, message: string): string[] {
  const flag = /unknown flag: (--[\w-]+)/.exec(message)?.[1];
  if (flag !== undefined) {
    return [
      `Remove ${flag} from the ${program}'s flags: this version does not know it.`,
      ...(Object.hasOwn(replacements, flag) ? [replacements[flag] ?? ""] : []),
    ];
  }
  const gate = /unrecognized feature gate: (\w+)/.exec(message)?.[1];
  if (gate !== undefined) {
    return [`Remove feature gate ${gate}: this version does not know it.`];
  }
  const locked = /cannot set feature gate (\w+)/.exec(message)?.[1];
  if (locked !== undefined) {
    return [`Remove feature gate ${locked}: this version has locked it to its default.`];
  }
  for (const [pattern, remedy] of byMessage) {
    if (pattern.test(message)) {
      return [remedy];
    }
  }
  return [`Correct the setting that the message names.`];
}

/** What took the place of flags that were removed. */
const replacements: Readonly<Record<string, string>> = {
  "--network-plugin": "Configure CNI in the container runtime.",
  "--cni-conf-dir": "Configure CNI in the container runtime.",
  "--cni-bin-dir": "Configure CNI in the container runtime.",
  "--container-runtime": "Set containerRuntimeEndpoint alone.",
  "--pod-infra-container-image": "Set the sandbox image in the container runtime's configuration.",
  "--kubelet-https": "kube-apiserver always calls kubelets by HTTPS.",
  "--dynamic-config-dir": "Write the settings into the file of --config.",
};

const byMessage: readonly (readonly [RegExp, string])[] = [
  [
    /requires feature gate RotateKubeletServerCertificate/,
    "Remove feature gate RotateKubeletServerCertificate=false, or serverTLSBootstrap.",
  ],
  [
    /certificate and key must be supplied as a pair/,
    "Remove the remaining half of the pair, so that the kubelet makes both anew, or supply the missing one.",
  ],
  [/private key does not match public key/, "Supply the key that belongs to the certificate."],
  [/no such file or directory/, "Put the file there, or name the right path."],
  [/is a directory/, "Name a file, not a directory."],
  [/permission denied/, "Let the program read the file."],
  [/missing content for/, "Fill the file: it is empty."],
  [/unknown authorization mode/, "Set authorization.mode to Webhook."],
  [
    /no client provided/,
    "Give the kubelet a --kubeconfig, or turn webhook authentication and authorization off.",
  ],
  [/cgroup v1/, "Run the machine with cgroup v2, or set failCgroupV1: false."],
  [/cannot unmarshal/, "Give the field a value of the type that the message names."],
];
