/** A cluster as the verdict needs it: its kube-apiservers with all facts, and whatever its kubelets share. */

import { kubeadmFiles, kubeadmPkiDirectory, kubeadmRbac } from "../../trust/kubeadm/pki.ts";
import { newestKnownVersion } from "../../trust/kubernetes/version.ts";
import { apiServerRefusals } from "../../trust/programs/api-server/facts.ts";
import { readArguments } from "../../trust/readers/command-line.ts";
import { type Fact, known } from "../../trust/words/fact.ts";
import type {
  ApiServerFacts,
  FileContent,
  HostFiles,
  NodeFacts,
  RbacFacts,
  ServingRequest,
} from "../../trust/words/facts.ts";
import type { StopsStart } from "../../trust/words/refusal.ts";
import type { Config, DeclaredApiServer } from "../config.ts";
import { certificatesIn } from "../evidence/certificates.ts";
import type { Evidence, Found, FoundApiServer, FoundSigner } from "../evidence/index.ts";
import { flagValue } from "../evidence/programs.ts";
import type { Group, Pairing } from "./pairing.ts";
import { requests, signingFile } from "./requests.ts";

/** A kube-apiserver with all facts. */
export type ApiServer = {
  readonly facts: ApiServerFacts;
  readonly refusals: readonly StopsStart[];
  /** `undefined` for one that the configuration declares. */
  readonly found: FoundApiServer | undefined;
};

/** A cluster whose kubelets can be judged. */
export type Cluster = {
  readonly key: string;
  readonly name: string | undefined;
  readonly version: string;
  readonly apiServers: readonly ApiServer[];
  /** What stands where nobody described the files. */
  readonly files: HostFiles;
  /** What becomes of the request of a kubelet in mode `bootstrap`. */
  readonly request: (node: NodeFacts) => Fact<ServingRequest>;
};

/** The cluster of a group of kube-apiservers in the stack. */
export function clusterOf(
  group: Group,
  evidence: Evidence,
  pairing: Pairing,
  config: Config,
): Cluster {
  const isOwn = (found: Found) => {
    const place = pairing.placeOf(found);
    return place.in === "group" && place.group === group;
  };
  const version =
    group.apiServers.find((one) => one.version !== undefined)?.version ??
    config.kubernetesVersion ??
    newestKnownVersion;
  const files = clusterFiles(
    group.key,
    group.name,
    version,
    evidence.kubelets.filter(isOwn),
    config,
    group.apiServers,
  );
  const rbac = rbacOf(
    evidence.rbac.filter(isOwn).map((found) => found.rbac),
    group.apiServers.some(isOfKubeadm),
  );
  return {
    key: group.key,
    name: group.name,
    version,
    files,
    apiServers: group.apiServers.map((found) => toApiServer(found, version, files, rbac)),
    request: requests(
      evidence.approvers.filter(isOwn),
      isDeclared(config.approvers ?? [], group.name),
      signingFile(evidence.signers.filter(isOwn), version),
      filesOf(evidence.signers.find(isOwn), files),
    ),
  };
}

/** The cluster of a kube-apiserver that the configuration declares; `undefined` when it declares none. */
export function declaredCluster(
  name: string | undefined,
  evidence: Evidence,
  kubelets: readonly (Found & { readonly files?: HostFiles })[],
  config: Config,
): Cluster | undefined {
  const declared = (config.apiServers ?? []).filter((one) => one.cluster === name);
  if (declared.length === 0) return undefined;
  const key = `elsewhere:${name ?? ""}`;
  const version =
    declared.find((one) => one.kubernetesVersion)?.kubernetesVersion ??
    config.kubernetesVersion ??
    newestKnownVersion;
  const files = clusterFiles(key, name, version, kubelets, config, []);
  const isOwn = ({ membership }: Found) => name === undefined || membership.label === name;
  const rbac = rbacOf(
    evidence.rbac.filter(isOwn).map((found) => found.rbac),
    true,
  );
  return {
    key,
    name,
    version,
    files,
    apiServers: declared.map((one) => fromDeclared(one, version, files, rbac)),
    request: requests(
      evidence.approvers.filter(isOwn),
      isDeclared(config.approvers ?? [], name),
      known(`${kubeadmPkiDirectory}/ca.crt`),
      files,
    ),
  };
}

function isDeclared(approvers: readonly { cluster?: string }[], name: string | undefined): boolean {
  return approvers.some(({ cluster }) => cluster === undefined || cluster === name);
}

function fromDeclared(
  declared: DeclaredApiServer,
  version: string,
  files: HostFiles,
  rbac: RbacFacts,
): ApiServer {
  const source = {
    where: `policy configuration, apiServers of ${declared.cluster ?? "no named cluster"}`,
  };
  const [commandLine] = readArguments(["kube-apiserver", ...declared.flags], source).commandLines;
  const { refusals, asIfStarted } = apiServerRefusals({
    label: `kube-apiserver of ${declared.cluster ?? "another stack"}`,
    version: known(declared.kubernetesVersion ?? version),
    commandLine: commandLine ?? { program: "kube-apiserver", words: [], source },
    skip: known(
      declared.skipReason === undefined ? undefined : { reason: declared.skipReason },
      source,
    ),
    rbac: known(rbac),
    files,
    source,
  });
  return { facts: asIfStarted, refusals, found: undefined };
}

function toApiServer(
  found: FoundApiServer,
  version: string,
  files: HostFiles,
  rbac: RbacFacts,
): ApiServer {
  const { refusals, asIfStarted } = apiServerRefusals({
    label: found.label,
    version: known(found.version ?? version),
    commandLine: found.commandLine,
    skip: found.skip,
    rbac: known(rbac),
    files: layered(found.files ?? found.mounts, files),
    source: found.source,
  });
  return { facts: asIfStarted, refusals, found };
}

function filesOf(signer: FoundSigner | undefined, shared: HostFiles): HostFiles {
  return signer?.files ?? layered(signer?.mounts, shared);
}

/** What a machine's own files do not tell, the cluster's do. */
export function layered(own: HostFiles | undefined, shared: HostFiles): HostFiles {
  if (own === undefined) return shared;
  return (path) => {
    const content = own(path);
    if (content.known) return content;
    const other = shared(path);
    return other.known ? other : content;
  };
}

function clusterFiles(
  key: string,
  name: string | undefined,
  version: string,
  kubelets: readonly { readonly files?: HostFiles }[],
  config: Config,
  apiServers: readonly FoundApiServer[],
): HostFiles {
  const declared = new Map(
    (config.files ?? [])
      .filter(({ cluster }) => cluster === undefined || cluster === name)
      .map(({ path, pem }): [string, FileContent] => [path, { kind: "text", text: pem }]),
  );
  const ca = authorityOf(kubelets, apiServers);
  const made = kubeadmFiles({ cluster: key, version, ...(ca && { ca }) });
  return (path) => {
    const content = declared.get(path);
    return content ? known(content, { where: `policy configuration, files, ${path}` }) : made(path);
  };
}

/** The cluster's CA: where kubeadm puts it, else what a kube-apiserver in a container has as `--client-ca-file`. */
function authorityOf(
  kubelets: readonly { readonly files?: HostFiles }[],
  apiServers: readonly FoundApiServer[],
): FileContent | undefined {
  const path = `${kubeadmPkiDirectory}/ca.crt`;
  const files = [
    ...[...apiServers, ...kubelets].map((machine) => machine.files?.(path)),
    ...apiServers.flatMap(({ mounts, commandLine }) => [
      mounts?.(path),
      mounts?.(flagValue(commandLine, "client-ca-file") ?? path),
    ]),
  ];
  const file = files.find((one) => one?.known);
  if (!file?.known || file.value.kind !== "text") return file?.known ? file.value : undefined;
  return { kind: "certificates", certificates: certificatesIn(file.value, path) };
}

/** Whether kubeadm made this kube-apiserver, and so the RBAC that it needs. */
function isOfKubeadm({ byKubeadm, commandLine, files }: FoundApiServer): boolean {
  return (
    byKubeadm ||
    (files === undefined &&
      flagValue(commandLine, "kubelet-client-certificate") ===
        `${kubeadmPkiDirectory}/apiserver-kubelet-client.crt`)
  );
}

function rbacOf(found: readonly RbacFacts[], byKubeadm: boolean): RbacFacts {
  const all = byKubeadm ? [...found, kubeadmRbac] : found;
  return {
    roles: all.flatMap(({ roles }) => roles),
    bindings: all.flatMap(({ bindings }) => bindings),
  };
}
