/** From everything that a kube-apiserver is started with to the facts that decide. */

import { type Flags, parseFlags } from "../../kubernetes/flags.ts";
import { programTable } from "../../kubernetes/tables.ts";
import { versionOf } from "../../kubernetes/version.ts";
import type { CommandLine } from "../../readers/command-line.ts";
import type { Fact, Source } from "../../words/fact.ts";
import { known, mapFact } from "../../words/fact.ts";
import type {
  ApiServerFacts,
  ApiServerKubeletAccess,
  HostFiles,
  RbacFacts,
  Start,
} from "../../words/facts.ts";
import { defaultPreferredAddressTypes } from "../../words/vocabulary.ts";
import { startRemedies } from "../start-remedies.ts";
import { apiServerRefusal } from "./start.ts";

/** Everything that a kube-apiserver is started with, as far as kubelets are concerned. */
export type ApiServerInputs = {
  readonly label: string;
  /** Kubernetes version, with or without the `v`. */
  readonly version: Fact<string>;
  readonly commandLine: CommandLine;
  readonly skip: ApiServerKubeletAccess["skip"];
  readonly rbac: Fact<RbacFacts>;
  readonly files: HostFiles;
  readonly source?: Source;
};

/** Resolves what a kube-apiserver was started with into the facts that decide. Never throws. */
export function apiServerFacts(inputs: ApiServerInputs): ApiServerFacts {
  const table = programTable("kube-apiserver", versionOf(inputs.version));
  const flags = parseFlags(inputs.commandLine.words, table.flags);
  const access: ApiServerKubeletAccess = {
    certificateAuthority: text(flags, "kubelet-certificate-authority"),
    clientCertificate: text(flags, "kubelet-client-certificate"),
    clientKey: text(flags, "kubelet-client-key"),
    preferredAddressTypes: list(
      flags,
      "kubelet-preferred-address-types",
      defaultPreferredAddressTypes,
    ),
    skip: inputs.skip,
  };
  const refusal = apiServerRefusal({ flags, table, access, files: inputs.files });
  const start: Start = refusal
    ? { starts: false, ...refusal, remedies: startRemedies("kube-apiserver", refusal.message) }
    : { starts: true };
  return {
    label: inputs.label,
    version: inputs.version,
    start: known(start, refusal?.source),
    access,
    authorizationModes: authorizationModes(flags),
    rbac: inputs.rbac,
    files: inputs.files,
    ...(inputs.source && { source: inputs.source }),
  };
}

/** Without the flag, `AlwaysAllow`; `--authorization-config` says it in a file of its own. */
function authorizationModes(flags: Flags): Fact<readonly string[]> {
  const configuration = flags.get("authorization-config");
  if (configuration.known && configuration.value !== undefined) {
    return {
      known: false,
      missing: "the authorizers of --authorization-config",
      ...(configuration.source && { source: configuration.source }),
    };
  }
  return list(flags, "authorization-mode", ["AlwaysAllow"]);
}

function text(flags: Flags, name: string): Fact<string> {
  return mapFact(flags.get(name), (value) => (typeof value === "string" ? value : ""));
}

function list(flags: Flags, name: string, otherwise: readonly string[]): Fact<readonly string[]> {
  return mapFact(flags.get(name), (value) =>
    Array.isArray(value) ? value.map((item: string) => item.trim()) : otherwise,
  );
}
