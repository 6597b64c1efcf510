/** kube-controller-manager: does it start, and by which CA does it sign kubelet serving certificates? */

import { aggregateText, commandFailed } from "../../go/texts.ts";
import { parseFlags } from "../../kubernetes/flags.ts";
import { programTable } from "../../kubernetes/tables.ts";
import { versionOf } from "../../kubernetes/version.ts";
import type { CommandLine } from "../../readers/command-line.ts";
import type { Fact } from "../../words/fact.ts";
import { known } from "../../words/fact.ts";
import type { Start } from "../../words/facts.ts";
import { commandLineRefusal, gatesRefusal } from "../api-server/start.ts";
import type { Refusal } from "../kubelet/settings.ts";
import { startRemedies } from "../start-remedies.ts";

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

/** The signers by their flags `--cluster-signing-<name>-cert-file`, and as the program calls them when it complains. */
const signers = {
  "kubelet-serving": "cluster-signing-kubelet-serving",
  "kubelet-client": "cluster-signing-kube-apiserver-client",
  "kube-apiserver-client": "cluster-signing-kube-apiserver",
  "legacy-unknown": "cluster-signing-legacy-unknown",
} as const;

type Files = (name: string) => Fact<string>;

/** Resolves what a kube-controller-manager was started with. Never throws. */
export function controllerManagerFacts(inputs: ControllerManagerInputs): ControllerManagerFacts {
  const program = "kube-controller-manager";
  const table = programTable(program, versionOf(inputs.version));
  const flags = parseFlags(inputs.commandLine.words, table.flags);
  const file: Files = (name) => {
    const value = flags.get(name);
    return value.known
      ? known(typeof value.value === "string" ? value.value : "", value.source)
      : value;
  };
  const refusal =
    commandLineRefusal(program, flags) ?? gatesRefusal(flags, table) ?? signingRefusal(file);
  return {
    label: inputs.label,
    start: refusal
      ? { starts: false, ...refusal, remedies: startRemedies(program, refusal.message) }
      : { starts: true },
    kubeletServingSigner: servingSigner(file),
  };
}

/**
 * Half a pair, and the shared pair beside one of a signer's own.
 * Source: kubernetes `cmd/kube-controller-manager/app/options/csrsigningcontroller.go` (Validate).
 */
function signingRefusal(file: Files): Refusal | undefined {
  const given = (name: string) => {
    const fact = file(name);
    return fact.known && fact.value !== "" ? fact : undefined;
  };
  const pairs = Object.entries(signers).map(([name, called]) => ({
    called,
    cert: given(`cluster-signing-${name}-cert-file`),
    key: given(`cluster-signing-${name}-key-file`),
  }));
  const halves = pairs.filter(({ cert, key }) => (cert === undefined) !== (key === undefined));
  const shared = given("cluster-signing-cert-file") ?? given("cluster-signing-key-file");
  const own = pairs.map(({ cert, key }) => cert ?? key).find((one) => one !== undefined);
  const errors = [
    ...halves.map(({ called, cert }) =>
      cert
        ? `"${called}": cannot specify cert without key`
        : `"${called}": cannot specify key without cert`,
    ),
    ...(shared && own
      ? [
          "cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time",
        ]
      : []),
  ];
  const source = (halves[0]?.cert ?? halves[0]?.key ?? own)?.source;
  return errors.length === 0
    ? undefined
    : { message: commandFailed(aggregateText(errors)), ...(source && { source }) };
}

/** Once any signer has files of its own, those without theirs do not run; half of the shared pair is none. */
function servingSigner(file: Files): Fact<string | undefined> {
  const own = file("cluster-signing-kubelet-serving-cert-file");
  const shared = ["cert", "key"].map((half) => file(`cluster-signing-${half}-file`));
  const specific = Object.keys(signers).map((name) => file(`cluster-signing-${name}-cert-file`));
  const unknownOne = [own, ...shared, ...specific].find((fact) => !fact.known);
  if (unknownOne && !unknownOne.known) {
    return unknownOne;
  }
  if (own.known && own.value !== "") {
    return own;
  }
  const isGiven = (fact: Fact<string>) => fact.known && fact.value !== "";
  const [certificate] = shared;
  return specific.some(isGiven) || !shared.every(isGiven) || certificate === undefined
    ? known(undefined)
    : certificate;
}
