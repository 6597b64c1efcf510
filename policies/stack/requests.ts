/** What becomes of the certificates that kubelets in mode `bootstrap` request: who approves, and who signs. */

import { kubeadmPkiDirectory } from "../../trust/kubeadm/pki.ts";
import { controllerManagerFacts } from "../../trust/programs/controller-manager/signer.ts";
import { requestedCertificate } from "../../trust/programs/kubelet/requested-certificate.ts";
import { type Fact, known, mapFact, type Source, unknown } from "../../trust/words/fact.ts";
import type { CertificateFacts, HostFiles, ServingRequest } from "../../trust/words/facts.ts";
import { certificatesIn } from "../evidence/certificates.ts";
import type { FoundApprover, FoundSigner } from "../evidence/index.ts";
import type { Cluster } from "./clusters.ts";
import { describe } from "./resource.ts";

/**
 * The file of the CA that signs kubelet serving certificates, or what becomes of requests where nobody signs. Without
 * a kube-controller-manager in the stack it is the one of kubeadm.
 */
export function signingFile(
  signers: readonly FoundSigner[],
  version: string,
): Fact<string | ServingRequest> {
  const [signer] = signers;
  if (signer === undefined) return known(`${kubeadmPkiDirectory}/ca.crt`);
  const { commandLine, source, resource } = signer;
  const label = describe(resource);
  const { start, kubeletServingSigner } = controllerManagerFacts({
    label,
    version: known(version),
    commandLine,
  });
  if (!start.known) return start;
  if (!start.value.starts) {
    const because = `kube-controller-manager of ${label} does not start: ${start.value.message}`;
    return known({ state: "neverIssued", because }, start.value.source ?? source);
  }
  return mapFact(kubeletServingSigner, (file) => file ?? { state: "neverIssued" });
}

/**
 * What becomes of each kubelet's request: approvers come first, and what they approve is signed by the CA in the
 * signer's file, if anybody signs.
 *
 * @param isDeclared whether the configuration says that somebody approves, outside of the stack
 */
export function requests(
  approvers: readonly FoundApprover[],
  isDeclared: boolean,
  signer: Fact<string | ServingRequest>,
  files: HostFiles,
): Cluster["request"] {
  if (approvers.length === 0 && !isDeclared) return () => known({ state: "pending" });
  if (!signer.known) return () => signer;
  const { value: file, source } = signer;
  if (typeof file !== "string") return () => known(file, source);
  const issuer = issuerIn(file, files, source);
  if (!issuer.known) return () => issuer;
  const { value: ca } = issuer;
  return (node) => {
    const certificate = requestedCertificate(node, ca);
    const isWhole = node.name.known && node.addresses.known;
    const decision = isDeclared
      ? undefined
      : decisionOf(approvers, isWhole ? certificate : undefined);
    return decision ?? known({ state: "issued", chain: [certificate] });
  };
}

/** The CA in the signer's file. */
function issuerIn(
  file: string,
  files: HostFiles,
  source: Source | undefined,
): Fact<CertificateFacts> {
  const content = files(file);
  if (!content.known) return content;
  const [issuer] = certificatesIn(content.value, file);
  return issuer === undefined
    ? unknown(`a certificate in ${file}, which signs what kubelets request`, source)
    : known(issuer, source);
}

/** What approvers make of a request; `undefined` when they approve it. The first that decides is the only one. */
function decisionOf(
  approvers: readonly FoundApprover[],
  certificate: CertificateFacts | undefined,
): Fact<ServingRequest> | undefined {
  const refusals = approvers.flatMap(({ refuses, source }) => {
    const refusal = refuses?.(certificate);
    return refusal ? [known(refusal, source)] : [];
  });
  const [first] = refusals;
  const denials = refusals.filter(({ value }) => value.state === "denied");
  if (first === undefined || (denials.length === 0 && refusals.length < approvers.length)) {
    return undefined;
  }
  if (refusals.length === approvers.length) return denials[0] ?? first;
  const labels = approvers.map(({ label }) => label).sort();
  return unknown(
    `which of ${labels.join(" and ")} decides first: one denies what another approves`,
    first.source,
  );
}
