import type * as pulumi from "@pulumi/pulumi";
import { certificateOf, keyOf } from "../../trust/contract.ts";

/** One file of a machine. */
export type HostFile = {
  /** Absolute path. */
  path: string;
  /** Octal text, e.g. `0600`. */
  mode: "0600" | "0644";
  content: pulumi.Input<string>;
};

/** A file that root alone may read. */
export function privateFile(path: string, content: pulumi.Input<string>): HostFile {
  return { path, mode: "0600", content };
}

/** A file that everyone may read. */
export function publicFile(path: string, content: pulumi.Input<string>): HostFile {
  return { path, mode: "0644", content };
}

/** The pair `<base>.crt` (0644) and `<base>.key` (0600), with the modes that kubeadm gives them. */
export function keyPairFiles(
  base: string,
  pair: { certPem: pulumi.Input<string>; privateKeyPem: pulumi.Input<string> },
): HostFile[] {
  return [
    publicFile(certificateOf(base), pair.certPem),
    privateFile(keyOf(base), pair.privateKeyPem),
  ];
}
