/** The content of a machine's file, from a text that may only stand for it. */
import { type Fact, isThere, known, type Source, unknown } from "../words/fact.ts";
import type { FileContent } from "../words/facts.ts";
import { isUnknown, placeholderIn } from "./placeholders.ts";

/**
 * How encrypted files begin. Sources: Ansible `parsing/vault`; SOPS `aes/cipher.go`, and `stores/json` for a file as a
 * whole; age `armor`, `internal/format`; RFC 9580, 6.2; git-crypt `commands.cpp` (check_file_header).
 */
const encryptedText =
  /^(?:\s*(?:\$ANSIBLE_VAULT;|(?:\{\s*"data":\s*"|data:\s*)?ENC\[[A-Z]\w*,|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----)|age-encryption\.org\/v\d|\0GITCRYPT\0)/;

/** Source: Git LFS `docs/spec.md`. */
const pointer = /^version https:\/\/git-lfs\.github\.com\/spec\//;

/** Whether somebody has to decrypt a text before it is of use. */
export function isEncrypted(text: string): boolean {
  return encryptedText.test(text);
}

/** The content of a file whose text is at hand: unknown where the text is encrypted, or only stands for another. */
export function textFile(path: string, text: string, source: Source): Fact<FileContent> {
  const instead = standsFor(text);
  return instead === undefined
    ? known({ kind: "text", text }, source)
    : isThere(unknown(`the content of ${path}, which is ${instead}`, source));
}

function standsFor(text: string): string | undefined {
  if (isEncrypted(text)) return "encrypted";
  if (pointer.test(text)) return "a pointer of Git LFS";
  if (isUnknown(text)) return "a placeholder";
  return /^\s*-----BEGIN /.test(text) && placeholderIn(text) !== undefined
    ? "PEM with a placeholder in it"
    : undefined;
}
