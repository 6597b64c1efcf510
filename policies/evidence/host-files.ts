/**
 * Host-files Secrets: the exact files of one machine, as our HostFiles component makes them. What their data says is
 * read when it is known; at the first preview it is unknown as a whole, and what the component registered beside it
 * (flags, configuration, and the certificates of its siblings) stands in.
 */

import { posix } from "node:path";
import { isDeepStrictEqual } from "node:util";
import {
  addressesAnnotation,
  certificateNames,
  certificateOf,
  fileListKey,
  hostFilesOutputs,
  hostFilesSecretType,
  keyOf,
  kubeletAccessOutputs,
  kubernetesVersionAnnotation,
  machineLabel,
  paths,
  readAddresses,
  readFileList,
  tokens,
} from "../../trust/contract.ts";
import { type CommandLine, readArguments } from "../../trust/readers/command-line.ts";
import { readKubeadm } from "../../trust/readers/kubeadm.ts";
import { withLines } from "../../trust/readers/lines.ts";
import type { Piece, ProgramPiece, UnreadPiece } from "../../trust/readers/piece.ts";
import { readPod } from "../../trust/readers/pod.ts";
import { readSystemdUnit } from "../../trust/readers/systemd-unit.ts";
import { asList, asObject, type Json, readYaml } from "../../trust/readers/yaml.ts";
import { type Fact, known, type Source, unknown, valueOr } from "../../trust/words/fact.ts";
import type {
  CertificateFacts,
  FileContent,
  HostFiles,
  NodeAddress,
} from "../../trust/words/facts.ts";
import { groupBy } from "../../trust/words/group-by.ts";
import { describe, field, type Resource, type Stack, text } from "../stack/resource.ts";
import { type Certificates, certificatesOf, contentOf, makesCertificate } from "./certificates.ts";
import type { Reader } from "./evidence.ts";
import { type Entry, entriesOf, kindOf, originOf } from "./kubernetes.ts";
import { annotationsOf, isOtherStance, stancesFor } from "./registered-stance.ts";

/** Reads the machines that host-files Secrets are for. */
export const readHostFiles: Reader = (stack) => {
  const secrets = stack.resources.filter(
    (resource) => kindOf(resource) === "Secret" && text(resource, "type") === hostFilesSecretType,
  );
  const siblings = readSiblings(stack);
  return {
    pieces: [
      ...secrets.flatMap((secret) => readMachine(stack, secret)),
      ...withoutSecret(stack, secrets),
      ...siblings.pieces,
    ],
    claims: [...secrets.map(({ urn }) => urn), ...siblings.claims],
  };
};

/** Machines that a component registered, and whose Secret is not one any more: something has changed it. */
function withoutSecret(stack: Stack, secrets: readonly Resource[]): Piece[] {
  const found = new Set(
    secrets.map((secret) => `${stack.ancestorsOf(secret)[0]?.urn} ${machineOf(secret)}`),
  );
  return stack.resources
    .filter(({ type }) => type === tokens.hostFiles)
    .flatMap((owner) => {
      const flags = field(owner, hostFilesOutputs.kubeletFlags);
      const machines = Object.keys(asObject(valueOr(flags, undefined)) ?? {});
      return machines
        .filter((machine) => !found.has(`${owner.urn} ${machine}`))
        .map((machine) =>
          differing(stack, owner, `the Secret with the files of ${machine} of ${describe(owner)}`),
        );
    });
}

/** What is deployed is not what a component of ours registered: neither is taken for the truth in silence. */
function differing(stack: Stack, resource: Resource, missing: string): UnreadPiece {
  return { kind: "unread", origin: originOf(stack, resource), missing, deciding: true };
}

/**
 * The ConfigMaps of our own components that say again what the machines' files say. One that says something else is
 * read like any other, and the difference is said.
 */
function readSiblings(stack: Stack): { readonly claims: string[]; readonly pieces: Piece[] } {
  const claims: string[] = [];
  const pieces: Piece[] = [];
  const owners = new Set(
    stack.resources.filter(({ type }) => type === tokens.hostFiles).map((one) => one.parentUrn),
  );
  for (const above of owners) {
    const siblings = stack.childrenOf(above ?? "");
    const registered = siblings
      .filter(({ type }) => type === tokens.hostFiles)
      .map((owner) => text(owner, hostFilesOutputs.kubelet));
    for (const sibling of siblings) {
      for (const child of stack.childrenOf(sibling.urn)) {
        if (kindOf(child) !== "ConfigMap") continue;
        const isSaid =
          sibling.type === tokens.kubeletConfigMap
            ? entriesOf(child).every(({ text: own }) => own.known && registered.includes(own.value))
            : sibling.type === tokens.apiServerKubeletAccess && repeats(child, sibling);
        const isOther =
          sibling.type === tokens.apiServerKubeletAccess &&
          isOtherStance(sibling, annotationsOf(child));
        if (isOther) {
          pieces.push(differing(stack, child, otherStance(describe(child), sibling)));
        }
        if (isSaid && !isOther) {
          claims.push(child.urn);
        } else if (
          !isSaid &&
          (sibling.type === tokens.kubeletConfigMap ||
            sibling.type === tokens.apiServerKubeletAccess)
        ) {
          const what = `why ${describe(child)} differs from what ${describe(sibling)} registered`;
          pieces.push(differing(stack, child, what));
        }
      }
    }
  }
  return { claims, pieces };
}

/** Whether kubeadm's ConfigMap gives kube-apiserver the flags that the component registered, and no other. */
function repeats(configMap: Resource, access: Resource): boolean {
  const flags = asList(valueOr(field(access, kubeletAccessOutputs.flags), undefined));
  return entriesOf(configMap).every(({ text: own, source }) => {
    if (!own.known) return false;
    const { apiServer } = readKubeadm(own.value, source);
    const given = (apiServer?.words ?? []).flatMap((word) =>
      word.kind === "text" && /^--kubelet-/.test(word.text) ? [word.text] : [],
    );
    return apiServer === undefined || isDeepStrictEqual(given.sort(), flags.map(String).sort());
  });
}

/** What one machine starts, and the files it has. */
type Machine = {
  readonly kubelet: CommandLine | undefined;
  readonly apiServer: CommandLine | undefined;
  readonly signer: CommandLine | undefined;
  readonly annotations: Readonly<Record<string, string>>;
  readonly files: HostFiles;
};

function machineOf(secret: Resource): string {
  return text(secret, "metadata", "labels", machineLabel) ?? secret.name;
}

function readMachine(stack: Stack, secret: Resource): Piece[] {
  const where = describe(secret);
  const name = machineOf(secret);
  const version = text(secret, "metadata", "annotations", kubernetesVersionAnnotation);
  const registered = fromComponent(stack, secret, name);
  const deployed = fromData(stack, secret);
  const machine = deployed ?? registered;
  const origin = { ...originOf(stack, secret), machine: secret.urn, secret: true };
  if (machine === undefined) {
    const missing = `the files of ${where}, which are not known yet`;
    return [{ kind: "unread", origin, missing, deciding: true }];
  }
  const { source } = origin;
  const common = { ...(version !== undefined && { version }), files: machine.files };
  const program = (
    commandLine: CommandLine | undefined,
    label: string,
    more: Partial<ProgramPiece> = {},
  ): ProgramPiece[] =>
    commandLine === undefined
      ? []
      : [
          {
            kind: "program",
            origin: { ...origin, annotations: machine.annotations },
            commandLine,
            label,
            ...common,
            ...more,
          },
        ];
  return [
    ...program(machine.kubelet, name, {
      hostName: known(name, source),
      addresses: addressesOf(secret, source),
    }),
    ...program(machine.apiServer, `kube-apiserver of ${name}`),
    ...program(machine.signer, `kube-controller-manager of ${name}`),
    ...(registered && deployed
      ? differences(deployed, registered).map((what) =>
          differing(
            stack,
            secret,
            `why ${what} of ${where} differs from what its component registered`,
          ),
        )
      : []),
    ...otherStances(stack, secret, machine, deployed),
  ];
}

/** A skip that a transform has put on a Secret, or taken from it; and on the static pod in it, once that is known. */
function otherStances(
  stack: Stack,
  secret: Resource,
  { apiServer }: Machine,
  deployed: Machine | undefined,
): Piece[] {
  const [owner] = stack.ancestorsOf(secret);
  if (owner?.type !== tokens.hostFiles || apiServer === undefined) return [];
  const where = describe(secret);
  const said: (readonly [string, Readonly<Record<string, string>> | undefined])[] = [
    [where, annotationsOf(secret)],
    ...(deployed?.apiServer ? [[`kube-apiserver in ${where}`, deployed.annotations] as const] : []),
  ];
  return stancesFor(stack, owner).flatMap((access) =>
    said
      .filter(([, annotations]) => isOtherStance(access, annotations))
      .map(([carrier]) => differing(stack, secret, otherStance(carrier, access))),
  );
}

function otherStance(carrier: string, access: Resource): string {
  return `why what ${carrier} says of verification differs from what ${describe(access)} registered`;
}

function differences(deployed: Machine, registered: Machine): string[] {
  const words = (line: CommandLine | undefined) =>
    line?.words.map((word) => (word.kind === "text" ? word.text : word.missing)).join(" ");
  const programs = ["kubelet", "apiServer", "signer"] as const;
  const names = {
    kubelet: "kubelet",
    apiServer: "kube-apiserver",
    signer: "kube-controller-manager",
  };
  const configuration = ({ files }: Machine) => {
    const file = files(paths.kubeletConfiguration);
    return file.known && file.value.kind === "text" ? file.value.text : undefined;
  };
  return [
    ...programs
      .filter((program) => words(deployed[program]) !== words(registered[program]))
      .map((program) => `the command line of ${names[program]}`),
    ...(configuration(registered) !== undefined &&
    configuration(deployed) !== configuration(registered)
      ? ["the KubeletConfiguration"]
      : []),
  ];
}

/** `InternalIP=10.240.0.11,Hostname=worker-0` */
function addressesOf(secret: Resource, source: Source): Fact<readonly NodeAddress[]> {
  const written = text(secret, "metadata", "annotations", addressesAnnotation);
  if (written === undefined) {
    return unknown(`the annotation ${addressesAnnotation} of ${source.where}`, source);
  }
  const addresses = readAddresses(written);
  return typeof addresses === "string"
    ? unknown(
        `the annotation ${addressesAnnotation} of ${source.where}, which has ${JSON.stringify(addresses)}`,
        source,
      )
    : known(addresses, { ...source, key: addressesAnnotation });
}

// From the Secret's data ----------------------------------------------------------------------------------

function fromData(stack: Stack, secret: Resource): Machine | undefined {
  const entries = new Map(entriesOf(secret).map((entry) => [entry.key, entry]));
  const text = entries.get(fileListKey)?.text;
  const list = text?.known ? readFileList(text.value) : undefined;
  if (list === undefined) return undefined;
  const byPath = new Map(
    list.flatMap(({ path, key }): [string, Entry][] => {
      const entry = entries.get(key);
      return entry ? [[posix.normalize(path), entry]] : [];
    }),
  );
  const texts = [...byPath].flatMap(([path, entry]) =>
    entry.text.known
      ? [{ path, text: entry.text.value, source: { where: `${entry.source.where}: ${path}` } }]
      : [],
  );
  const units = texts.filter(({ path }) => path.endsWith(".service"));
  const programs = units.flatMap(({ text: unit, source }) =>
    readSystemdUnit(unit, source).commandLines.map((line) => withLines(line, unit)),
  );
  const pods = texts
    .filter(({ path }) => path.startsWith(`${paths.manifests}/`))
    .flatMap(({ text: manifest, source }) => programsOf(manifest, source));
  const certificates = certificatesOf(stack);
  const skip = pods.find(({ commandLine }) => commandLine.program === "kube-apiserver");
  return {
    kubelet: programs.find(({ program }) => program === "kubelet"),
    apiServer: skip?.commandLine,
    signer: pods.find(({ commandLine }) => commandLine.program === "kube-controller-manager")
      ?.commandLine,
    annotations: skip?.annotations ?? {},
    files: (path) => fileOf(path, byPath.get(path), certificates, describe(secret)),
  };
}

function programsOf(manifest: string, source: Source) {
  return readYaml(manifest, source).documents.flatMap((document) =>
    readPod(document.value, source).programs.map((program) => ({
      ...program,
      commandLine: withLines(program.commandLine, manifest),
    })),
  );
}

function fileOf(
  path: string,
  entry: Entry | undefined,
  certificates: Certificates,
  where: string,
): Fact<FileContent> {
  if (entry === undefined) {
    return unknown(`the content of ${path}, which is not among the files of ${where}`, { where });
  }
  if (!entry.text.known) return entry.text;
  const source = { where: `${where}: ${path}` };
  return known(contentOf(certificates, entry.text.value, source), source);
}

// From what the component registered ----------------------------------------------------------------------

function fromComponent(stack: Stack, secret: Resource, machine: string): Machine | undefined {
  const [owner] = stack.ancestorsOf(secret);
  if (owner?.type !== tokens.hostFiles) return undefined;
  const source = { where: describe(secret) };
  const flags = field(owner, hostFilesOutputs.kubeletFlags, machine);
  const configuration = field(owner, hostFilesOutputs.kubelet);
  const commands = field(owner, hostFilesOutputs.commands, machine);
  const command = (name: string, program: CommandLine["program"]) =>
    commandLineOf(
      asList(asObject(commands.known ? commands.value : undefined)?.[name]),
      source,
      program,
    );
  return {
    kubelet: flags.known
      ? commandLineOf(["kubelet", ...asList(flags.value)], source, "kubelet")
      : undefined,
    apiServer: command("kube-apiserver", "kube-apiserver"),
    signer: command("kube-controller-manager", "kube-controller-manager"),
    annotations: annotationsOf(secret) ?? {},
    files: siblingFiles(stack, owner, machine, configuration, source.where),
  };
}

function commandLineOf(
  argv: readonly Json[],
  source: Source,
  program: CommandLine["program"],
): CommandLine | undefined {
  const words = argv.filter((word) => typeof word === "string");
  return readArguments(words, source).commandLines.find((line) => line.program === program);
}

/** What our components put where: certificates by the resources that make them. */
function siblingFiles(
  stack: Stack,
  owner: Resource,
  machine: string,
  configuration: Fact<Json | undefined>,
  where: string,
): HostFiles {
  const made = componentFiles(stack, owner, machine);
  return (path) => {
    if (path === paths.kubeletConfiguration) {
      if (!configuration.known) return configuration;
      if (typeof configuration.value === "string") {
        return known({ kind: "text", text: configuration.value }, { where: `${where}: ${path}` });
      }
    }
    const content = made.get(path);
    return content === undefined
      ? unknown(`the content of ${path}, which is not known before ${where} is deployed`, { where })
      : known(content, { where: `${where}: ${path}` });
  };
}

const files = new WeakMap<Stack, Map<string, Map<string, FileContent>>>();

function componentFiles(stack: Stack, owner: Resource, machine: string): Map<string, FileContent> {
  const byMachine = files.get(stack) ?? new Map<string, Map<string, FileContent>>();
  files.set(stack, byMachine);
  const id = `${owner.parentUrn} ${machine}`;
  const made = byMachine.get(id) ?? readComponentFiles(stack, owner, machine);
  byMachine.set(id, made);
  return made;
}

function readComponentFiles(
  stack: Stack,
  owner: Resource,
  machine: string,
): Map<string, FileContent> {
  const content = new Map<string, FileContent>();
  const siblings = stack.childrenOf(owner.parentUrn ?? "");
  const ofType = (token: string) => siblings.filter(({ type }) => type === token);
  const add = (parents: readonly Resource[], suffix: string, path: string) => {
    for (const leaf of parents.flatMap(({ urn }) => leavesOf(stack, urn).get(suffix) ?? [])) {
      addPair(content, certificatesOf(stack), leaf, path);
      const [maker] = leaf.madeFrom("caCertPem").filter(makesCertificate);
      const ca = maker && certificatesOf(stack).of(maker);
      if (ca) content.set(paths.ca, { kind: "certificates", certificates: [ca] });
    }
  };
  // The kubelet client certificate is in every mode: it shows the CA that the machine has.
  add(ofType(tokens.nodeCertificates), `${machine}/${certificateNames.kubeletClient}`, "");
  add(
    ofType(tokens.nodeCertificates),
    `${machine}/${certificateNames.kubeletServing}`,
    paths.kubeletServing,
  );
  add(
    ofType(tokens.controlPlaneCertificates),
    `${machine}/${certificateNames.apiServerKubeletClient}`,
    paths.apiserverKubeletClient,
  );
  addWrittenAuthority(stack, siblings, content);
  addRegisteredAuthorities(stack, owner, machine, content);
  addBundle(stack, ofType(tokens.apiServerKubeletAccess), content);
  addSelfSigned(stack, owner, machine, content);
  content.delete(".crt");
  content.delete(".key");
  return content;
}

/** The certificate that the machine's kubelet has signed itself, where it was handed in. */
function addSelfSigned(
  stack: Stack,
  owner: Resource,
  machine: string,
  content: Map<string, FileContent>,
): void {
  const pem = text(owner, hostFilesOutputs.selfSignedCertificates, machine);
  if (pem === undefined) return;
  const source = {
    where: describe(owner),
    key: `${hostFilesOutputs.selfSignedCertificates}.${machine}`,
  };
  content.set(certificateOf(paths.kubeletSelfSigned), {
    kind: "certificates",
    certificates: certificatesOf(stack).inText(pem, source),
  });
}

const leaves = new WeakMap<Stack, Map<string, Map<string, Resource[]>>>();

/** The signed certificates under a component by the last two parts of their names. */
function leavesOf(stack: Stack, urn: string): Map<string, Resource[]> {
  const byParent = leaves.get(stack) ?? new Map<string, Map<string, Resource[]>>();
  leaves.set(stack, byParent);
  const made =
    byParent.get(urn) ??
    groupBy(stack.childrenOf(urn).filter(makesCertificate), ({ name }) =>
      name.split("/").slice(-2).join("/"),
    );
  byParent.set(urn, made);
  return made;
}

function addPair(
  content: Map<string, FileContent>,
  certificates: Certificates,
  leaf: Resource,
  path: string,
): void {
  const certificate = certificates.of(leaf);
  if (!certificate) return;
  content.set(certificateOf(path), { kind: "certificates", certificates: [certificate] });
  if (certificate.key.known) {
    content.set(keyOf(path), { kind: "privateKey", key: certificate.key.value });
  }
}

/** Of the certificates that the cluster's own CA signs, those that every cluster has. */
const signedByAuthority = [certificateNames.kubeletClient, certificateNames.apiServerKubeletClient];

/** A CA that was handed in is known by its PEM, which the leaves name as `caCertPem`. */
function addWrittenAuthority(
  stack: Stack,
  siblings: readonly Resource[],
  content: Map<string, FileContent>,
): void {
  if (content.has(paths.ca)) return;
  for (const sibling of siblings) {
    for (const leaf of stack.childrenOf(sibling.urn).filter(makesCertificate)) {
      const pem = text(leaf, "caCertPem");
      if (pem === undefined || !pem.includes("-----BEGIN")) continue;
      if (!signedByAuthority.some((name) => leaf.name.endsWith(`/${name}`))) continue;
      const source = { where: describe(leaf), key: "caCertPem" };
      const certificates = certificatesOf(stack).inText(pem, source);
      content.set(paths.ca, { kind: "certificates", certificates });
      content.set(paths.issuingCa, { kind: "certificates", certificates });
      return;
    }
  }
}

/** In a rotation a machine trusts more than the CA that issued for it, and its component says which. */
function addRegisteredAuthorities(
  stack: Stack,
  owner: Resource,
  machine: string,
  content: Map<string, FileContent>,
): void {
  const registered = field(owner, hostFilesOutputs.authorities, machine);
  if (!registered.known || registered.value === undefined) return;
  const source = { where: describe(owner), key: `${hostFilesOutputs.authorities}.${machine}` };
  const found = asList(registered.value).map((identity) => {
    if (typeof identity !== "string") return undefined;
    if (!identity.startsWith("urn:")) return certificatesOf(stack).inText(identity, source);
    const certificate = certificatesOf(stack).byId(`urn:${identity}`);
    return certificate && [certificate];
  });
  // One that is not known leaves the file as unknown as it is.
  if (found.length === 0 || found.includes(undefined)) {
    content.delete(paths.ca);
    content.delete(paths.issuingCa);
    return;
  }
  const [issuing = []] = found;
  const certificates = found.flatMap((one) => one ?? []);
  content.set(paths.ca, { kind: "certificates", certificates });
  content.set(paths.issuingCa, { kind: "certificates", certificates: issuing });
}

/** The bundle of stance `trustSelfSigned`: the collected certificates, and the cluster's CA. */
function addBundle(
  stack: Stack,
  access: readonly Resource[],
  content: Map<string, FileContent>,
): void {
  const path = paths.kubeletServingBundle;
  for (const resource of access) {
    if (
      field(resource, kubeletAccessOutputs.stance).known &&
      text(resource, kubeletAccessOutputs.stance) !== "trustSelfSigned"
    )
      continue;
    const bundle = text(resource, kubeletAccessOutputs.bundle);
    const source = { where: describe(resource), key: kubeletAccessOutputs.bundle };
    content.set(path, {
      kind: "certificates",
      certificates:
        bundle === undefined
          ? [...authorityIn(content), ...collected(stack, resource)]
          : certificatesOf(stack).inText(bundle, source),
    });
  }
}

function authorityIn(content: ReadonlyMap<string, FileContent>): readonly CertificateFacts[] {
  const ca = content.get(paths.ca);
  return ca?.kind === "certificates" ? ca.certificates : [];
}

/** What the machines of the cluster handed in, before the bundle itself is known. */
function collected(stack: Stack, access: Resource): CertificateFacts[] {
  return under(stack, access.parentUrn ?? "")
    .filter(({ type }) => type === tokens.hostFiles)
    .flatMap((owner) => {
      const given = field(owner, hostFilesOutputs.selfSignedCertificates);
      const source = { where: describe(owner), key: hostFilesOutputs.selfSignedCertificates };
      return Object.values(asObject(valueOr(given, undefined)) ?? {}).flatMap((pem) =>
        typeof pem === "string" ? certificatesOf(stack).inText(pem, source) : [],
      );
    });
}

/** The resources below one, at any depth. */
function under(stack: Stack, urn: string): Resource[] {
  const seen = new Set([urn]);
  const found: Resource[] = [];
  const queue = [urn];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    for (const child of stack.childrenOf(next)) {
      if (seen.has(child.urn)) continue;
      seen.add(child.urn);
      found.push(child);
      queue.push(child.urn);
    }
  }
  return found;
}
