import * as pulumi from "@pulumi/pulumi";
import { certificateNames, keyOf, paths, tokens } from "../trust/contract.ts";
import { kubeletClientGroup, kubeletClientUser } from "../trust/kubeadm/pki.ts";
import { CertificateAuthority } from "./certificate-authority.ts";
import { apiServerNames } from "./kubeadm/api-server-names.ts";
import { kubeconfig } from "./kubeadm/kubeconfig.ts";
import { type ClusterSettings, endpointUrl, localUrl } from "./model/cluster-settings.ts";
import type { ControlPlaneHost } from "./model/machines.ts";
import { type HostFile, keyPairFiles, privateFile, publicFile } from "./pki/host-file.ts";
import {
  createKey,
  type Issuance,
  type IssuedCertificate,
  issueCertificate,
  trustOf,
} from "./pki/issuance.ts";
import { clusterDefaults } from "./plan/defaults.ts";

export type ControlPlaneCertificatesArgs = {
  hosts: readonly ControlPlaneHost[];
  settings: ClusterSettings;
  /** The cluster's CA, with its key. */
  issuance: Issuance;
  /** Whether the hosts have `ca.key`. Default true. */
  caKey?: boolean;
  /** Lifetime of `super-admin.conf` in hours; 0 leaves it out. Default 24. */
  superAdminHours?: number;
};

/**
 * The PKI that kubeadm makes for control planes: the CAs of etcd and of the front proxy and the service-account
 * key once, every leaf certificate and kubeconfig once for each host.
 *
 * `super-admin.conf` (group `system:masters`) is made for the first host alone, as `kubeadm init` does: it gives
 * `kubeadm:cluster-admins` their rights, which `admin.conf` lives on. It is short-lived, since no RBAC limits it.
 * Source: kubernetes `cmd/kubeadm/app/phases/certs/certlist.go`, `cmd/kubeadm/app/phases/kubeconfig/kubeconfig.go`.
 *
 * @example
 * const { files } = new ControlPlaneCertificates("pki", {
 *   hosts: [{ name: "control-plane-0", advertiseAddress: "10.240.0.10" }],
 *   settings,
 *   issuance: { ca, keyAlgorithm: "ECDSA-P256", validityHours: 8760, earlyRenewalHours: 720 },
 * });
 */
export class ControlPlaneCertificates extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.controlPlaneCertificates;

  readonly etcdCa: CertificateAuthority;
  readonly frontProxyCa: CertificateAuthority;
  /** Signs service-account tokens; the private key is secret. */
  readonly serviceAccountKey: {
    publicKeyPem: pulumi.Output<string>;
    privateKeyPem: pulumi.Output<string>;
  };
  /** The files of each host, by its name: everything under `/etc/kubernetes` except manifests and kubelet.conf. */
  readonly files: Readonly<Record<string, readonly HostFile[]>>;
  /** End of validity of each certificate, RFC 3339, by host and kubeadm's name of it. */
  readonly expiry: Readonly<Record<string, Readonly<Record<string, pulumi.Output<string>>>>>;

  constructor(
    name: string,
    args: ControlPlaneCertificatesArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(ControlPlaneCertificates.__pulumiType, name, {}, opts);
    const { settings, issuance } = args;
    const authority = (profile: "etcd-ca" | "front-proxy-ca") =>
      new CertificateAuthority(
        `${name}/${profile}`,
        {
          profile,
          keyAlgorithm: issuance.keyAlgorithm,
          validityHours: settings.caValidityHours,
        },
        { parent: this },
      );
    this.etcdCa = authority("etcd-ca");
    this.frontProxyCa = authority("front-proxy-ca");
    this.serviceAccountKey = createKey(`${name}/sa`, issuance.keyAlgorithm, { parent: this });

    const hosts = args.hosts.map((host, index) => {
      const certificates = issueHostCertificates(name, host, this, args);
      const kubeconfigs = issueKubeconfigs(name, host, index === 0, this, args);
      return { host, certificates, kubeconfigs };
    });
    const shared = sharedFiles(this, issuance, args.caKey ?? true);
    this.files = Object.fromEntries(
      hosts.map(({ host, certificates, kubeconfigs }) => [
        host.name,
        [
          ...shared,
          ...certificates.flatMap(({ path, issued }) => keyPairFiles(path, issued)),
          ...kubeconfigs.map(({ path, content }) => privateFile(path, content)),
        ],
      ]),
    );
    this.expiry = Object.fromEntries(
      hosts.map(({ host, certificates, kubeconfigs }) => [
        host.name,
        Object.fromEntries(
          [...certificates, ...kubeconfigs].map(({ id, issued }) => [id, issued.validityEndTime]),
        ),
      ]),
    );
    this.registerOutputs({
      hosts: args.hosts.map((host) => host.name),
      etcdCa: { certPem: this.etcdCa.certPem },
      frontProxyCa: { certPem: this.frontProxyCa.certPem },
      serviceAccountPublicKeyPem: this.serviceAccountKey.publicKeyPem,
      serviceAccountPrivateKeyPem: this.serviceAccountKey.privateKeyPem,
      expiry: this.expiry,
    });
  }
}

type HostCertificate = {
  /** kubeadm's name of the certificate. */
  id: string;
  /** Path without `.crt` and `.key`. */
  path: string;
  issued: IssuedCertificate;
};

function issueHostCertificates(
  name: string,
  host: ControlPlaneHost,
  parent: ControlPlaneCertificates,
  { settings, issuance }: ControlPlaneCertificatesArgs,
): HostCertificate[] {
  const etcdSans = {
    dnsNames: [host.name, "localhost"],
    ipAddresses: distinct([host.advertiseAddress, "127.0.0.1", "::1"]),
  };
  const by = (ca: CertificateAuthority): Issuance => ({
    ...issuance,
    ca: { certPem: ca.certPem, privateKeyPem: signingKey(ca) },
  });
  const issue = (
    id: string,
    path: string,
    spec: Parameters<typeof issueCertificate>[1],
    from: Issuance,
  ): HostCertificate => ({
    id,
    path,
    issued: issueCertificate(`${name}/${host.name}/${id}`, spec, from, { parent }),
  });
  const etcd = by(parent.etcdCa);
  return [
    issue(
      "apiserver",
      paths.apiserver,
      { commonName: "kube-apiserver", ...apiServerNames(host, settings), usages: ["server_auth"] },
      issuance,
    ),
    issue(
      certificateNames.apiServerKubeletClient,
      paths.apiserverKubeletClient,
      {
        commonName: kubeletClientUser,
        organization: kubeletClientGroup(settings.kubernetesVersion),
        usages: ["client_auth"],
      },
      issuance,
    ),
    issue(
      "front-proxy-client",
      paths.frontProxyClient,
      { commonName: "front-proxy-client", usages: ["client_auth"] },
      by(parent.frontProxyCa),
    ),
    issue(
      "etcd-server",
      paths.etcdServer,
      { commonName: host.name, ...etcdSans, usages: ["server_auth", "client_auth"] },
      etcd,
    ),
    issue(
      "etcd-peer",
      paths.etcdPeer,
      { commonName: host.name, ...etcdSans, usages: ["server_auth", "client_auth"] },
      etcd,
    ),
    issue(
      "etcd-healthcheck-client",
      paths.etcdHealthcheckClient,
      { commonName: "kube-etcd-healthcheck-client", usages: ["client_auth"] },
      etcd,
    ),
    issue(
      "apiserver-etcd-client",
      paths.apiserverEtcdClient,
      { commonName: "kube-apiserver-etcd-client", usages: ["client_auth"] },
      etcd,
    ),
  ];
}

type HostKubeconfig = {
  id: string;
  path: string;
  content: pulumi.Output<string>;
  issued: IssuedCertificate;
};

function issueKubeconfigs(
  name: string,
  host: ControlPlaneHost,
  first: boolean,
  parent: ControlPlaneCertificates,
  {
    settings,
    issuance,
    superAdminHours = clusterDefaults.superAdminHours,
  }: ControlPlaneCertificatesArgs,
): HostKubeconfig[] {
  const issue = (
    id: string,
    path: string,
    user: string,
    server: string,
    organization?: string,
    from: Issuance = issuance,
  ): HostKubeconfig => {
    const issued = issueCertificate(
      `${name}/${host.name}/${id}`,
      { commonName: user, organization, usages: ["client_auth"] },
      from,
      { parent },
    );
    const content = kubeconfig({
      cluster: settings.clusterName,
      server,
      user,
      caPem: trustOf(issuance.ca),
      client: issued,
    });
    return { id, path, content, issued };
  };
  const endpoint = endpointUrl(settings);
  const local = localUrl(host.advertiseAddress);
  return [
    issue("admin", paths.adminConf, "kubernetes-admin", endpoint, "kubeadm:cluster-admins"),
    ...(first && superAdminHours > 0
      ? [
          issue(
            "super-admin",
            paths.superAdminConf,
            "kubernetes-super-admin",
            endpoint,
            "system:masters",
            // Never early: it is for the first start, not for keeping.
            { ...issuance, validityHours: superAdminHours, earlyRenewalHours: 0 },
          ),
        ]
      : []),
    issue(
      "controller-manager",
      paths.controllerManagerConf,
      "system:kube-controller-manager",
      local,
    ),
    issue("scheduler", paths.schedulerConf, "system:kube-scheduler", local),
  ];
}

/** What every host has alike. The cluster's `ca.crt` is not among them: every machine has it. */
function sharedFiles(
  parent: ControlPlaneCertificates,
  issuance: Issuance,
  caKey: boolean,
): HostFile[] {
  const authorityFiles = (path: string, ca: CertificateAuthority) =>
    keyPairFiles(path, { certPem: ca.certPem, privateKeyPem: signingKey(ca) });
  return [
    ...(caKey ? [privateFile(paths.caKey, issuance.ca.privateKeyPem)] : []),
    ...authorityFiles(paths.etcdCa, parent.etcdCa),
    ...authorityFiles(paths.frontProxyCa, parent.frontProxyCa),
    privateFile(keyOf(paths.serviceAccount), parent.serviceAccountKey.privateKeyPem),
    publicFile(`${paths.serviceAccount}.pub`, parent.serviceAccountKey.publicKeyPem),
  ];
}

/** The key of a CA that was made with one. */
function signingKey(ca: CertificateAuthority): pulumi.Output<string> {
  if (ca.privateKeyPem === undefined) throw new Error("this CA has no key to sign with");
  return ca.privateKeyPem;
}

function distinct(values: string[]): string[] {
  return [...new Set(values)];
}
