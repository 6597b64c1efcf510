/** PEM files: certificates and keys. */
import type { Format } from "./format.ts";
import { file } from "./origins.ts";

export const pemFile: Format = {
  name: "PEM",
  about:
    "certificates and keys, with other text around them; a flag that names a file of that name means it",
  recognises: (text) =>
    /^-----BEGIN [A-Z ]+-----/m.test(text) &&
    !/^[ \t]*["']?(kind|apiVersion|write_files)["']?\s*:/m.test(text) &&
    !text.includes("<<"),
  read: (text, origin) => {
    const { holder, key, path } = origin;
    // A file with a path is a piece already.
    return path === undefined
      ? { pieces: [file({ ...origin, secret: true }, key ?? lastPart(holder), text)], inner: [] }
      : { pieces: [], inner: [] };
  },
};

function lastPart(holder: string): string {
  return holder.slice(holder.lastIndexOf("/") + 1);
}
