import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { stringify } from "yaml";
import {
  certificateOf,
  digestOf,
  keyOf,
  kubeletAccessOutputs,
  paths,
  tokens,
  writtenOn,
} from "../trust/contract.ts";
import { kubeletClientUser } from "../trust/kubeadm/pki.ts";
import {
  type ApiServerStance,
  kubeadmPreferredAddressTypes,
  type NodeAddressType,
  reasonAnnotation,
  verificationAnnotation,
} from "../trust/words/vocabulary.ts";
import { type HardenedProgram, hardeningFlags, hardeningMounts } from "./kubeadm/hardening.ts";
import { clusterLabels, rbacGroup, systemNamespace } from "./kubeadm/metadata.ts";
import { type ClusterSettings, hoursAsDuration } from "./model/cluster-settings.ts";
import { hardeningOf } from "./model/hardening.ts";
import { derive } from "./model/inputs.ts";
import { joinPems } from "./pki/certificates.ts";
import { failOn } from "./plan/failure.ts";
import { stanceProblems } from "./plan/stance.ts";

export type ApiServerKubeletAccessArgs = {
  /** What everything in the cluster agrees on: the stance, and what goes into kubeadm's ClusterConfiguration. */
  settings: ClusterSettings;
  /** Why nothing is verified; needed with stance `skip`, and only then. */
  skipReason?: string;
  /**
   * The certificates that the bundle of stance `trustSelfSigned` holds: every `kubelet.crt`, and the cluster's CA
   * when some kubelets have certificates that it issued. PEM, in order. Default: none.
   */
  trustedCertificates?: readonly pulumi.Input<string>[];
};

/**
 * kube-apiserver's side of the trust: its flags towards kubelets, as a list and inside kubeadm's
 * ClusterConfiguration (ConfigMap `kubeadm-config`), and the RBAC that lets the user of its client certificate
 * reach kubelets.
 *
 * With stance `skip` the flag is left out, and annotations say that this is meant, and why.
 * Source: kubernetes `pkg/kubelet/client/kubelet_client.go`,
 * `cmd/kubeadm/app/phases/bootstraptoken/node/tlsbootstrap.go` (AllowAPIServerToAccessKubeletAPI).
 *
 * @throws pulumi.RunError when stance and reason do not go together.
 *
 * @example
 * new ApiServerKubeletAccess("access", {
 *   settings: { ...cluster.settings, stance: "skip" },
 *   skipReason: "lab without a CA",
 * });
 */
export class ApiServerKubeletAccess extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.apiServerKubeletAccess;

  readonly stance: ApiServerStance;
  /** `--name=value`, known at preview. */
  readonly flags: readonly string[];
  /** kubeadm's ClusterConfiguration, YAML; an Output where the control plane's endpoint is one. */
  readonly clusterConfiguration: string | pulumi.Output<string>;
  /** For whatever carries the flags: says that not verifying is meant. Empty unless the stance is `skip`. */
  readonly annotations: Readonly<Record<string, string>>;
  /** What `--kubelet-certificate-authority` names under stance `trustSelfSigned`, PEM; else `undefined`. */
  readonly bundle: pulumi.Output<string> | undefined;

  constructor(
    name: string,
    args: ApiServerKubeletAccessArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    failOn(stanceProblems(args.settings.stance, args.skipReason));
    super(ApiServerKubeletAccess.__pulumiType, name, {}, opts);
    this.stance = args.settings.stance;
    const flags = kubeletAccessFlags(this.stance);
    this.flags = kubeletAccessArguments(this.stance);
    this.clusterConfiguration = derive(args.settings, (settings) =>
      renderClusterConfiguration(settings, flags),
    );
    this.annotations =
      this.stance === "skip"
        ? { [verificationAnnotation]: "skip", [reasonAnnotation]: args.skipReason ?? "" }
        : {};
    this.bundle =
      this.stance === "trustSelfSigned"
        ? pulumi.all([...(args.trustedCertificates ?? [])]).apply(joinPems)
        : undefined;
    const labels = clusterLabels(args.settings.clusterName);
    const metadata = {
      name: "kubeadm-config",
      namespace: systemNamespace,
      labels,
      annotations: this.annotations,
    };
    new k8s.core.v1.ConfigMap(
      name,
      { metadata, data: { ClusterConfiguration: this.clusterConfiguration } },
      { parent: this },
    );
    createKubeletAdminBinding(name, this, labels);
    this.registerOutputs({
      [kubeletAccessOutputs.stance]: this.stance,
      [kubeletAccessOutputs.flags]: this.flags,
      [kubeletAccessOutputs.clusterConfiguration]: this.clusterConfiguration,
      [kubeletAccessOutputs.annotations]: this.annotations,
      [kubeletAccessOutputs.bundle]: this.bundle,
      [kubeletAccessOutputs.digest]: digestOf(writtenOn(metadata)),
    });
  }
}

type Flag = {
  name: string;
  value: string;
};

/** kube-apiserver's flags towards kubelets under a stance, `--name=value`, in order of names. */
export function kubeletAccessArguments(stance: ApiServerStance): string[] {
  return kubeletAccessFlags(stance).map(({ name, value }) => `--${name}=${value}`);
}

/** In order of names. */
function kubeletAccessFlags(stance: ApiServerStance): Flag[] {
  const authority: Record<ApiServerStance, string | undefined> = {
    verify: paths.ca,
    trustSelfSigned: paths.kubeletServingBundle,
    skip: undefined,
  };
  const bundle = authority[stance];
  return [
    ...(bundle === undefined ? [] : [{ name: "kubelet-certificate-authority", value: bundle }]),
    { name: "kubelet-client-certificate", value: certificateOf(paths.apiserverKubeletClient) },
    { name: "kubelet-client-key", value: keyOf(paths.apiserverKubeletClient) },
    { name: "kubelet-preferred-address-types", value: preferredAddressTypes(stance).join(",") },
  ];
}

/** A self-signed kubelet certificate names the host name alone, so kube-apiserver must dial that. */
function preferredAddressTypes(stance: ApiServerStance): readonly NodeAddressType[] {
  return stance === "trustSelfSigned"
    ? ["Hostname", ...kubeadmPreferredAddressTypes.filter((type) => type !== "Hostname")]
    : kubeadmPreferredAddressTypes;
}

/** Source: kubernetes `cmd/kubeadm/app/apis/kubeadm/v1beta4/types.go`. */
function renderClusterConfiguration(
  settings: pulumi.Unwrap<ClusterSettings>,
  flags: Flag[],
): string {
  const hardening = hardeningOf(settings.hardening);
  const hardened = (program: HardenedProgram): Flag[] =>
    Object.entries(hardeningFlags(program, hardening)).map(([name, value]) => ({ name, value }));
  const byName = (a: Flag, b: Flag) => (a.name < b.name ? -1 : 1);
  return stringify(
    {
      apiVersion: "kubeadm.k8s.io/v1beta4",
      kind: "ClusterConfiguration",
      apiServer: {
        extraArgs: [...flags, ...hardened("kube-apiserver")].sort(byName),
        extraVolumes: hardeningMounts(hardening).map(({ name, path, type, readOnly }) => ({
          name,
          hostPath: path,
          mountPath: path,
          pathType: type,
          ...(readOnly ? { readOnly } : {}),
        })),
      },
      caCertificateValidityPeriod: hoursAsDuration(settings.caValidityHours),
      certificateValidityPeriod: hoursAsDuration(settings.validityHours),
      certificatesDir: paths.pki,
      clusterName: settings.clusterName,
      controlPlaneEndpoint: settings.controlPlaneEndpoint,
      controllerManager: { extraArgs: hardened("kube-controller-manager") },
      encryptionAlgorithm: settings.keyAlgorithm,
      etcd: { local: { dataDir: paths.etcdData } },
      kubernetesVersion: `v${settings.kubernetesVersion}`,
      networking: {
        dnsDomain: settings.dnsDomain,
        ...(settings.podSubnet === undefined ? {} : { podSubnet: settings.podSubnet }),
        serviceSubnet: settings.serviceSubnet,
      },
      scheduler: { extraArgs: hardened("kube-scheduler") },
    },
    { lineWidth: 0, aliasDuplicateObjects: false },
  );
}

/** Since kubeadm 1.36.1 the client certificate carries no group, and its user is bound by name. */
function createKubeletAdminBinding(
  name: string,
  access: ApiServerKubeletAccess,
  labels: Record<string, string>,
): void {
  new k8s.rbac.v1.ClusterRoleBinding(
    name,
    {
      metadata: { name: "kubeadm:apiserver-kubelet-client", labels },
      roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: "system:kubelet-api-admin" },
      subjects: [{ apiGroup: rbacGroup, kind: "User", name: kubeletClientUser }],
    },
    { parent: access },
  );
}
