/** Certificates that end. */
import type { Case } from "../preview.ts";

const lifetime = "certificate-lifetime";
const key = `const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
const ca = (hours) => new tls.SelfSignedCert("ca", { privateKeyPem: key.privateKeyPem, subject: { commonName: "ca" }, isCaCertificate: true, allowedUses: ["cert_signing"], validityPeriodHours: hours });`;
const leaf = (hours: number) => `
const request = new tls.CertRequest("leaf", { privateKeyPem: key.privateKeyPem, subject: { commonName: "leaf" } });
new tls.LocallySignedCert("leaf", { certRequestPem: request.certRequestPem, caCertPem: authority.certPem, caPrivateKeyPem: key.privateKeyPem, allowedUses: ["server_auth"], validityPeriodHours: ${hours} });`;

export const lifetimes: readonly Case[] = [
  {
    name: "a leaf that outlives its CA: advice",
    program: `${key}\nconst authority = ca(1000);${leaf(2000)}`,
    advisory: [lifetime],
    says: ["after ca, the CA that signed it"],
  },
  {
    name: "a leaf that ends before its CA: nothing to say",
    program: `${key}\nconst authority = ca(20000);${leaf(2000)}`,
  },
  {
    name: "already expired: rejected, though the policy is advice",
    program: `${key}\nca(0);`,
    mandatory: [lifetime],
    says: ["expired on"],
  },
];
