/** From everything that a kube-apiserver is started with to the facts that decide. */

import { type Flags, parseFlags } from "../../kubernetes/flags.ts";
import { programTable } from "../../kubernetes/tables.ts";
import { versionOf } from "../../kubernetes/version.ts";
import type { CommandLine } from "../../readers/command-line.ts";
import type { Fact, Source } from "../../words/fact.ts";
import { mapFact, unknown } from "../../words/fact.ts";
import type {
  ApiServerFacts,
  ApiServerKubeletAccess,
  HostFiles,
  RbacFacts,
} from "../../words/facts.ts";
import { defaultPreferredAddressTypes } from "../../words/vocabulary.ts";
import { startOf } from "../refusal.ts";
import { type Refusals, refusalsOf } from "../refusals.ts";
import { withoutSubject } from "../without-subject.ts";
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

/**
 * Resolves what a kube-apiserver was started with into the facts that decide; where it does not start, with everything
 * that stops it. Never throws.
 */
export function apiServerFacts(inputs: ApiServerInputs): ApiServerFacts {
  const { asGiven } = apiServerRefusals(inputs);
  return asGiven;
}

/** What keeps a kube-apiserver from starting, and how it would behave if nothing did. Never throws. */
export function apiServerRefusals(inputs: ApiServerInputs): Refusals<ApiServerFacts> {
  return refusalsOf<ApiServerInputs, ApiServerFacts>(
    "kube-apiserver",
    inputs,
    resolve,
    withoutSubject,
  );
}

/** The facts, with the first refusal alone. */
function resolve(inputs: ApiServerInputs): ApiServerFacts {
  const version = versionOf(inputs.version);
  const table = programTable("kube-apiserver", version);
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
  const refusal = apiServerRefusal({ flags, table, version, access, files: inputs.files });
  return {
    program: "kube-apiserver",
    label: inputs.label,
    version: inputs.version,
    start: startOf("kube-apiserver", inputs.version, refusal ? [refusal] : []),
    access,
    authorizationModes: authorizationModes(flags, inputs.source),
    takesAnonymous: takesAnonymous(flags),
    rbac: inputs.rbac,
    files: inputs.files,
    ...(inputs.source && { source: inputs.source }),
  };
}

/**
 * Without the flag, `AlwaysAllow`; `--authorization-config` says it in a file of its own. The default has a source only
 * where the flags are all of them: without `--etcd-servers` no kube-apiserver starts, so that somebody states some.
 * Source: kubernetes `pkg/kubeapiserver/options/authorization.go` (Complete).
 */
function authorizationModes(flags: Flags, whole: Source | undefined): Fact<readonly string[]> {
  const configuration = flags.get("authorization-config");
  if (configuration.known && configuration.value !== undefined) {
    return {
      known: false,
      missing: "the authorizers of --authorization-config",
      ...(configuration.source && { source: configuration.source }),
    };
  }
  const modes = list(flags, "authorization-mode", ["AlwaysAllow"]);
  const store = flags.get("etcd-servers");
  const isWhole = store.known && store.value !== undefined;
  return isWhole && whole && modes.known && modes.source === undefined
    ? { ...modes, source: whole }
    : modes;
}

/**
 * Without the flag, yes; not beside an authorizer that allows everything. `--authentication-config` may say otherwise.
 * Source: kubernetes `pkg/kubeapiserver/options/authentication.go` (ApplyAuthorization, ToAuthenticationConfig).
 */
function takesAnonymous(flags: Flags): Fact<boolean> {
  const configuration = flags.get("authentication-config");
  if (!configuration.known || configuration.value !== undefined) {
    return unknown("what --authentication-config says of anonymous requests");
  }
  return mapFact(flags.get("anonymous-auth"), (value) => value !== false);
}

function text(flags: Flags, name: string): Fact<string> {
  return mapFact(flags.get(name), (value) => (typeof value === "string" ? value : ""));
}

function list(flags: Flags, name: string, otherwise: readonly string[]): Fact<readonly string[]> {
  return mapFact(flags.get(name), (value) =>
    Array.isArray(value) ? value.map((item: string) => item.trim()) : otherwise,
  );
}
