/** Private keys and tokens where everyone can read them. */

import { pemOf } from "../../support/pem.ts";
import type { Case } from "../preview.ts";

const policy = "private-key-exposure";
const pem = JSON.stringify(pemOf("EC PRIVATE KEY", "MHcCAQEEIBKWkHtVf3VwLkJl"));

export const exposure: readonly Case[] = [
  {
    name: "a private key in a ConfigMap: rejected, and not shown",
    program: `parts.configMap("files", { "tls.key": ${pem} }, { provider: parts.provider() });`,
    mandatory: [policy],
    says: ['a private key is in data["tls.key"]'],
    hides: ["MHcCAQEEIBKWkHtVf3VwLkJl"],
  },
  {
    name: "a private key in base64, inside a kubeconfig in a ConfigMap: rejected, and not shown",
    program: `parts.configMap("files", { conf: "client-key-data: " + Buffer.from(${pem}).toString("base64") }, { provider: parts.provider() });`,
    mandatory: [policy],
  },
  {
    name: "a private key that is not there yet, in a ConfigMap: rejected",
    program: `const key = new tls.PrivateKey("key", { algorithm: "ED25519" });
parts.configMap("files", { "tls.key": key.privateKeyPem }, { provider: parts.provider() });`,
    mandatory: [policy],
  },
  {
    name: "a public key in a ConfigMap: passes",
    program: `const key = new tls.PrivateKey("key", { algorithm: "ED25519" });
parts.configMap("files", { "tls.pub": key.publicKeyPem }, { provider: parts.provider() });`,
  },
  {
    name: "a private key in an output: rejected, unless it is secret",
    program: `export const open = ${pem};`,
    mandatory: [policy],
    says: ["a private key is in open"],
  },
  {
    name: "a private key in a secret output: passes",
    program: `export const hidden = pulumi.secret(${pem});`,
  },
  {
    name: "a bootstrap token in a ConfigMap: rejected, and not shown",
    program: `parts.configMap("join", { "join.sh": "kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef" }, { provider: parts.provider() });`,
    mandatory: [policy],
    says: ["a bootstrap token is in"],
    hides: ["0123456789abcdef"],
  },
  {
    name: "a name that only looks like a token: passes",
    program: `parts.configMap("app", { host: "gitlab.internalservices" }, { provider: parts.provider() });`,
  },
];
