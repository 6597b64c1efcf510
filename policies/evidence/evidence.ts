/** What is found in a stack, before it is known which kubelet belongs to which kube-apiserver. */
import type { Origin, Piece } from "../../trust/readers/piece.ts";
import type { Source } from "../../trust/words/fact.ts";
import type { CertificateFacts } from "../../trust/words/facts.ts";
import type { Opening } from "../../trust/words/opening.ts";
import type { Resource, Stack } from "../stack/resource.ts";

/** Something found in a resource. */
export type Found = {
  readonly resource: Resource;
  /** What says which cluster it belongs to. */
  readonly membership: Origin;
  readonly source: Source;
};

/** A certificate that the stack makes, for its lifetime. */
export type FoundCertificate = Found & {
  readonly certificate: CertificateFacts;
  /** The certificate that signed it, where the stack has it and it is another. */
  readonly issuer: CertificateFacts | undefined;
};

/** Something that speaks of kubelets and could not be read. */
export type Gap = Found & {
  /** Completes the sentence "undecidable without ...". */
  readonly missing: string;
  /** Whether it could hold a setting that decides. */
  readonly deciding: boolean;
  /** What it opens for certain. */
  readonly opens?: Opening;
  /** Until it is known it counts as its component registered it. */
  readonly pending?: true;
  /** It is there, and is not what its component registered. */
  readonly changed?: true;
};

/** A KubeletConfiguration that no kubelet has. */
export type Unused = Found & {
  /** A sentence. */
  readonly why: string;
};

export type Evidence = {
  readonly pieces: readonly Piece[];
  readonly certificates: readonly FoundCertificate[];
};

/** What one reader found. `claims` are resources that it has read in full: later readers pass them over. */
export type Findings = Partial<Evidence> & { readonly claims?: readonly string[] };

/** Reads one kind of evidence. What it cannot read is a piece that says so. */
export type Reader = (stack: Stack, claimed: ReadonlySet<string>) => Findings;
