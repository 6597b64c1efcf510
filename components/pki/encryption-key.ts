import { hkdfSync } from "node:crypto";
import * as pulumi from "@pulumi/pulumi";
import { createKey } from "./issuance.ts";

/**
 * A key of 32 bytes for what kube-apiserver encrypts in etcd, base64, secret. It lives as long as the private key in
 * the state that it is derived from: whoever replaces that can no longer read what was encrypted.
 */
export function createEncryptionKey(
  name: string,
  opts: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  return pulumi.secret(createKey(name, "ECDSA-P256", opts).privateKeyPem.apply(derived));
}

function derived(privateKeyPem: string): string {
  const bytes = hkdfSync("sha256", privateKeyPem, "", "kubelet-trust encryption at rest", 32);
  return Buffer.from(bytes).toString("base64");
}
