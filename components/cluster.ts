import * as pulumi from "@pulumi/pulumi";
import { paths, tokens } from "../trust/contract.ts";
import type { ApiServerStance, KeyAlgorithm, ServingMode } from "../trust/words/vocabulary.ts";
import { ApiServerKubeletAccess } from "./api-server-kubelet-access.ts";
import { BootstrapToken, bindGroup, selfNodeClientRole } from "./bootstrap-token.ts";
import { CertificateAuthority } from "./certificate-authority.ts";
import { ControlPlaneCertificates } from "./control-plane-certificates.ts";
import { type ControlPlaneExtras, HostFiles } from "./host-files.ts";
import { clusterLabels } from "./kubeadm/metadata.ts";
import { staticPods } from "./kubeadm/static-pods.ts";
import { KubeletConfigMap } from "./kubelet-config-map.ts";
import { KubeletServingApprover } from "./kubelet-serving-approver.ts";
import { NodeCertificates } from "./node-certificates.ts";
import { NodePool, type PoolArgs } from "./node-pool.ts";
import type { ExistingAuthority } from "./pki/existing-authority.ts";
import { privateFile, publicFile } from "./pki/host-file.ts";
import { type ClusterPlan, planCluster } from "./plan/cluster-plan.ts";
import {
  type ClusterSettings,
  clusterDnsIp,
  endpointUrl,
  issuanceOf,
} from "./plan/cluster-settings.ts";
import { addressesOf, type Machine, type MachineArgs } from "./plan/machines.ts";

export interface ClusterArgs {
  /** Name in labels, kubeconfigs and kubeadm's configuration. Default: the component's name. */
  clusterName?: string;
  /** Kubernetes version, with or without `v`. Default 1.37.2. */
  kubernetesVersion?: string;
  /** `host` or `host:port` under which every machine reaches kube-apiserver. Default: the first control plane. */
  controlPlaneEndpoint?: string;
  /** At least one; several form one etcd cluster. */
  controlPlanes: readonly MachineArgs[];
  /** How the control planes' own kubelets come by their serving certificates. Default `provisioned`. */
  controlPlaneServingMode?: ServingMode;
  nodePools: readonly PoolArgs[];
  /** What kube-apiserver is told about kubelet serving certificates. Default `verify`. */
  stance?: ApiServerStance;
  /** Why nothing is verified; with stance `skip`, and only then. */
  skipReason?: string;
  /** Default `ECDSA-P256`. */
  keyAlgorithm?: KeyAlgorithm;
  /** Lifetime of leaf certificates, in hours. Default 8760: one year, as kubeadm has it. */
  validityHours?: number;
  /** Lifetime of new CA certificates, in hours. Default 87600: ten years, as kubeadm has it. */
  caValidityHours?: number;
  /**
   * Hours before its end from which an update replaces a leaf certificate; a third of the lifetime when that is
   * less. Default 720: thirty days.
   */
  earlyRenewalHours?: number;
  /** The cluster's CA, if there is one already; with its key. Default: a new one is made. */
  certificateAuthority?: ExistingAuthority;
  /** CIDR of services. Default 10.96.0.0/12. */
  serviceSubnet?: string;
  /** CIDR of pods. Default: none; the network plugin then brings its own. */
  podSubnet?: string;
  /** DNS domain of services. Default `cluster.local`. */
  dnsDomain?: string;
  /** Whether to make a token for further nodes of pools in mode `bootstrap`, when there are any. Default true. */
  bootstrapToken?: boolean;
  /** End of the token's life, RFC 3339. Default: none. */
  bootstrapTokenExpiration?: string;
  /** Image and tag of the approver for mode `bootstrap`. Default postfinance/kubelet-csr-approver v1.2.14. */
  approver?: { image?: string; version?: string };
}

/**
 * A cluster whose kubelets and kube-apiserver trust each other: all certificates, the kubelets' configuration,
 * kube-apiserver's flags, RBAC, and the files of every machine. A pool's `servingMode` is all that is chosen; the
 * other side follows.
 *
 * @throws pulumi.RunError with one paragraph for each problem, before anything is registered: see clusterPlan.ts.
 */
export class Cluster extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.cluster;

  /** Plain data for {@link NodePool} in another stack. */
  readonly settings: ClusterSettings;
  readonly ca: CertificateAuthority;
  readonly kubeletAccess: ApiServerKubeletAccess;
  readonly controlPlaneCertificates: ControlPlaneCertificates;
  /** Of the control planes' own kubelets. */
  readonly controlPlaneKubelets: NodeCertificates;
  readonly nodePools: readonly NodePool[];
  /** When some kubelets are in mode `bootstrap`; so is the token. */
  readonly approver: KubeletServingApprover | undefined;
  readonly bootstrapToken: BootstrapToken | undefined;

  constructor(name: string, args: ClusterArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = planCluster(name, args);
    super(Cluster.__pulumiType, name, {}, opts);
    const { settings } = plan;
    this.settings = settings;
    this.ca = createAuthority(name, args, this);
    const ca = { certPem: this.ca.certPem, privateKeyPem: signingKey(this.ca) };

    this.kubeletAccess = createKubeletAccess(name, plan, args, this);
    this.controlPlaneCertificates = new ControlPlaneCertificates(
      name,
      { hosts: plan.hosts, settings, issuance: issuanceOf(settings, ca) },
      { parent: this },
    );
    this.controlPlaneKubelets = createControlPlaneMachines(name, plan, ca, this);
    const nodePools: NodePool[] = [];
    for (const pool of args.nodePools) {
      nodePools.push(
        new NodePool(`${name}/${pool.name}`, { pool, settings, ca }, { parent: this }),
      );
    }
    this.nodePools = nodePools;
    createBindings(name, settings, this);
    this.approver = createApprover(name, plan, args, this);
    this.bootstrapToken = createBootstrapToken(name, plan, args, this);

    this.registerOutputs({
      clusterName: settings.clusterName,
      kubernetesVersion: settings.kubernetesVersion,
      controlPlaneEndpoint: settings.controlPlaneEndpoint,
      stance: settings.stance,
      apiServerFlags: this.kubeletAccess.flags,
      controlPlaneServingMode: plan.controlPlaneServingMode,
      nodePools: this.nodePools.map((pool) => ({
        name: pool.poolName,
        servingMode: pool.servingMode,
        nodes: pool.machines.length,
      })),
      caCertPem: this.ca.certPem,
    });
  }
}

function createAuthority(name: string, args: ClusterArgs, parent: Cluster): CertificateAuthority {
  const { keyAlgorithm, caValidityHours: validityHours } = parent.settings;
  const existing = args.certificateAuthority;
  return new CertificateAuthority(
    `${name}/ca`,
    existing === undefined ? { keyAlgorithm, validityHours } : { existing },
    { parent },
  );
}

function createKubeletAccess(
  name: string,
  plan: ClusterPlan,
  args: ClusterArgs,
  parent: Cluster,
): ApiServerKubeletAccess {
  const handedIn = plan.selfSigned.flatMap(({ selfSignedCertificate: pem }) => pem ?? []);
  const trustedCertificates =
    plan.settings.stance === "trustSelfSigned" ? [parent.ca.certPem, ...handedIn] : [];
  return new ApiServerKubeletAccess(
    name,
    {
      settings: plan.settings,
      trustedCertificates,
      ...(args.skipReason === undefined ? {} : { skipReason: args.skipReason }),
    },
    { parent },
  );
}

/** The control planes run kubelets too: they get what a node gets, and their own files beside it. */
function createControlPlaneMachines(
  name: string,
  plan: ClusterPlan,
  ca: { certPem: pulumi.Output<string>; privateKeyPem: pulumi.Output<string> },
  parent: Cluster,
): NodeCertificates {
  const { settings, controlPlanes: machines, controlPlaneServingMode: servingMode } = plan;
  const { clusterName } = settings;
  const kubeletConfigMap = new KubeletConfigMap(
    name,
    {
      clusterName,
      servingMode,
      clusterDns: clusterDnsIp(settings),
      dnsDomain: settings.dnsDomain,
      configuration: {
        registerWithTaints: [
          { key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" },
        ],
      },
    },
    { parent },
  );
  const certificates = new NodeCertificates(
    name,
    {
      machines,
      servingMode,
      clusterName,
      server: endpointUrl(settings),
      issuance: issuanceOf(settings, ca),
    },
    { parent },
  );
  new HostFiles(
    name,
    {
      machines,
      kubernetesVersion: settings.kubernetesVersion,
      clusterName,
      servingMode,
      caPem: ca.certPem,
      kubelet: kubeletConfigMap.kubelet,
      certificates,
      controlPlane: controlPlaneExtras(plan, parent),
    },
    { parent },
  );
  return certificates;
}

function controlPlaneExtras(
  plan: ClusterPlan,
  { kubeletAccess, controlPlaneCertificates }: Cluster,
): ControlPlaneExtras {
  const { bundle } = kubeletAccess;
  const hosts = plan.hosts.map((host) => {
    const pods = staticPods({
      settings: plan.settings,
      name: host.name,
      advertiseAddress: host.advertiseAddress,
      members: plan.hosts.map(({ name, advertiseAddress: address }) => ({ name, address })),
      kubeletAccessFlags: kubeletAccess.flags,
      annotations: kubeletAccess.annotations,
      ...(bundle === undefined ? {} : { hostAliases: hostAliases(plan.machines) }),
    });
    const files = [
      ...(controlPlaneCertificates.files[host.name] ?? []),
      ...(bundle === undefined ? [] : [publicFile(paths.kubeletServingBundle, bundle)]),
      ...Object.entries(pods).map(([component, { manifest }]) =>
        privateFile(`${paths.manifests}/${component}.yaml`, manifest),
      ),
    ];
    const commands = Object.fromEntries(
      Object.entries(pods).map(([component, { command }]) => [component, command]),
    );
    return { name: host.name, files, commands };
  });
  return {
    files: Object.fromEntries(hosts.map(({ name, files }) => [name, files])),
    commands: Object.fromEntries(hosts.map(({ name, commands }) => [name, commands])),
    annotations: kubeletAccess.annotations,
  };
}

/** Under `trustSelfSigned` kube-apiserver dials host names, which need not be in any DNS. */
function hostAliases(machines: readonly Machine[]) {
  return machines.flatMap((machine) => {
    const [ip] = addressesOf(machine, "InternalIP");
    return ip === undefined ? [] : [{ ip, hostnames: [machine.name] }];
  });
}

/** What kubeadm and kubelets count on: `admin.conf` is an administrator, and nodes renew their client certificates. */
function createBindings(name: string, settings: ClusterSettings, parent: Cluster): void {
  const labels = clusterLabels(settings.clusterName);
  bindGroup(
    `${name}/cluster-admins`,
    {
      id: "cluster-admins",
      name: "kubeadm:cluster-admins",
      role: "cluster-admin",
      group: "kubeadm:cluster-admins",
    },
    labels,
    parent,
  );
  bindGroup(
    `${name}/node-rotation`,
    {
      id: "node-rotation",
      name: "kubelet-trust:node-certificate-rotation",
      role: selfNodeClientRole,
      group: "system:nodes",
    },
    labels,
    parent,
  );
}

function createApprover(
  name: string,
  plan: ClusterPlan,
  args: ClusterArgs,
  parent: Cluster,
): KubeletServingApprover | undefined {
  if (plan.bootstrapping.length === 0) return undefined;
  return new KubeletServingApprover(
    `${name}/approver`,
    {
      clusterName: plan.settings.clusterName,
      machines: plan.bootstrapping,
      maxValidityHours: plan.settings.validityHours,
      ...args.approver,
    },
    { parent },
  );
}

function createBootstrapToken(
  name: string,
  plan: ClusterPlan,
  args: ClusterArgs,
  parent: Cluster,
): BootstrapToken | undefined {
  if (args.bootstrapToken === false || plan.bootstrapping.length === 0) return undefined;
  const { clusterName } = plan.settings;
  const expiration = args.bootstrapTokenExpiration;
  return new BootstrapToken(
    `${name}/bootstrap-token`,
    { clusterName, ...(expiration === undefined ? {} : { expiration }) },
    { parent },
  );
}

/** The plan has made sure that the CA comes with its key. */
function signingKey(ca: CertificateAuthority): pulumi.Output<string> {
  if (ca.privateKeyPem === undefined) throw new Error("this CA has no key to sign with");
  return ca.privateKeyPem;
}
