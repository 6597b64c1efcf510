import type { Fact, Source } from "./evidence.ts";
import { unknown } from "./evidence.ts";
import type { HostFiles, KubeletFacts, NodeFacts, ServingRequest } from "./facts.ts";
import type { CommandLine } from "./readers/command-line.ts";
import type { KubeletConfigurationDocument } from "./readers/kubelet-configuration.ts";

/** Everything that a kubelet is started with. Flags beat drop-ins, drop-ins beat the file, the file beats defaults. */
export type KubeletInputs = {
  readonly label: string;
  /** Kubernetes version, with or without the `v`. */
  readonly version: Fact<string>;
  readonly commandLine: CommandLine;
  /** The content of `--config`, when it is at hand; else it is looked up in `files`. */
  readonly configuration?: KubeletConfigurationDocument;
  /** The `.conf` documents of `--config-dir`, in lexical order of their names. */
  readonly dropIns?: readonly KubeletConfigurationDocument[];
  readonly node: NodeFacts;
  readonly request: Fact<ServingRequest>;
  readonly files: HostFiles;
  readonly source?: Source;
};

/** Resolves what a kubelet was started with into the facts that decide. Never throws. */
export function kubeletFacts(inputs: KubeletInputs): KubeletFacts {
  const unread = unknown("the kubelet's settings, which are not resolved yet");
  return {
    label: inputs.label,
    version: inputs.version,
    start: unread,
    node: inputs.node,
    serving: {
      serverTLSBootstrap: unread,
      tlsCertFile: unread,
      tlsPrivateKeyFile: unread,
      certDirectory: unread,
      request: inputs.request,
    },
    authentication: {
      clientCAFile: unread,
      anonymous: unread,
      webhook: unread,
      authorizationMode: unread,
      port: unread,
      readOnlyPort: unread,
      enableServer: unread,
      enableDebuggingHandlers: unread,
    },
    featureGates: unread,
    files: inputs.files,
    ...(inputs.source && { source: inputs.source }),
  };
}
