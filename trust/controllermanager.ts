/** kube-controller-manager: does it start, and by which CA does it sign kubelet serving certificates? */
import { commandLineRefusal, gatesRefusal } from "./apiserver/start.ts";
import type { Fact } from "./evidence.ts";
import { known } from "./evidence.ts";
import type { Start } from "./facts.ts";
import { parseFlags } from "./kubernetes/flags.ts";
import { startRemedies } from "./kubernetes/start-remedies.ts";
import { programTable } from "./kubernetes/tables.ts";
import { versionOf } from "./kubernetes/version.ts";
import type { CommandLine } from "./readers/command-line.ts";

/** Everything that a kube-controller-manager is started with, as far as kubelets are concerned. */
export type ControllerManagerInputs = {
  readonly label: string;
  /** Kubernetes version, with or without the `v`. */
  readonly version: Fact<string>;
  readonly commandLine: CommandLine;
};

export type ControllerManagerFacts = {
  readonly label: string;
  readonly start: Start;
  /**
   * Path of the CA that signs for kubernetes.io/kubelet-serving; undefined where no signer runs for it.
   * Source: kubernetes `cmd/kube-controller-manager/app/certificates.go`.
   */
  readonly kubeletServingSigner: Fact<string | undefined>;
};

const signers = [
  "kubelet-serving",
  "kubelet-client",
  "kube-apiserver-client",
  "legacy-unknown",
] as const;

/** Resolves what a kube-controller-manager was started with. Never throws. */
export function controllerManagerFacts(inputs: ControllerManagerInputs): ControllerManagerFacts {
  const program = "kube-controller-manager";
  const table = programTable(program, versionOf(inputs.version));
  const flags = parseFlags(inputs.commandLine.words, table.flags);
  const refusal = commandLineRefusal(program, flags) ?? gatesRefusal(flags, table);
  const file = (name: string): Fact<string> => {
    const value = flags.get(name);
    return value.known
      ? known(typeof value.value === "string" ? value.value : "", value.source)
      : value;
  };
  return {
    label: inputs.label,
    start: refusal
      ? { starts: false, ...refusal, remedies: startRemedies(program, refusal.message) }
      : { starts: true },
    kubeletServingSigner: servingSigner(file),
  };
}

/** Once any signer has files of its own, those without theirs do not run. */
function servingSigner(file: (name: string) => Fact<string>): Fact<string | undefined> {
  const own = file("cluster-signing-kubelet-serving-cert-file");
  const common = file("cluster-signing-cert-file");
  const specific = signers.map((name) => file(`cluster-signing-${name}-cert-file`));
  const unknownOne = [own, common, ...specific].find((fact) => !fact.known);
  if (unknownOne && !unknownOne.known) {
    return unknownOne;
  }
  if (own.known && own.value !== "") {
    return own;
  }
  const anySpecific = specific.some((fact) => fact.known && fact.value !== "");
  return anySpecific || !common.known || common.value === ""
    ? known(undefined)
    : known(common.value, common.source);
}
