/** What would let a program start, by what it refuses. */
import { flagHistory, gateHistory, type History } from "../kubernetes/tables.ts";
import type { Program } from "../readers/command-line.ts";
import type { Refusal, RefusalKind, RefusalSubject } from "../words/refusal.ts";
import type { Change, Remedy, Side } from "../words/remedy.ts";

const sides: Readonly<Record<Program, Side>> = {
  kubelet: "kubelet",
  "kube-apiserver": "apiserver",
  "kube-controller-manager": "controller-manager",
};

/** Remedies for a refusal, most preferred first. */
export function startRemedies(program: Program, refusal: Refusal): readonly Remedy[] {
  const side = sides[program];
  const setting = settingOf(refusal.subject);
  const remedy = (text: string, ...changes: Change[]): Remedy => ({ side, setting, text, changes });
  const remove = { do: "remove", side, setting } as const;
  switch (refusal.kind) {
    case "unknown-flag": {
      const why = whyUnknown(flagHistory(program, setting.replace(/^--/, "").replaceAll("_", "-")));
      const instead = Object.hasOwn(replacements, setting) ? ` ${replacements[setting]}` : "";
      return [remedy(`Remove ${setting} from the ${program}'s flags: ${why}.${instead}`, remove)];
    }
    case "unknown-gate":
      return [
        remedy(
          `Remove feature gate ${gateOf(refusal)}: ${whyUnknown(gateHistory(program, gateOf(refusal)))}.`,
          remove,
        ),
      ];
    case "locked-gate":
      return [
        remedy(
          `Remove feature gate ${gateOf(refusal)}: this version has locked it to its default.`,
          remove,
        ),
      ];
    case "gate-dependency":
      return [
        remedy(
          `Remove feature gate ${gateOf(refusal)}, or turn on the gates that it depends on.`,
          remove,
        ),
      ];
    case "needs-gate":
      return [
        remedy("Remove feature gate RotateKubeletServerCertificate=false.", {
          ...remove,
          setting: "featureGates.RotateKubeletServerCertificate",
        }),
      ];
    case "unknown-plugin":
      return [
        remedy(
          `Remove the plugin that the message names from ${setting}: this version has none of that name.`,
          remove,
        ),
      ];
    case "built-in-cloud-provider":
      return [
        remedy(
          `Set ${setting}=external and run the provider's cloud controller manager, or remove the flag.`,
          { do: "set", side, setting, value: "external" },
        ),
      ];
    case "unknown-mode":
      return program === "kubelet"
        ? [
            remedy("Set authorization.mode to Webhook.", {
              do: "set",
              side,
              setting: "authorization.mode",
              value: "Webhook",
            }),
          ]
        : [
            remedy("Set --authorization-mode=Node,RBAC.", {
              do: "set",
              side,
              setting: "--authorization-mode",
              value: "Node,RBAC",
            }),
          ];
    case "no-kubeconfig":
      return [
        remedy("Give the kubelet a --kubeconfig: without one it can ask nobody who may call it.", {
          do: "set",
          side,
          setting: "--kubeconfig",
          value: "/etc/kubernetes/kubelet.conf",
        }),
      ];
    case "cgroup-v1":
      return [
        remedy("Run the machine with cgroup v2, or set failCgroupV1: false.", {
          do: "set",
          side,
          setting: "failCgroupV1",
          value: false,
        }),
      ];
    case "address-elsewhere":
      return [
        remedy(
          "Remove address: the kubelet then listens at every address of its machine. It is one machine's alone, where one file is every machine's.",
          remove,
        ),
      ];
    case "port-in-use":
      return [
        remedy("Set readOnlyPort: 0.", { do: "set", side, setting: "readOnlyPort", value: 0 }),
      ];
    case "missing-file":
    case "unreadable-file":
    case "not-a-file":
    case "empty-file":
    case "malformed-file":
    case "half-pair":
    case "mismatched-pair":
      return [remedy(fileTexts[refusal.kind], { do: "mendFile", side, setting })];
    default:
      return [remedy(otherTexts[refusal.kind](setting), ...(setting === "" ? [] : [remove]))];
  }
}

/** Why a version does not know a setting, as far as the tables of the others tell. */
function whyUnknown(history: History | undefined): string {
  if (history?.removedIn !== undefined) return `it was removed in 1.${history.removedIn}`;
  return history?.since === undefined
    ? "this version does not know it"
    : `it came with 1.${history.since}`;
}

function gateOf({ subject }: Refusal): string {
  return subject && "gate" in subject ? subject.gate : "";
}

/** A subject as a person would write it. */
function settingOf(subject: RefusalSubject | undefined): string {
  if (subject === undefined) return "";
  if ("flag" in subject) return `--${subject.flag}`;
  return "gate" in subject ? `featureGates.${subject.gate}` : subject.field;
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

const fileTexts = {
  "missing-file": "Put the file there, or name the right path.",
  "unreadable-file": "Let the program read the file.",
  "not-a-file": "Name a file, not a directory.",
  "empty-file": "Fill the file: it is empty.",
  "malformed-file": "Write the file anew: it does not hold what the program looks for in it.",
  "half-pair":
    "Remove the remaining half of the pair, so that the kubelet makes both anew, or supply the missing one.",
  "mismatched-pair": "Supply the key that belongs to the certificate.",
} as const;

type Others = Exclude<
  RefusalKind,
  | keyof typeof fileTexts
  | "unknown-flag"
  | "unknown-gate"
  | "locked-gate"
  | "gate-dependency"
  | "needs-gate"
  | "unknown-plugin"
  | "built-in-cloud-provider"
  | "unknown-mode"
  | "no-kubeconfig"
  | "cgroup-v1"
  | "address-elsewhere"
  | "port-in-use"
>;

const otherTexts: Readonly<Record<Others, (setting: string) => string>> = {
  "bad-flag-value": (setting) => `Give ${setting} a value of its type, or remove it.`,
  "unexpected-argument": () => "Remove the word that belongs to no flag.",
  "prints-and-exits": (setting) => `Remove ${setting}: with it the program does nothing else.`,
  "bad-gate-value": (setting) => `Give each gate of ${setting} true or false.`,
  "unknown-label": (setting) =>
    `Remove those labels from ${setting}, and let somebody else than the kubelet set them.`,
  "wrong-kind": () => "Give the document the apiVersion and kind that this file is for.",
  "wrong-type": (setting) => `Give ${setting} a value of the type that the message names.`,
  "invalid-value": (setting) => `Give ${setting} a value that the message allows, or remove it.`,
  "contradicting-flags": () => "Keep one of the flags that the message names.",
  "no-host-name": (setting) => `Remove ${setting}, or give it a name.`,
  "no-lock-file": (setting) => `Set --lock-file as well, or remove ${setting}.`,
};
