import type { Problem, Source } from "../evidence.ts";
import type { CertificateFacts, KeyFacts } from "../facts.ts";

export type PemContents = {
  /** In file order. */
  readonly certificates: readonly CertificateFacts[];
  /** Public halves of the private keys that were found; a private key itself is never kept. */
  readonly keys: readonly KeyFacts[];
  readonly problems: readonly Problem[];
};

/** Reads certificates and keys out of PEM text with junk anywhere between the blocks. */
export function readPem(text: string, source: Source): PemContents {
  void text;
  return {
    certificates: [],
    keys: [],
    problems: [{ message: "not read yet", source, fatal: false }],
  };
}
