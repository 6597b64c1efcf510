/** Certificates made and read by openssl: a program that shares nothing with the ones under test. */

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inFolder } from "../support/folders.ts";

/** Runs openssl with an input and returns what it prints. */
export function openssl(args: string[], input = ""): string {
  return execFileSync("openssl", args, { input, encoding: "utf8", stdio: "pipe" });
}

/** A self-signed certificate and its key, PEM. */
export function selfSigned(options: {
  subject: string;
  /** Validity in days from now. */
  days?: number;
  /** X.509v3 extensions in openssl's words; none beyond the given. */
  extensions: string[];
  /** Sets both ends of the validity instead, as YYYYMMDDHHMMSSZ. */
  between?: [string, string];
}): { certPem: string; privateKeyPem: string } {
  return inFolder((folder) => {
    const key = join(folder, "key.pem");
    const config = join(folder, "openssl.cnf");
    writeFileSync(config, "[req]\ndistinguished_name = dn\n[dn]\n");
    openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", key]);
    const validity = options.between
      ? ["-not_before", options.between[0], "-not_after", options.between[1]]
      : ["-days", String(options.days ?? 30)];
    const certPem = openssl([
      "req",
      "-x509",
      ...["-config", config, "-key", key, "-subj", options.subject],
      ...validity,
      ...options.extensions.flatMap((extension) => ["-addext", extension]),
    ]);
    return { certPem, privateKeyPem: readFileSync(key, "utf8") };
  });
}

/** What a certificate says, in openssl's words. */
export type Described = {
  /** RFC 2253, most specific first, e.g. `CN=system:node:worker-0,O=system:nodes`. */
  subject: string;
  issuer: string;
  /** `DNS:...` and `IP Address:...`, sorted. */
  sans: string[];
  extendedKeyUsage: string[];
  keyUsage: string[];
  isCa: boolean;
  notBefore: Date;
  notAfter: Date;
  publicKey: string;
};

/** Reads a certificate with openssl. */
export function describeCertificate(pem: string): Described {
  const fields = openssl(
    ["x509", "-noout", "-subject", "-issuer", "-startdate", "-enddate", "-nameopt", "RFC2253"],
    pem,
  );
  const field = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(fields)?.[1] ?? "";
  const text = openssl(["x509", "-noout", "-text"], pem);
  const extension = (name: string) =>
    new RegExp(`X509v3 ${name}:.*\n\\s*(.*)`).exec(text)?.[1]?.trim().split(", ") ?? [];
  return {
    subject: field("subject"),
    issuer: field("issuer"),
    sans: extension("Subject Alternative Name").sort(),
    extendedKeyUsage: extension("Extended Key Usage").sort(),
    keyUsage: extension("Key Usage").sort(),
    isCa: extension("Basic Constraints").includes("CA:TRUE"),
    notBefore: new Date(field("notBefore")),
    notAfter: new Date(field("notAfter")),
    publicKey: /Public Key Algorithm: .*\n\s*(Public-Key: .*)\n/.exec(text)?.[1] ?? "",
  };
}

/** Whether openssl verifies a certificate under a CA for a purpose; its complaint when it does not. */
export function verify(pem: string, caPem: string, options: string[] = []): string {
  return inFolder((folder) => {
    const [ca, leaf] = [join(folder, "ca.pem"), join(folder, "leaf.pem")];
    writeFileSync(ca, caPem);
    writeFileSync(leaf, pem);
    try {
      const all = ["verify", "-no-CApath", "-no-CAstore", "-CAfile", ca, ...options, leaf];
      return openssl(all).replace(`${leaf}: `, "");
    } catch (error) {
      return String((error as { stderr?: string }).stderr ?? error);
    }
  });
}

/** The public key of a private key, PEM. */
export function publicKeyOf(privateKeyPem: string): string {
  return openssl(["pkey", "-pubout"], privateKeyPem);
}

/** The public key in a certificate, PEM. */
export function publicKeyIn(certPem: string): string {
  return openssl(["x509", "-noout", "-pubkey"], certPem);
}
