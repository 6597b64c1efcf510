/**
 * What our components put where, before it is known: certificates by the resources that make them. A component's word
 * counts for a file only where the machine's Secret is made from that very certificate, and from nothing that its
 * cluster does not make.
 */
import {
  certificateNames,
  certificateOf,
  hostFilesOutputs,
  keyOf,
  kubeletAccessOutputs,
  paths,
  tokens,
} from "../../trust/contract.ts";
import { asList, asObject } from "../../trust/readers/yaml.ts";
import type { CertificateFacts, FileContent } from "../../trust/words/facts.ts";
import { groupBy } from "../../trust/words/group-by.ts";
import { describe, field, type Resource, type Stack, text } from "../stack/resource.ts";
import { type Certificates, certificatesOf, makesCertificate } from "./certificates.ts";
import { isMadeByItsCluster } from "./made-by.ts";

const files = new WeakMap<Resource, ReadonlyMap<string, FileContent>>();

/**
 * The files of a machine that its Secret does not tell yet, by path.
 *
 * @param owner the `HostFiles` that the Secret is a child of
 */
export function componentFiles(
  stack: Stack,
  secret: Resource,
  owner: Resource,
  machine: string,
): ReadonlyMap<string, FileContent> {
  const made = files.get(secret) ?? readComponentFiles(stack, secret, owner, machine);
  files.set(secret, made);
  return made;
}

function readComponentFiles(
  stack: Stack,
  secret: Resource,
  owner: Resource,
  machine: string,
): ReadonlyMap<string, FileContent> {
  const content = new Map<string, FileContent>();
  if (!isMadeByItsCluster(stack, secret, owner)) return content;
  const siblings = stack.childrenOf(owner.parentUrn ?? "");
  const makers = new Set(secret.madeFrom("data"));
  const ofType = (token: string) => siblings.filter(({ type }) => type === token);
  const add = (parents: readonly Resource[], suffix: string, path: string) => {
    for (const leaf of parents.flatMap(({ urn }) => leavesOf(stack, urn).get(suffix) ?? [])) {
      if (!makers.has(leaf)) continue;
      addPair(content, certificatesOf(stack), leaf, path);
      const [maker] = leaf.madeFrom("caCertPem").filter(makesCertificate);
      const ca = maker && makers.has(maker) && certificatesOf(stack).of(maker);
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
export function leavesOf(stack: Stack, urn: string): Map<string, Resource[]> {
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
    const handedIn = bundle === undefined ? collected(stack, resource) : [];
    // With one that is not known yet nobody can say whom the bundle leaves out.
    if (handedIn === undefined) continue;
    content.set(path, {
      kind: "certificates",
      certificates:
        bundle === undefined
          ? [...authorityIn(content), ...handedIn]
          : certificatesOf(stack).inText(bundle, source),
    });
  }
}

function authorityIn(content: ReadonlyMap<string, FileContent>): readonly CertificateFacts[] {
  const ca = content.get(paths.ca);
  return ca?.kind === "certificates" ? ca.certificates : [];
}

/** What the machines of the cluster handed in, before the bundle itself is known; `undefined` where one is not. */
function collected(stack: Stack, access: Resource): CertificateFacts[] | undefined {
  const found: CertificateFacts[] = [];
  for (const owner of under(stack, access.parentUrn ?? "")) {
    if (owner.type !== tokens.hostFiles) continue;
    const { selfSignedCertificates } = hostFilesOutputs;
    const given = field(owner, selfSignedCertificates);
    if (!given.known) return undefined;
    const source = { where: describe(owner), key: selfSignedCertificates };
    for (const machine of Object.keys(asObject(given.value) ?? {})) {
      const pem = text(owner, selfSignedCertificates, machine);
      if (pem === undefined) return undefined;
      found.push(...certificatesOf(stack).inText(pem, source));
    }
  }
  return found;
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
