/** Certificates made and read by openssl: a program that shares nothing with the ones under test. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

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
  const folder = mkdtempSync(join(tmpdir(), "kubelet-trust-openssl-"));
  try {
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
  } finally {
    rmSync(folder, { recursive: true });
  }
}
