/** Texts that somebody decrypts before they reach a machine. */
import type { Format } from "./format.ts";
import { unread } from "./origins.ts";
import { soundsDeciding } from "./speaks.ts";

/** Sources: Ansible `parsing/vault`; SOPS `aes/cipher.go`; age `armor`; RFC 9580, 6.2. */
const beginning =
  /^\s*(?:\$ANSIBLE_VAULT;|ENC\[[A-Z]\w*,|-----BEGIN (?:AGE ENCRYPTED FILE|PGP MESSAGE)-----)/;

/** Keys and tokens decide nothing that could be read in them. */
const secretNames = /\.(?:key|crt|pem)\b|token|password|secret/i;

export const encrypted: Format = {
  name: "encrypted text",
  status: "recognised",
  about:
    "Ansible Vault, SOPS (a text as a whole), age, OpenPGP: undecidable under a name that decides; a single value (`ENC[...]`, `!vault`) is an unknown value",
  recognises: (text) => beginning.test(text),
  read: (_, origin) => {
    const { path, key, object, source } = origin;
    const name = path ?? key ?? "";
    const decides = soundsDeciding(name, object) && !secretNames.test(name);
    return {
      pieces: decides
        ? [unread(origin, `the text of ${source.where}, which is encrypted`, true)]
        : [],
      inner: [],
    };
  },
};
