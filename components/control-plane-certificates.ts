import * as pulumi from "@pulumi/pulumi";
import { certificateNames, issuerOutputs, keyOf, paths, tokens } from "../trust/contract.ts";
import { kubeletClientGroup, kubeletClientUser } from "../trust/kubeadm/pki.ts";
import { authorityFor, createAuthorities, issuingOf } from "./authority-rotation.ts";
import type { CertificateAuthority } from "./certificate-authority.ts";
import { apiServerNames } from "./kubeadm/api-server-names.ts";
import { kubeconfig } from "./kubeadm/kubeconfig.ts";
import { type ClusterSettings, endpointUrl, localUrl } from "./model/cluster-settings.ts";
import { derive } from "./model/inputs.ts";
import type { ControlPlaneHost } from "./model/machines.ts";
import { type HostFile, keyPairFiles, privateFile, publicFile } from "./pki/host-file.ts";
import {
  certificateDigests,
  createKey,
  digestsOfAll,
  type Issuance,
  type IssuedCertificate,
  type IssuingAuthority,
  issuanceFor,
  issueCertificate,
  keyInputs,
  trustOf,
} from "./pki/issuance.ts";
import { clusterDefaults } from "./plan/defaults.ts";
import type { CaRotation } from "./plan/rotation.ts";

export type ControlPlaneCertificatesArgs = {
  hosts: readonly ControlPlaneHost[];
  settings: ClusterSettings;
  /** The cluster's CA, with its key. */
  issuance: Issuance;
  /** Number of the CAs of etcd and the front proxy, which rotate with the cluster's. Default 1. */
  caGeneration?: number;
  /** Default: none. */
  caRotation?: CaRotation;
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

  /** Those that issue. */
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
    const { settings, issuance, caRotation } = args;
    const authorities = (profile: "etcd-ca" | "front-proxy-ca") =>
      createAuthorities(
        name,
        {
          profile,
          keyAlgorithm: issuance.keyAlgorithm,
          validityHours: settings.caValidityHours,
          generation: args.caGeneration ?? 1,
          rotation: caRotation,
        },
        this,
      );
    const etcd = authorities("etcd-ca");
    const frontProxy = authorities("front-proxy-ca");
    this.etcdCa = issuingOf(etcd, caRotation?.phase);
    this.frontProxyCa = issuingOf(frontProxy, caRotation?.phase);
    this.serviceAccountKey = createKey(`${name}/sa`, issuance.keyAlgorithm, { parent: this });

    const hosts = args.hosts.map((host, index) => {
      const files = caRotation?.behind?.[host.name] ?? caRotation?.phase;
      const by: HostAuthorities = {
        cluster: issuanceFor(host.name, issuance),
        etcd: authorityFor(etcd, files),
        frontProxy: authorityFor(frontProxy, files),
      };
      const certificates = issueHostCertificates(name, host, this, by, settings);
      const kubeconfigs = issueKubeconfigs(name, host, index === 0, this, by.cluster, args);
      return { host, by, certificates, kubeconfigs };
    });
    this.files = Object.fromEntries(
      hosts.map(({ host, by, certificates, kubeconfigs }) => [
        host.name,
        [
          ...authorityFiles(by, args.caKey ?? true),
          ...serviceAccountFiles(this),
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
      [issuerOutputs.digests]: digestsOfAll([
        { digests: certificateDigests(`${name}/sa`, keyInputs(issuance.keyAlgorithm)) },
        ...hosts
          .flatMap(({ certificates, kubeconfigs }) => [...certificates, ...kubeconfigs])
          .map(({ issued }) => issued),
      ]),
    });
  }
}

/** By whom a host's certificates are issued, and whom the host trusts. */
type HostAuthorities = {
  cluster: Issuance;
  etcd: IssuingAuthority;
  frontProxy: IssuingAuthority;
};

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
  { cluster: issuance, etcd: etcdCa, frontProxy }: HostAuthorities,
  settings: ClusterSettings,
): HostCertificate[] {
  const etcdSans = {
    dnsNames: [host.name, "localhost"],
    ipAddresses: derive(host.advertiseAddress, (address) =>
      distinct([address, "127.0.0.1", "::1"]),
    ),
  };
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
  const etcd = { ...issuance, ca: etcdCa };
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
      { ...issuance, ca: frontProxy },
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
  issuance: Issuance,
  { settings, superAdminHours = clusterDefaults.superAdminHours }: ControlPlaneCertificatesArgs,
): HostKubeconfig[] {
  const issue = (
    id: string,
    path: string,
    user: string,
    server: pulumi.Input<string>,
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

/** The CAs of a host but for the cluster's `ca.crt`, which every machine has. */
function authorityFiles(
  { cluster, etcd, frontProxy }: HostAuthorities,
  caKey: boolean,
): HostFile[] {
  const files = (path: string, ca: IssuingAuthority) =>
    keyPairFiles(path, { certPem: trustOf(ca), privateKeyPem: ca.privateKeyPem });
  return [
    ...(caKey ? [privateFile(paths.caKey, cluster.ca.privateKeyPem)] : []),
    ...files(paths.etcdCa, etcd),
    ...files(paths.frontProxyCa, frontProxy),
  ];
}

/** What every host has alike. */
function serviceAccountFiles({ serviceAccountKey }: ControlPlaneCertificates): HostFile[] {
  return [
    privateFile(keyOf(paths.serviceAccount), serviceAccountKey.privateKeyPem),
    publicFile(`${paths.serviceAccount}.pub`, serviceAccountKey.publicKeyPem),
  ];
}

function distinct(values: string[]): string[] {
  return [...new Set(values)];
}
