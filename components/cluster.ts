import * as pulumi from "@pulumi/pulumi";
import { clusterOutputs, paths, tokens } from "../trust/contract.ts";
import { ApiServerKubeletAccess } from "./api-server-kubelet-access.ts";
import {
  type Authorities,
  authoritiesBehind,
  authorityFor,
  createAuthorities,
  issuingOf,
} from "./authority-rotation.ts";
import { BootstrapToken, bindGroup, selfNodeClientRole } from "./bootstrap-token.ts";
import type { CertificateAuthority } from "./certificate-authority.ts";
import { ControlPlaneCertificates } from "./control-plane-certificates.ts";
import { type ControlPlaneExtras, HostFiles } from "./host-files.ts";
import { encryptionConfiguration, hardeningFiles } from "./kubeadm/hardening.ts";
import { clusterLabels } from "./kubeadm/metadata.ts";
import { type HostAlias, staticPods } from "./kubeadm/static-pods.ts";
import { KubeletConfigMap } from "./kubelet-config-map.ts";
import { KubeletServingApprover } from "./kubelet-serving-approver.ts";
import {
  type MachineFiles,
  type MachineFilesTarget,
  machineFilesProvider,
  machineFolder,
} from "./machine-files.ts";
import { type ClusterSettings, clusterDnsIp, endpointUrl } from "./model/cluster-settings.ts";
import { hardeningOf } from "./model/hardening.ts";
import { derive } from "./model/inputs.ts";
import { type Machine, ofTypes } from "./model/machines.ts";
import { NodeCertificates } from "./node-certificates.ts";
import { NodePool } from "./node-pool.ts";
import { joinPems, writtenAnew } from "./pki/certificates.ts";
import { createEncryptionKey } from "./pki/encryption-key.ts";
import { type HostFile, privateFile, publicFile } from "./pki/host-file.ts";
import { type Issuance, issuanceFor, issuanceOf, trustOf } from "./pki/issuance.ts";
import type { ClusterArgs } from "./plan/cluster-args.ts";
import { type ClusterPlan, planCluster } from "./plan/cluster-plan.ts";
import type { CaStanding } from "./plan/rotation.ts";

/** Where the parts of a cluster go. */
export type ClusterTargets = {
  /** Where the machines' files go. Default: rendered to `rendered/machines`, and to no cluster. */
  machineFiles?: MachineFilesTarget;
};

/**
 * A cluster whose kubelets and kube-apiserver trust each other: all certificates, the kubelets' configuration,
 * kube-apiserver's flags, RBAC, and the files of every machine. A pool's `servingMode` is all that is chosen; the
 * other side follows.
 *
 * @throws pulumi.RunError with one paragraph for each problem, before anything is registered.
 *
 * @example
 * const cluster = new Cluster("prod", {
 *   controlPlanes: [{ name: "control-plane-0", addresses: ["10.240.0.10"] }],
 *   nodePools: [{ name: "workers", nodes: [{ name: "worker-0", addresses: ["10.240.0.11"] }] }],
 * });
 * export const userData = cluster.machineFiles["worker-0"]?.cloudInit;
 */
export class Cluster extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.cluster;

  /** Plain data for {@link NodePool} in another stack. */
  readonly settings: ClusterSettings;
  /** The CA that issues; in a rotation others may be trusted beside it. */
  readonly ca: CertificateAuthority;
  /** What those trust who verify, PEM: {@link ca}, and in a rotation the other CA after it. */
  readonly trustPem: pulumi.Output<string>;
  /**
   * Where the cluster stands with its CAs, known once the files of every machine are written. A program exports it as
   * `caStanding`, and the next update is held against it; see `readDeployedCa`.
   */
  readonly caStanding: pulumi.Output<CaStanding>;
  readonly kubeletAccess: ApiServerKubeletAccess;
  readonly controlPlaneCertificates: ControlPlaneCertificates;
  /** Of the control planes' own kubelets. */
  readonly controlPlaneKubelets: NodeCertificates;
  readonly nodePools: readonly NodePool[];
  /** The files of each machine as carriers take them, by the machine's name. */
  readonly machineFiles: Readonly<Record<string, MachineFiles>>;
  /** When some kubelets are in mode `bootstrap`; so is the token. */
  readonly approver: KubeletServingApprover | undefined;
  readonly bootstrapToken: BootstrapToken | undefined;

  constructor(
    name: string,
    args: (ClusterArgs | ClusterPlan) & ClusterTargets,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    const plan = planCluster(name, args);
    super(Cluster.__pulumiType, name, {}, opts);
    const { settings } = plan;
    this.settings = settings;
    const authorities = createClusterAuthorities(name, plan, this);
    const { caRotation } = plan;
    this.ca = issuingOf(authorities, caRotation?.phase);
    const ca = authorityFor(authorities, caRotation?.phase);
    const behind = authoritiesBehind(authorities, caRotation);
    const issuance = issuanceOf(settings, ca, behind);
    this.trustPem = pulumi.output(trustOf(ca));

    this.kubeletAccess = createKubeletAccess(name, plan, this);
    this.controlPlaneCertificates = new ControlPlaneCertificates(
      name,
      {
        hosts: plan.hosts,
        settings,
        issuance,
        caGeneration: plan.caStanding.generation,
        ...(caRotation === undefined ? {} : { caRotation }),
        caKey: plan.caKeyOnControlPlanes,
        superAdminHours: plan.superAdminHours,
      },
      { parent: this },
    );
    const provider = machineFilesProvider(name, args.machineFiles, this);
    const controlPlanes = createControlPlaneMachines(name, plan, issuance, provider, this);
    this.controlPlaneKubelets = controlPlanes.certificates;
    const nodePools: NodePool[] = [];
    for (const pool of plan.pools) {
      nodePools.push(
        new NodePool(
          `${name}/${pool.name}`,
          {
            ...{ pool, settings, ca, machineFiles: provider ?? "cluster" },
            ...(behind === undefined ? {} : { behind }),
          },
          { parent: this },
        ),
      );
    }
    this.nodePools = nodePools;
    this.machineFiles = Object.assign(
      {},
      ...[controlPlanes.hostFiles, ...nodePools].map((made) => made.machineFiles),
    );
    const hostFiles = [controlPlanes.hostFiles, ...nodePools.map((pool) => pool.hostFiles)];
    this.caStanding = pulumi
      .all(hostFiles.map(({ written }) => written))
      .apply(() => plan.caStanding);
    createBindings(name, settings, this);
    this.approver = createApprover(name, plan, this);
    this.bootstrapToken = createBootstrapToken(name, plan, this);

    this.registerOutputs({
      [clusterOutputs.machineFolder]: machineFolder(args.machineFiles),
      [clusterOutputs.clusterName]: settings.clusterName,
      [clusterOutputs.kubernetesVersion]: settings.kubernetesVersion,
      [clusterOutputs.controlPlaneEndpoint]: settings.controlPlaneEndpoint,
      [clusterOutputs.stance]: settings.stance,
      [clusterOutputs.apiServerFlags]: this.kubeletAccess.flags,
      [clusterOutputs.controlPlaneServingMode]: plan.controlPlaneServingMode,
      [clusterOutputs.nodePools]: this.nodePools.map((pool) => ({
        name: pool.poolName,
        servingMode: pool.servingMode,
        nodes: pool.machines.length,
      })),
      [clusterOutputs.caCertPem]: this.ca.certPem,
    });
  }
}

function createClusterAuthorities(
  name: string,
  { certificateAuthority: current, adoption, caRotation: rotation, caStanding }: ClusterPlan,
  parent: Cluster,
): Authorities {
  const { keyAlgorithm, caValidityHours: validityHours } = parent.settings;
  return createAuthorities(
    name,
    {
      ...{ profile: "ca", keyAlgorithm, validityHours, rotation },
      generation: caStanding.generation,
      existing: { current, next: rotation?.next },
      adoption,
    },
    parent,
  );
}

function createKubeletAccess(
  name: string,
  plan: ClusterPlan,
  parent: Cluster,
): ApiServerKubeletAccess {
  const trustedCertificates =
    plan.settings.stance === "trustSelfSigned" ? [parent.trustPem, ...collected(plan)] : [];
  return new ApiServerKubeletAccess(
    name,
    {
      settings: plan.settings,
      trustedCertificates,
      ...(plan.skipReason === undefined ? {} : { skipReason: plan.skipReason }),
    },
    { parent },
  );
}

/** The certificates that kubelets have signed themselves, as far as they were handed in. */
function collected({ selfSigning }: ClusterPlan): pulumi.Input<string>[] {
  return selfSigning.flatMap(({ selfSignedCertificate: pem }) =>
    pem === undefined ? [] : [derive(pem, writtenAnew)],
  );
}

/** The control planes run kubelets too: they get what a node gets, and their own files beside it. */
function createControlPlaneMachines(
  name: string,
  plan: ClusterPlan,
  issuance: Issuance,
  provider: pulumi.ProviderResource | undefined,
  parent: Cluster,
): { certificates: NodeCertificates; hostFiles: HostFiles } {
  const { settings, controlPlanes: machines, controlPlaneServingMode: servingMode } = plan;
  const { clusterName, hardening = {} } = settings;
  const kubeletConfigMap = new KubeletConfigMap(
    name,
    {
      clusterName,
      servingMode,
      clusterDns: clusterDnsIp(settings),
      dnsDomain: settings.dnsDomain,
      hardening,
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
      issuance,
    },
    { parent },
  );
  const hostFiles = new HostFiles(
    name,
    {
      ...(provider === undefined ? {} : { provider }),
      machines,
      kubernetesVersion: settings.kubernetesVersion,
      clusterName,
      servingMode,
      issuance,
      kubelet: kubeletConfigMap.kubelet,
      certificates,
      hardening,
      controlPlane: controlPlaneExtras(name, plan, issuance, parent),
    },
    { parent },
  );
  return { certificates, hostFiles };
}

/**
 * kube-controller-manager takes one certificate, and `ca.crt` may hold more: a CA that was handed in has a chain, and in
 * a rotation there are two CAs. A cluster that was rotated stays with the file, so that the rotation ends without a
 * change on any machine.
 */
function signingFile({ certificateAuthority, caRotation, caStanding }: ClusterPlan): string {
  const alone =
    certificateAuthority === undefined && caRotation === undefined && caStanding.generation === 1;
  return alone ? paths.ca : paths.issuingCa;
}

function controlPlaneExtras(
  name: string,
  plan: ClusterPlan,
  issuance: Issuance,
  parent: Cluster,
): ControlPlaneExtras {
  const { kubeletAccess, controlPlaneCertificates } = parent;
  const apiServerFiles = hardenedApiServer(name, plan.settings, parent);
  const hosts = plan.hosts.map((host) => {
    const { ca } = issuanceFor(host.name, issuance);
    const bundle =
      kubeletAccess.bundle && issuance.behind?.[host.name]
        ? pulumi.all([trustOf(ca), ...collected(plan)]).apply(joinPems)
        : kubeletAccess.bundle;
    const pods = staticPods({
      settings: plan.settings,
      name: host.name,
      advertiseAddress: host.advertiseAddress,
      members: plan.hosts.map(({ name, advertiseAddress: address }) => ({ name, address })),
      kubeletAccessFlags: kubeletAccess.flags,
      ...(plan.caKeyOnControlPlanes ? { signingCertificate: signingFile(plan) } : {}),
      annotations: kubeletAccess.annotations,
      ...(bundle === undefined ? {} : { hostAliases: hostAliases(plan.machines) }),
    });
    const files = [
      ...(controlPlaneCertificates.files[host.name] ?? []),
      ...apiServerFiles,
      ...(bundle === undefined ? [] : [publicFile(paths.kubeletServingBundle, bundle)]),
      ...(signingFile(plan) === paths.ca ? [] : [publicFile(paths.issuingCa, ca.certPem)]),
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

/** What kube-apiserver is told by files. Every control plane has one key: they read what each other wrote. */
function hardenedApiServer(name: string, settings: ClusterSettings, parent: Cluster): HostFile[] {
  const hardening = hardeningOf(settings.hardening);
  const key = createEncryptionKey(`${name}/encryption-at-rest`, { parent });
  return [
    ...Object.entries(hardeningFiles(hardening)).map(([path, text]) => privateFile(path, text)),
    privateFile(
      paths.encryption,
      key.apply((one) => encryptionConfiguration(one, hardening)),
    ),
  ];
}

/** Under `trustSelfSigned` kube-apiserver dials host names, which need not be in any DNS. */
function hostAliases(
  machines: readonly Machine[],
): readonly HostAlias[] | pulumi.Output<readonly HostAlias[]> {
  const ofEach = machines.map((machine) =>
    ofTypes(
      machine,
      (type) => type === "InternalIP",
      ([ip]) => (ip === undefined ? [] : [{ ip, hostnames: [machine.name] }]),
    ),
  );
  return derive(ofEach, (known): readonly HostAlias[] => known.flat());
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
  parent: Cluster,
): KubeletServingApprover | undefined {
  if (plan.requesting.length === 0) return undefined;
  return new KubeletServingApprover(
    `${name}/approver`,
    {
      clusterName: plan.settings.clusterName,
      machines: plan.requesting,
      maxValidityHours: plan.settings.validityHours,
      ...plan.approver,
    },
    { parent },
  );
}

function createBootstrapToken(
  name: string,
  plan: ClusterPlan,
  parent: Cluster,
): BootstrapToken | undefined {
  if (!plan.bootstrapToken) return undefined;
  const { clusterName } = plan.settings;
  const expiration = plan.bootstrapTokenExpiration;
  return new BootstrapToken(
    `${name}/bootstrap-token`,
    { clusterName, ...(expiration === undefined ? {} : { expiration }) },
    { parent },
  );
}
