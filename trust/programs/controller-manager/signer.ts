/** kube-controller-manager: does it start, and by which CA does it sign kubelet serving certificates? */

import { quote } from "../../go/texts.ts";
import { type Flags, parseFlags } from "../../kubernetes/flags.ts";
import { programTable } from "../../kubernetes/tables.ts";
import { versionOf } from "../../kubernetes/version.ts";
import type { CommandLine } from "../../readers/command-line.ts";
import { readPem } from "../../readers/pem.ts";
import type { Fact } from "../../words/fact.ts";
import { known, mapFact, valueOr } from "../../words/fact.ts";
import type { FileContent, HostFiles } from "../../words/facts.ts";
import type { Refusal, Start } from "../../words/refusal.ts";
import { commandLineRefusal, gatesRefusal } from "../api-server/start.ts";
import { loadPair } from "../kubelet/serving-certificate.ts";
import {
  builtInProvider,
  failed,
  type OptionComplaint,
  optionsFailed,
  startOf,
} from "../refusal.ts";
import { type Refusals, refusalsOf } from "../refusals.ts";
import { withoutSubject } from "../without-subject.ts";

/** Everything that a kube-controller-manager is started with, as far as kubelets are concerned. */
export type ControllerManagerInputs = {
  readonly label: string;
  /** Kubernetes version, with or without the `v`. */
  readonly version: Fact<string>;
  readonly commandLine: CommandLine;
  /** The files of its machine. Default: all unknown. */
  readonly files?: HostFiles;
};

export type ControllerManagerFacts = {
  readonly label: string;
  readonly version: Fact<string>;
  readonly start: Fact<Start>;
  /**
   * Path of the CA that signs for kubernetes.io/kubelet-serving; undefined where no signer runs for it.
   * If any signer has its own --cluster-signing-*-file, the shared pair is ignored, and signers without their own do not
   * run. Source: kubernetes `cmd/kube-controller-manager/app/certificates.go`.
   */
  readonly kubeletServingSigner: Fact<string | undefined>;
};

type SignerName = "kubelet-serving" | "kubelet-client" | "kube-apiserver-client" | "legacy-unknown";

/**
 * The signers by their flags `--cluster-signing-<name>-cert-file`, in the order in which they are made; as the program
 * calls their flags when it complains, and their signer.
 */
const signers: Readonly<Record<SignerName, { readonly called: string; readonly signs: string }>> = {
  "kubelet-serving": { called: "cluster-signing-kubelet-serving", signs: "kubelet-serving" },
  "kubelet-client": {
    called: "cluster-signing-kube-apiserver-client",
    signs: "kube-apiserver-client-kubelet",
  },
  "kube-apiserver-client": {
    called: "cluster-signing-kube-apiserver",
    signs: "kube-apiserver-client",
  },
  "legacy-unknown": { called: "cluster-signing-legacy-unknown", signs: "legacy-unknown" },
};

type Files = (name: string) => Fact<string>;

/** What keeps a kube-controller-manager from starting. Never throws. */
export function controllerManagerRefusals(
  inputs: ControllerManagerInputs,
): Refusals<ControllerManagerFacts> {
  return refusalsOf<ControllerManagerInputs, ControllerManagerFacts>(
    "kube-controller-manager",
    inputs,
    resolve,
    withoutSubject,
  );
}

/** The facts, with the first refusal alone. */
function resolve(inputs: ControllerManagerInputs): ControllerManagerFacts {
  const program = "kube-controller-manager";
  const table = programTable(program, versionOf(inputs.version));
  const flags = parseFlags(inputs.commandLine.words, table.flags);
  const file: Files = (name) => {
    const value = flags.get(name);
    return value.known
      ? known(typeof value.value === "string" ? value.value : "", value.source)
      : value;
  };
  const isSigning = signs(flags);
  const refusal =
    commandLineRefusal(program, flags) ??
    gatesRefusal(flags, table) ??
    // Source: kubernetes `cmd/kube-controller-manager/app/options/options.go` (Validate).
    optionsFailed(flags, [...signingComplaints(file), ...providerComplaints(file)]) ??
    (valueOr(isSigning, false) ? signingFileRefusal(file, inputs.files) : undefined);
  return {
    label: inputs.label,
    version: inputs.version,
    start: startOf(program, inputs.version, refusal ? [refusal] : []),
    kubeletServingSigner:
      isSigning.known && isSigning.value
        ? servingSigner(file)
        : mapFact(isSigning, () => undefined),
  };
}

function providerComplaints(file: Files): OptionComplaint[] {
  const provider = file("cloud-provider");
  return !provider.known || ["", "external"].includes(provider.value)
    ? []
    : [
        {
          flag: "cloud-provider",
          error: builtInProvider(provider.value),
          kind: "built-in-cloud-provider",
        },
      ];
}

/**
 * Half a pair, and the shared pair beside one of a signer's own.
 * Source: kubernetes `cmd/kube-controller-manager/app/options/csrsigningcontroller.go` (Validate).
 */
function signingComplaints(file: Files): OptionComplaint[] {
  const given = (name: string) => {
    const fact = file(name);
    return fact.known && fact.value !== "" ? fact : undefined;
  };
  const pairs = Object.entries(signers).map(([name, { called }]) => ({
    name,
    called,
    cert: given(`cluster-signing-${name}-cert-file`),
    key: given(`cluster-signing-${name}-key-file`),
  }));
  const halves = pairs.filter(({ cert, key }) => (cert === undefined) !== (key === undefined));
  const shared = given("cluster-signing-cert-file") ?? given("cluster-signing-key-file");
  const isOwn = pairs.some(({ cert, key }) => cert ?? key);
  return [
    ...halves.map(({ name, called, cert }): OptionComplaint => {
      const [half, other] = cert ? ["cert", "key"] : ["key", "cert"];
      return {
        flag: `cluster-signing-${name}-${half}-file`,
        error: `"${called}": cannot specify ${half} without ${other}`,
        kind: "half-pair",
      };
    }),
    ...(shared && isOwn
      ? [
          {
            flag: given("cluster-signing-cert-file")
              ? "cluster-signing-cert-file"
              : "cluster-signing-key-file",
            error:
              "cannot specify --cluster-signing-{cert,key}-file and other --cluster-signing-*-file flags at the same time",
            kind: "contradicting-flags",
          } as const,
        ]
      : []),
  ];
}

/**
 * Whether the controller that signs is on: `--controllers` names it by its name or its alias, and `*` stands for what it
 * does not name. Unknown where the flag is.
 * Sources: k8s.io/controller-manager `app/helper.go` (IsControllerEnabled); kubernetes
 * `cmd/kube-controller-manager/app/certificates.go`.
 */
function signs(flags: Flags): Fact<boolean> {
  const names = ["certificatesigningrequest-signing-controller", "csrsigning"];
  return mapFact(flags.get("controllers"), (value) => {
    const given = Array.isArray(value) ? value : ["*"];
    const named = given.find((one: string) => names.includes(one.replace(/^-/, "")));
    return named === undefined ? given.includes("*") : !named.startsWith("-");
  });
}

/**
 * The pair of a signer that cannot be loaded. Each signer takes one certificate, no chain.
 * Source: kubernetes `pkg/controller/certificates/signer/ca_provider.go` (newCAProvider, setCA).
 */
function signingFileRefusal(file: Files, files: HostFiles | undefined): Refusal | undefined {
  if (files === undefined) return undefined;
  const pair = (prefix: string) =>
    [file(`${prefix}-cert-file`), file(`${prefix}-key-file`)] as const;
  const shared = pair("cluster-signing");
  for (const [name, { signs }] of Object.entries(signers)) {
    const own = pair(`cluster-signing-${name}`);
    const isOwn = own.some((one) => one.known && one.value !== "");
    const [cert, key] = isOwn ? own : shared;
    if (!cert.known || !key.known || cert.value === "" || key.value === "") continue;
    const loaded = loadPair(cert.value, key.value, files);
    if (!loaded.known) continue;
    const prefix = `failed to init kubernetes.io/${signs} certificate controller: error reading CA cert file`;
    const loader = `csr-controller::${cert.value}::${key.value}`;
    const flag = isOwn ? `cluster-signing-${name}-cert-file` : "cluster-signing-cert-file";
    if ("error" in loaded.value) {
      const { stage, error, fault } = loaded.value;
      const said = stage === "empty" ? `missing content for serving cert ${quote(loader)}` : error;
      return failed(`${prefix} ${quote(cert.value)}: ${said}`, fault, { flag }, cert.source);
    }
    const count = certificateCount(files(cert.value));
    if (count > 1) {
      return failed(
        `${prefix} ${quote(loader)}: expected 1 certificate, found ${count}`,
        "malformed-file",
        { flag },
        cert.source,
      );
    }
  }
  return undefined;
}

/** How many certificates a file holds for certain; known by its identity alone, it may hold any number. */
function certificateCount(file: Fact<FileContent>): number {
  return file.known && file.value.kind === "text"
    ? readPem(file.value.text, { where: "" }).certificates.length
    : 0;
}

/** Half of the shared pair is none. */
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
