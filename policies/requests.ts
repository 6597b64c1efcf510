/** What becomes of the certificates that kubelets in mode `bootstrap` request: who approves, and who signs. */
import { type Fact, known, unknown } from "../trust/evidence.ts";
import type { CertificateFacts, HostFiles, ServingRequest } from "../trust/facts.ts";
import { kubeadmPkiDirectory } from "../trust/kubeadm-pki.ts";
import { requestedCertificate } from "../trust/kubelet/requested-certificate.ts";
import type { CommandLine } from "../trust/readers/command-line.ts";
import type { Cluster } from "./clusters.ts";
import { certificatesIn } from "./evidence/certificates.ts";
import type { FoundApprover, FoundSigner } from "./evidence/index.ts";
import { flagValue } from "./evidence/programs.ts";

/**
 * The file of the CA that signs kubelet serving certificates; `undefined` when nobody signs them.
 * Source: kubernetes `cmd/kube-controller-manager/app/certificates.go` (getKubeletServingSignerFiles).
 */
export function signingFile(signers: readonly FoundSigner[]): Fact<string | undefined> {
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

/**
 * What becomes of each kubelet's request: approvers come first, and what they approve is signed by the CA in `file`,
 * if anybody signs.
 *
 * @param isDeclared whether the configuration says that somebody approves, outside of the stack
 */
export function requests(
  approvers: readonly FoundApprover[],
  isDeclared: boolean,
  file: Fact<string | undefined>,
  files: HostFiles,
): Cluster["request"] {
  if (approvers.length === 0 && !isDeclared) return () => known({ state: "pending" });
  const issuer = issuerIn(file, files);
  if (!issuer.known) return () => issuer;
  const { value: ca } = issuer;
  if (ca === undefined) return () => known({ state: "neverIssued" }, issuer.source);
  return (node) => {
    const certificate = requestedCertificate(node, ca);
    const isWhole = node.name.known && node.addresses.known;
    const decision = isDeclared
      ? undefined
      : decisionOf(approvers, isWhole ? certificate : undefined);
    return decision ?? known({ state: "issued", chain: [certificate] });
  };
}

/** The CA in the signer's file; `undefined` when nobody signs. */
function issuerIn(
  file: Fact<string | undefined>,
  files: HostFiles,
): Fact<CertificateFacts | undefined> {
  if (!file.known || file.value === undefined) return file as Fact<undefined>;
  const content = files(file.value);
  if (!content.known) return content;
  const [issuer] = certificatesIn(content.value, file.value);
  return issuer === undefined
    ? unknown(`a certificate in ${file.value}, which signs what kubelets request`, file.source)
    : known(issuer, file.source);
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
