/** Texts that somebody decrypts before they reach a machine. */
import type { Format } from "./format.ts";
import { file, unread } from "./origins.ts";
import { soundsDeciding } from "./speaks.ts";
import { isEncrypted } from "./text-file.ts";

/** Keys and tokens decide nothing that could be read in them. */
const secretNames = /\.(?:key|crt|pem)\b|token|password|secret/i;

export const encrypted: Format = {
  name: "encrypted text",
  status: "recognised",
  about:
    "Ansible Vault, SOPS (a text as a whole), age, OpenPGP: undecidable under a name that decides; a single value (`ENC[...]`, `!vault`) is an unknown value",
  recognises: isEncrypted,
  read: (text, origin) => {
    const { path, key, object, source } = origin;
    const name = path ?? key ?? "";
    const decides = soundsDeciding(name, object) && !secretNames.test(name);
    return {
      pieces: [
        ...(decides
          ? [unread(origin, `the text of ${source.where}, which is encrypted`, true)]
          : []),
        // A file with a path is a piece already.
        ...(path === undefined && key !== undefined ? [file(origin, key, text)] : []),
      ],
      inner: [],
    };
  },
};
