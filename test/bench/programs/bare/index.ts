/**
 * What it is measured against: a program with no components that registers as many resources of each package, of
 * the same kinds and with the same inputs, as someone would who writes them down one by one.
 */
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import type { Made } from "../../clone.ts";
import { benchMachines } from "../../machines.ts";

/** How many resources there are to be, by type token, and how long a Secret's data is in base64. */
const { counts, secretLength } = new pulumi.Config().requireObject<Made>("wanted");
const count = (type: string) => counts[type] ?? 0;

const authorities = count("tls:index/selfSignedCert:SelfSignedCert");
const certificates = count("tls:index/locallySignedCert:LocallySignedCert");
const keysAlone = count("tls:index/privateKey:PrivateKey") - certificates - authorities;
const secrets = count("kubernetes:core/v1:Secret");
const kubernetes = Object.entries(counts)
  .filter(([type]) => type.startsWith("kubernetes:"))
  .reduce((sum, [, ofType]) => sum + ofType, 0);

const provider = new k8s.Provider("kubernetes", { renderYamlToDirectory: "rendered" });
const newKey = (name: string) =>
  new tls.PrivateKey(name, { algorithm: "ECDSA", ecdsaCurve: "P256" });

const cas = Array.from({ length: authorities }, (_, index) => {
  const key = newKey(`ca-${index}`);
  return new tls.SelfSignedCert(`ca-${index}`, {
    privateKeyPem: key.privateKeyPem,
    isCaCertificate: true,
    subject: { commonName: `ca-${index}` },
    allowedUses: ["digital_signature", "key_encipherment", "cert_signing"],
    validityPeriodHours: 87_600,
  });
});
const ca = cas[0];
if (ca === undefined) throw new Error("no CA");
for (let index = 0; index < keysAlone; index++) newKey(`key-${index}`);

const machines = benchMachines(secrets);
const issued = Array.from({ length: certificates }, (_, index) => {
  const { name, addresses } = machines[index % machines.length] ?? { name: "none", addresses: [] };
  const key = newKey(`certificate-${index}`);
  const request = new tls.CertRequest(`certificate-${index}`, {
    privateKeyPem: key.privateKeyPem,
    subject: { commonName: `system:node:${name}`, organization: "system:nodes" },
    dnsNames: [name],
    ipAddresses: addresses,
  });
  const certificate = new tls.LocallySignedCert(`certificate-${index}`, {
    certRequestPem: request.certRequestPem,
    caCertPem: ca.certPem,
    caPrivateKeyPem: ca.privateKeyPem,
    allowedUses: ["digital_signature", "key_encipherment", "server_auth"],
    validityPeriodHours: 8760,
    earlyRenewalHours: 720,
  });
  return { key, certificate };
});

/** Bytes in PEM, about: a key and its certificate, and a CA. */
const [pair, authority] = [860, 600];
/** What a machine's Secret holds beside PEMs: a KubeletConfiguration, a unit, kubeconfigs. */
const text = "# A line of configuration, sixty characters long, no more..\n"
  .repeat(secretLength / 60)
  .slice(0, Math.round(secretLength * 0.75 - (certificates / secrets) * pair - authority));

machines.forEach(({ name }, index) => {
  // Two certificates a machine; the first machine has all that is left over, as a control plane has.
  const own = issued.filter((_, at) => (at < 2 * secrets ? at % secrets : 0) === index);
  const contents = own.flatMap(({ key, certificate }) => [key.privateKeyPem, certificate.certPem]);
  const data = pulumi
    .all([ca.certPem, text, ...contents])
    .apply((all) =>
      Object.fromEntries(
        all.map((content, at) => [`file-${at}`, Buffer.from(content).toString("base64")]),
      ),
    );
  new k8s.core.v1.Secret(
    name,
    { metadata: { name, namespace: "kube-system" }, data },
    { provider },
  );
});
for (let index = 0; index < kubernetes - secrets; index++) {
  const name = `object-${index}`;
  new k8s.core.v1.ConfigMap(
    name,
    { metadata: { name, namespace: "kube-system" }, data: { text } },
    { provider },
  );
}
