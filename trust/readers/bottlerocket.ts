/** Settings of Bottlerocket: user data in TOML. Source: Bottlerocket `settings.kubernetes`. */
import type { Format } from "./format.ts";
import { keepLast } from "./keep-last.ts";
import { readToml } from "./toml.ts";

/** A table of its settings, or one of them by its whole name. */
const opening = /^[ \t]*(?:\[[ \t]*)?"?settings"?[ \t]*[.\]]/m;

const parsed = keepLast(readToml);

export const bottlerocket: Format = {
  name: "Bottlerocket's settings",
  about:
    "TOML with `[settings.kubernetes]`: what only tunes its kubelet is a note, what decides is named as not read; texts in other settings (`user-data` of containers, static pods), in base64 too",
  recognises: (text) => opening.test(text) && parsed(text)?.settings !== undefined,
  read: (text, origin) => ({
    pieces: [],
    inner: [{ object: parsed(text) ?? {}, origin }],
  }),
};
