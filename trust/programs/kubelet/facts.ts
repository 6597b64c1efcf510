/** From everything that a kubelet is started with to the facts that decide. */

import { type Flags, parseFlags } from "../../kubernetes/flags.ts";
import { isEnabled } from "../../kubernetes/gates.ts";
import { type KubeletTable, kubeletTable } from "../../kubernetes/tables.ts";
import { versionOf } from "../../kubernetes/version.ts";
import type { CommandLine, Word } from "../../readers/command-line.ts";
import {
  type KubeletConfigurationDocument,
  readConfigFile,
} from "../../readers/kubelet-configuration.ts";
import type { Fact, Source } from "../../words/fact.ts";
import { known, mapFact, unknown } from "../../words/fact.ts";
import type {
  HostFiles,
  Identity,
  KubeletFacts,
  KubeletServing,
  NodeAddress,
  NodeFacts,
  ServingRequest,
} from "../../words/facts.ts";
import { fileRefusalKind, startOf } from "../refusal.ts";
import { type Refusals, refusalsOf } from "../refusals.ts";
import { withoutSubject } from "../without-subject.ts";
import { kubeletIdentity } from "./identity.ts";
import { startDoubt } from "./listen.ts";
import { readFileError } from "./serving-certificate.ts";
import { type ConfigFileError, resolveSettings, type Settings } from "./settings.ts";
import { kubeletRefusal } from "./start.ts";

/** Everything that a kubelet is started with. Flags beat drop-ins, drop-ins beat the file, the file beats defaults. */
export type KubeletInputs = {
  readonly label: string;
  /** Kubernetes version, with or without the `v`. */
  readonly version: Fact<string>;
  /**
   * Absent for a kubelet that is known by its configuration alone: it is taken to have a kubeconfig, and no
   * other flag that decides.
   */
  readonly commandLine?: CommandLine;
  /** The content of `--config`, when it is at hand; else it is looked up in `files`. */
  readonly configuration?: KubeletConfigurationDocument;
  /** The `.conf` documents of `--config-dir`, in lexical order of their names. */
  readonly dropIns?: readonly KubeletConfigurationDocument[];
  /** Why the drop-ins are not known, where `--config-dir` is given: they may set whatever no flag sets. */
  readonly missingDropIns?: string;
  readonly node: NodeFacts;
  /** What becomes of its request for a serving certificate; needed only with `serverTLSBootstrap`. */
  readonly request: Fact<ServingRequest>;
  readonly files: HostFiles;
  /** Who the kubelet is to kube-apiserver. Default: the user of its kubeconfig, else `system:node:<name>` of `system:nodes`. */
  readonly identity?: Fact<Identity>;
  /** The moment that certificates on disk must be valid at. Default: now. */
  readonly at?: Date;
  readonly source?: Source;
};

const byConfigurationAlone: readonly Word[] = [{ kind: "text", text: "--kubeconfig=<kubeconfig>" }];
const defaultConfigPath = "/var/lib/kubelet/config.yaml";
const defaultCertDirectory = "/var/lib/kubelet/pki";

/**
 * Resolves what a kubelet was started with into the facts that decide; where it does not start, with everything that
 * stops it. Never throws.
 */
export function kubeletFacts(inputs: KubeletInputs): KubeletFacts {
  const { asGiven } = kubeletRefusals(inputs);
  return asGiven;
}

/** What keeps a kubelet from starting, and how it would behave if nothing did. Never throws. */
export function kubeletRefusals(inputs: KubeletInputs): Refusals<KubeletFacts> {
  return refusalsOf("kubelet", inputs, resolve, withoutSubject);
}

/** The facts, with the first refusal alone. */
function resolve(inputs: KubeletInputs): KubeletFacts {
  const table = kubeletTable(versionOf(inputs.version));
  const flags = parseFlags(inputs.commandLine?.words ?? byConfigurationAlone, table.flags);
  const settings = settingsOf(inputs, flags, table);
  const node = nodeOf(inputs.node, flags);
  const serving = servingOf(settings, flags, inputs.request);
  const reloads = isEnabled("ReloadKubeletServerCertificateFile", settings.gates, table.gates);
  const at = inputs.at ?? new Date();
  const started = {
    flags,
    settings,
    table,
    serving,
    node,
    files: inputs.files,
    reloads,
    at,
  };
  const refusal = kubeletRefusal(started);
  const doubt = refusal ? undefined : startDoubt(started);
  return {
    label: inputs.label,
    version: inputs.version,
    start: doubt ?? startOf("kubelet", inputs.version, refusal ? [refusal] : []),
    node,
    serving,
    authentication: {
      clientCAFile: text(settings, "authentication.x509.clientCAFile"),
      anonymous: boolean(settings, "authentication.anonymous.enabled"),
      webhook: boolean(settings, "authentication.webhook.enabled"),
      authorizationMode: text(settings, "authorization.mode"),
      address: text(settings, "address"),
      port: number(settings, "port"),
      readOnlyPort: number(settings, "readOnlyPort"),
      enableServer: boolean(settings, "enableServer"),
      enableDebuggingHandlers: boolean(settings, "enableDebuggingHandlers"),
    },
    featureGates: settings.get("featureGates").known
      ? known(effectiveGates(settings, table))
      : unknown("the kubelet's feature gates"),
    identity: inputs.identity ?? kubeletIdentity(flags, inputs.files, node.name),
    files: inputs.files,
    ...(inputs.source && { source: inputs.source }),
  };
}

/** Gates of a version where no setting changes one: of most kubelets, and some hundreds each. */
const defaultGates = new WeakMap<KubeletTable, Readonly<Record<string, boolean>>>();

function effectiveGates(
  { gates }: Settings,
  table: KubeletTable,
): Readonly<Record<string, boolean>> {
  const isDefault = Object.keys(gates).length === 0;
  const before = isDefault ? defaultGates.get(table) : undefined;
  if (before) return before;
  const effective = Object.fromEntries(
    Object.keys(table.gates).map((name) => [name, isEnabled(name, gates, table.gates)]),
  );
  if (isDefault) defaultGates.set(table, effective);
  return effective;
}

function settingsOf(inputs: KubeletInputs, flags: Flags, table: KubeletTable): Settings {
  const configFlag = flags.get("config");
  const given = configFlag.known && typeof configFlag.value === "string" ? configFlag.value : "";
  const directoryFlag = flags.get("config-dir");
  const directory =
    directoryFlag.known && typeof directoryFlag.value === "string" ? directoryFlag.value : "";
  const dropIns = inputs.dropIns ?? [];
  const file = fileOf(inputs, configFlag, given);
  const folder = directory === "" ? undefined : inputs.files(directory);
  return resolveSettings({
    flags,
    table,
    file: "error" in file ? known(undefined) : file,
    ...("error" in file && { fileError: file.error }),
    path: given === "" ? defaultConfigPath : given,
    dropIns:
      directory === "" && dropIns.length === 0
        ? undefined
        : dropIns.map((document) => ({ path: document.source.where, document })),
    dropInDirectory: directory,
    hasNoDirectory:
      dropIns.length === 0 && folder?.known === true && folder.value.kind === "missing",
  });
}

type ConfigurationFile =
  | Fact<KubeletConfigurationDocument | undefined>
  | { readonly error: ConfigFileError };

function fileOf(
  { configuration, missingDropIns, files }: KubeletInputs,
  flag: Fact<unknown>,
  path: string,
): ConfigurationFile {
  if (missingDropIns !== undefined) {
    return unknown(missingDropIns);
  }
  if (configuration) {
    return known(configuration);
  }
  if (!flag.known) {
    return flag;
  }
  if (path === "") {
    return known(undefined);
  }
  const file = files(path);
  if (!file.known) {
    return unknown(`the content of ${path}, which --config names`, flag.source);
  }
  const unread = readFileError(path, file.value);
  if (unread !== undefined) {
    const message = `failed to read kubelet config file ${JSON.stringify(path)}, error: ${unread}`;
    const kind = fileRefusalKind(file.value);
    return { error: { message, kind, ...(flag.source && { source: flag.source }) } };
  }
  const source = file.source ?? { where: path };
  const read = readConfigFile(file.value.kind === "text" ? file.value.text : "", {
    ...source,
    where: path,
  });
  return "document" in read
    ? known(read.document)
    : { error: { message: read.error, kind: "malformed-file", source: read.source } };
}

function nodeOf(given: NodeFacts, flags: Flags): NodeFacts {
  const node = withName(given, flags);
  const provider = flags.get("cloud-provider");
  // Without a cloud's controller the kubelet alone reports its name, whatever was said of it.
  return node.name.source?.key === "--hostname-override" &&
    node.name.known &&
    provider.known &&
    provider.value !== "external"
    ? { ...node, addresses: mapFact(node.addresses, renamed(node.name.value)) }
    : node;
}

function renamed(name: string) {
  return (addresses: readonly NodeAddress[]): readonly NodeAddress[] =>
    addresses.map((one) => (one.type === "Hostname" ? { ...one, address: name } : one));
}

function withName(node: NodeFacts, flags: Flags): NodeFacts {
  const override = flags.get("hostname-override");
  if (!override.known) {
    return { ...node, name: override };
  }
  if (typeof override.value === "string" && override.value.trim() !== "") {
    return { ...node, name: known(override.value.trim().toLowerCase(), override.source) };
  }
  return node.hostName.known
    ? { ...node, name: mapFact(node.hostName, (name) => name.trim().toLowerCase()) }
    : node;
}

function servingOf(
  settings: Settings,
  flags: Flags,
  request: Fact<ServingRequest>,
): KubeletServing {
  const directory = flags.get("cert-dir");
  return {
    serverTLSBootstrap: boolean(settings, "serverTLSBootstrap"),
    tlsCertFile: text(settings, "tlsCertFile"),
    tlsPrivateKeyFile: text(settings, "tlsPrivateKeyFile"),
    certDirectory: directory.known
      ? known(
          typeof directory.value === "string" ? directory.value : defaultCertDirectory,
          directory.source,
        )
      : directory,
    request,
  };
}

function text(settings: Settings, field: string): Fact<string> {
  return mapFact(settings.get(field), (value) => (typeof value === "string" ? value : ""));
}

function boolean(settings: Settings, field: string): Fact<boolean> {
  return mapFact(settings.get(field), (value) => value === true);
}

function number(settings: Settings, field: string): Fact<number> {
  return mapFact(settings.get(field), (value) => (typeof value === "number" ? value : 0));
}
