/** kube-apiserver's client certificate and its RBAC: certificates in the pack's configuration, and in mounted Secrets. */
import { issue } from "../../../lab/x509/issue.ts";
import type { Case } from "../preview.ts";

const client = "kubelet-client-authentication";
const pki = "/etc/kubernetes/pki";

const ca = await issue({ subject: "CN=kubernetes", isCA: true });
const stranger = await issue({ subject: "CN=stranger", isCA: true });
const user = "CN=kube-apiserver-kubelet-client";
const year = 365 * 24 * 3_600_000;
const good = { subject: user, issuer: ca, usages: ["clientAuth"] } as const;

/** kubeadm's ConfigMaps, and what lies on the machines. */
async function withCertificate(request: Parameters<typeof issue>[0]) {
  const { certPem: pem } = await issue(request);
  return {
    program: `
const options = { provider: parts.provider() };
parts.kubeadmConfig("verify", options);
parts.kubeletConfig("bootstrap", options);
parts.approver(options);`,
    config: {
      [client]: {
        files: [
          { path: `${pki}/ca.crt`, pem: ca.certPem },
          { path: `${pki}/apiserver-kubelet-client.crt`, pem },
        ],
      },
    },
  };
}

/** A kube-apiserver in a Deployment that gets its certificates from Secrets, and what it may do. */
const hosted = (use: string, rbac: string, signer = "ca") => `
const options = { provider: parts.provider() };
const key = new tls.PrivateKey("key", { algorithm: "ECDSA", ecdsaCurve: "P256" });
const authority = (name) => new tls.SelfSignedCert(name, { privateKeyPem: key.privateKeyPem, subject: { commonName: name }, isCaCertificate: true, allowedUses: ["cert_signing"], validityPeriodHours: 87600 });
const authorities = { ca: authority("ca"), other: authority("other") };
const clientKey = new tls.PrivateKey("client", { algorithm: "ECDSA", ecdsaCurve: "P256" });
const request = new tls.CertRequest("client", { privateKeyPem: clientKey.privateKeyPem, subject: { commonName: "hosted" } });
const client = new tls.LocallySignedCert("client", { certRequestPem: request.certRequestPem, caCertPem: authorities.${signer}.certPem, caPrivateKeyPem: key.privateKeyPem, allowedUses: ["${use}"], validityPeriodHours: 8760 });
const secret = (name, stringData) => new k8s.core.v1.Secret(name, { metadata: { name, namespace: "kube-system" }, stringData }, options);
secret("cluster-ca", { "ca.crt": authorities.ca.certPem });
secret("kubelet-client", { "tls.crt": client.certPem, "tls.key": clientKey.privateKeyPem });
new k8s.apps.v1.Deployment("kube-apiserver", {
  metadata: { name: "kube-apiserver", namespace: "kube-system" },
  spec: { selector: { matchLabels: { app: "a" } }, template: { metadata: { labels: { app: "a" } }, spec: {
    containers: [{
      name: "kube-apiserver", image: "registry.k8s.io/kube-apiserver:v1.37.2",
      command: ["kube-apiserver", "--authorization-mode=Node,RBAC", "--client-ca-file=/certs/ca/ca.crt",
        "--kubelet-certificate-authority=/certs/ca/ca.crt", "--kubelet-preferred-address-types=InternalIP",
        "--kubelet-client-certificate=/certs/client/tls.crt", "--kubelet-client-key=/certs/client/tls.key"],
      volumeMounts: [{ name: "ca", mountPath: "/certs/ca" }, { name: "client", mountPath: "/certs/client" }],
    }],
    volumes: [{ name: "ca", secret: { secretName: "cluster-ca" } }, { name: "client", projected: { sources: [{ secret: { name: "kubelet-client" } }] } }],
  } } },
}, options);
parts.kubeletConfig("bootstrap", options);
parts.approver(options);
${rbac}`;

const binding = `new k8s.rbac.v1.ClusterRoleBinding("hosted", { metadata: { name: "hosted" }, roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "system:kubelet-api-admin" }, subjects: [{ kind: "User", apiGroup: "rbac.authorization.k8s.io", name: "hosted" }] }, options);`;

export const clientCertificates: readonly Case[] = [
  {
    name: "of the kubelets' CA, for clients, in time: nothing to say",
    ...(await withCertificate(good)),
  },
  {
    name: "expired: rejected",
    ...(await withCertificate({
      ...good,
      notBefore: new Date(Date.now() - 2 * year),
      notAfter: new Date(Date.now() - year),
    })),
    mandatory: [client],
    says: [
      "the server has asked for the client to provide credentials",
      "which is not valid at this time",
    ],
  },
  {
    name: "for servers: rejected",
    ...(await withCertificate({ ...good, usages: ["serverAuth"] })),
    mandatory: [client],
    says: [
      "the server has asked for the client to provide credentials",
      "not meant for clients (extended key usage)",
    ],
  },
  {
    name: "of another CA: rejected",
    ...(await withCertificate({ ...good, issuer: stranger })),
    mandatory: [client],
    says: [
      "the server has asked for the client to provide credentials",
      "which no CA of the kubelet's clientCAFile has signed",
    ],
  },
  {
    name: "in a mounted Secret, with RBAC for its user: nothing to say, at the first preview too",
    program: hosted("client_auth", binding),
  },
  {
    name: "in a mounted Secret, without RBAC for its user: rejected",
    program: hosted("client_auth", ""),
    mandatory: [client],
    says: ["Forbidden (user=hosted", "system:kubelet-api-admin"],
  },
  {
    name: "in a mounted Secret, for servers: rejected",
    program: hosted("server_auth", binding),
    mandatory: [client],
    says: ["not meant for clients (extended key usage)"],
  },
  {
    name: "in a mounted Secret, of another CA: rejected",
    program: hosted("client_auth", binding, "other"),
    mandatory: [client],
    says: ["which no CA of the kubelet's clientCAFile has signed"],
  },
];
