/** Kubelets and client certificates that the matrices do without, and that a cluster has which is not well. */
import { createPrivateKey } from "node:crypto";
import type { ClientVariant } from "./client-variants.ts";
import { type Issued, issue } from "./pki.ts";
import { bootstrap, type KubeletVariant } from "./variants.ts";

/** They listen, or would. */
export const unwellVariants: readonly KubeletVariant[] = [
  {
    name: "server-off",
    says: "enableServer: false",
    configuration: { enableServer: false },
    isReachable: false,
  },
  {
    name: "boot-no-address",
    says: "serverTLSBootstrap, --cloud-provider=external and no cloud yet",
    flags: ["--cloud-provider=external"],
    addresses: () => [],
    configuration: bootstrap,
    request: "unasked",
  },
];

/** Their requests are approved, and nobody signs them. */
export const unsignedVariants: readonly KubeletVariant[] = [
  {
    name: "boot-unsigned",
    says: "serverTLSBootstrap, request approved, and nobody signs it",
    configuration: bootstrap,
    request: "neverIssued",
  },
];

const certificate: ClientVariant["certificate"] = () => ({
  subject: "CN=apiserver,O=system:masters",
});

/** kube-apiserver starts with such a pair, and fails at each call of a kubelet that asks for a certificate. */
export const brokenPairs: readonly ClientVariant[] = [
  {
    name: "another-key",
    says: "--kubelet-client-key of another certificate",
    certificate,
    key: async () => (await issue({ subject: "CN=another" })).keyPem,
  },
  {
    name: "another-kind-of-key",
    says: "--kubelet-client-key of another certificate, and of another kind",
    certificate,
    key: async () => (await issue({ subject: "CN=another", key: "RSA-2048" })).keyPem,
  },
  {
    name: "encrypted-key",
    says: "an encrypted --kubelet-client-key, PKCS #8",
    certificate,
    key: async ({ keyPem }) => encrypted(keyPem, "pkcs8"),
  },
  {
    name: "encrypted-old-key",
    says: "an encrypted --kubelet-client-key, older than PKCS #8",
    certificate,
    key: async ({ keyPem }) => encrypted(keyPem, "sec1"),
  },
];

function encrypted(pem: Issued["keyPem"], type: "pkcs8" | "sec1"): string {
  const secrets = { cipher: "aes-128-cbc", passphrase: "a word" };
  return createPrivateKey(pem)
    .export({ type, format: "pem", ...secrets })
    .toString();
}
