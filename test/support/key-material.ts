/** Rendered files with what differs from stack to stack described in place of quoted: keys, certificates, tokens. */
import { createPrivateKey, createPublicKey, X509Certificate } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";

/**
 * The files below a folder, by relative path. Everything is word for word but for key material: in place of a
 * certificate stands what it says, in place of a key its kind, in place of a random text a name.
 */
export function describedFiles(folder: string): Record<string, string> {
  const files = fs
    .readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => fs.statSync(path.join(folder, file)).isFile())
    .sort();
  return Object.fromEntries(
    files.map((file) => [
      withoutRandom(file),
      described(fs.readFileSync(path.join(folder, file), "utf8")),
    ]),
  );
}

/** A text with its key material described. */
export function described(text: string): string {
  return withoutRandom(
    text
      // Inside of base64 first: a Secret's data, and certificates in kubeconfigs in there. A time has from 20
      // characters to 30, as Go leaves out the zeros at a fraction's end, and so from 27 letters of base64.
      .replace(/\b[A-Za-z0-9+/]{27,}={0,2}/g, (word) => {
        const inner = Buffer.from(word, "base64").toString("utf8");
        return isText(inner) ? `base64(${described(inner)})` : word;
      })
      .replace(/-----BEGIN ([A-Z ]+)-----[\s\S]*?-----END \1-----/g, (pem, kind: string) =>
        kind === "CERTIFICATE" ? certificate(pem) : key(pem, kind),
      ),
  );
}

/** What a certificate says; its times only as a lifetime, in hours. */
function certificate(pem: string): string {
  const read = new X509Certificate(pem);
  const hours = (Date.parse(read.validTo) - Date.parse(read.validFrom)) / 3_600_000;
  const { asymmetricKeyType, asymmetricKeyDetails } = read.publicKey;
  const { subject, issuer, subjectAltName, keyUsage, ca } = read;
  return `certificate${JSON.stringify({
    ...{ subject, issuer, subjectAltName, keyUsage, ca, asymmetricKeyType },
    ...asymmetricKeyDetails,
    hours: Math.round(hours),
  })}`;
}

function key(pem: string, kind: string): string {
  const isPublic = kind === "PUBLIC KEY";
  const read = isPublic ? createPublicKey(pem) : createPrivateKey(pem);
  return `${kind}${JSON.stringify([read.asymmetricKeyType, read.asymmetricKeyDetails])}`;
}

/** The bootstrap token and its end, and the key of encryption at rest. */
function withoutRandom(text: string): string {
  return text
    .replace(/\bbootstrap-token-[a-z0-9]{6}\b/g, "bootstrap-token-ID")
    .replace(/^(\s*token-id: )\S+$/gm, "$1ID")
    .replace(/^(\s*token-secret: )\S+$/gm, "$1SECRET")
    .replace(/^(\s*secret: )[A-Za-z0-9+/]{43}=$/gm, "$1KEY")
    .replace(/\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "TIME");
}

function isText(text: string): boolean {
  return !text.includes("\u{fffd}") && /^[\s -~]*$/.test(text);
}
