/** A cluster as the verdict needs it: its kube-apiservers with all facts, and whatever its kubelets share. */
import { type Fact, known, unknown } from "../trust/evidence.ts";
import type {
  ApiServerFacts,
  CertificateFacts,
  FileContent,
  HostFiles,
  NodeFacts,
  RbacFacts,
  ServingRequest,
} from "../trust/facts.ts";
import { kubeadmFiles, kubeadmPkiDirectory, kubeadmRbac } from "../trust/kubeadm-pki.ts";
import { type CommandLine, readArguments } from "../trust/readers/command-line.ts";
import { readPem } from "../trust/readers/pem.ts";
import { apiServerRefusals, type StopsStart } from "../trust/refusals.ts";
import { newestKnownVersion } from "../trust/vocabulary.ts";
import type { Config, DeclaredApiServer } from "./config.ts";
import type { Evidence, Found, FoundApiServer, FoundSigner } from "./evidence/index.ts";
import { flagValue } from "./evidence/programs.ts";
import type { Group, Pairing } from "./pairing.ts";

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
  readonly request: (node: NodeFacts, label: string) => Fact<ServingRequest>;
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
  const approver = evidence.approvers.some(isOwn) || isDeclared(config.approvers ?? [], group.name);
  return {
    key: group.key,
    name: group.name,
    version,
    files,
    apiServers: group.apiServers.map((found) => toApiServer(found, version, files, rbac)),
    request: requests(
      approver,
      signingFile(evidence.signers.filter(isOwn)),
      evidence.signers.find(isOwn)?.files ?? files,
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
  const approver = evidence.approvers.some(isOwn) || isDeclared(config.approvers ?? [], name);
  return {
    key,
    name,
    version,
    files,
    apiServers: declared.map((one) => fromDeclared(one, version, files, rbac)),
    request: requests(approver, known(`${kubeadmPkiDirectory}/ca.crt`), files),
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
    files: layered(found.files, files),
    source: found.source,
  });
  return { facts: asIfStarted, refusals, found };
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
  const ca = authorityOf([...apiServers, ...kubelets]);
  const made = kubeadmFiles({ cluster: key, version, ...(ca && { ca }) });
  return (path) => {
    const content = declared.get(path);
    return content ? known(content, { where: `policy configuration, files, ${path}` }) : made(path);
  };
}

/** The cluster's CA, if any machine has it where kubeadm puts it. */
function authorityOf(machines: readonly { readonly files?: HostFiles }[]): FileContent | undefined {
  for (const { files } of machines) {
    const file = files?.(`${kubeadmPkiDirectory}/ca.crt`);
    if (file?.known) return withCertificates(file.value);
  }
  return undefined;
}

function withCertificates(content: FileContent): FileContent {
  return content.kind === "text"
    ? {
        kind: "certificates",
        certificates: readPem(content.text, { where: `${kubeadmPkiDirectory}/ca.crt` })
          .certificates,
      }
    : content;
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

/**
 * The file of the CA that signs kubelet serving certificates; `undefined` when nobody signs them.
 * Source: kubernetes `cmd/kube-controller-manager/app/certificates.go` (getKubeletServingSignerFiles).
 */
function signingFile(signers: readonly FoundSigner[]): Fact<string | undefined> {
  const [signer] = signers;
  if (signer === undefined) return known(`${kubeadmPkiDirectory}/ca.crt`);
  const { commandLine } = signer;
  const own = flagValue(commandLine, "cluster-signing-kubelet-serving-cert-file");
  if (own !== undefined) return known(own, signer.source);
  if (hasPerSignerFlag(commandLine)) return known(undefined, signer.source);
  const shared = flagValue(commandLine, "cluster-signing-cert-file");
  const isOpen = commandLine.words.some((word) => word.kind === "unknownWords");
  return shared === undefined && isOpen
    ? unknown("all flags of kube-controller-manager", signer.source)
    : known(shared, signer.source);
}

function hasPerSignerFlag({ words }: CommandLine): boolean {
  return words.some(
    (word) =>
      word.kind === "text" &&
      /^--cluster-signing-(kubelet-client|kube-apiserver-client|legacy-unknown)-cert-file/.test(
        word.text,
      ),
  );
}

function requests(
  hasApprover: boolean,
  file: Fact<string | undefined>,
  files: HostFiles,
): Cluster["request"] {
  return (node, label) => {
    if (!hasApprover) return known({ state: "pending" });
    if (!file.known) return file;
    if (file.value === undefined) return known({ state: "neverIssued" }, file.source);
    const content = files(file.value);
    if (!content.known) return content;
    const ca = withCertificates(content.value);
    const [issuer] = ca.kind === "certificates" ? ca.certificates : [];
    return issuer === undefined
      ? unknown(`a certificate in ${file.value}, which signs what kubelets request`, file.source)
      : known({ state: "issued", chain: [requested(node, label, issuer)] });
  };
}

/** What a kubelet gets: every address of its node, for a year. It renews it itself. */
function requested(node: NodeFacts, label: string, issuer: CertificateFacts): CertificateFacts {
  const id = `requested:${label}`;
  const day = 86_400_000;
  const addresses = node.addresses.known ? node.addresses.value : undefined;
  return {
    ids: [id],
    label: `the serving certificate that ${label} requests`,
    subject: node.name.known
      ? known({ commonName: `system:node:${node.name.value}`, organizations: ["system:nodes"] })
      : node.name,
    // Where they are not known: they are the node's, whatever they are.
    dnsNames: known(addresses?.filter(isName).map(({ address }) => address) ?? [unknownName]),
    ipAddresses: known(
      addresses?.filter((one) => !isName(one)).map(({ address }) => address) ?? [unknownIp],
    ),
    extendedKeyUsages: known(["serverAuth"]),
    isCA: known(false),
    notBefore: known(new Date(Date.now() - day)),
    notAfter: known(new Date(Date.now() + 364 * day)),
    key: known({ ids: [`${id}:key`] }),
    signedBy: known({
      certificateIds: issuer.ids,
      ...(issuer.key.known && issuer.key.value.ids.length > 0 && { keyIds: issuer.key.value.ids }),
    }),
  };
}

function isName({ type }: { readonly type: string }): boolean {
  return !type.endsWith("IP");
}

/** As `trust/` writes what stands for the address and the name of a node that nobody knows. */
const unknownIp = "<node IP>";
const unknownName = "<node name>";
