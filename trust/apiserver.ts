import type { Fact, Source } from "./evidence.ts";
import { unknown } from "./evidence.ts";
import type { ApiServerFacts, ApiServerKubeletAccess, HostFiles, RbacFacts } from "./facts.ts";
import type { CommandLine } from "./readers/command-line.ts";

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
  const unread = unknown("the apiserver's settings, which are not resolved yet");
  return {
    label: inputs.label,
    version: inputs.version,
    start: unread,
    access: {
      certificateAuthority: unread,
      clientCertificate: unread,
      clientKey: unread,
      preferredAddressTypes: unread,
      skip: inputs.skip,
    },
    authorizationModes: unread,
    rbac: inputs.rbac,
    files: inputs.files,
    ...(inputs.source && { source: inputs.source }),
  };
}
