import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import {
  digestOf,
  kubeletConfigMapOutputs,
  poolLabel,
  servingModeAnnotation,
  tokens,
  writtenOn,
} from "../trust/contract.ts";
import {
  CheckedConfiguration,
  checkConfiguration,
  type KubeletConfiguration,
  type KubeletSettings,
  kubeletConfiguration,
  renderKubeletConfiguration,
} from "./kubeadm/kubelet-configuration.ts";
import { clusterLabels, systemNamespace } from "./kubeadm/metadata.ts";
import { clusterDefaults } from "./plan/defaults.ts";
import { fail } from "./plan/failure.ts";

export interface KubeletConfigMapArgs extends Omit<KubeletSettings, "configuration"> {
  /** Whatever else is wanted; a configuration that was planned is not checked again. Default: nothing. */
  configuration?: KubeletConfiguration | CheckedConfiguration;
  /** With or without the `v`; decides which fields there are. Default: the newest known. */
  kubernetesVersion?: string;
  /** Goes into the label `kubelet-trust/cluster`. */
  clusterName: string;
  /**
   * The node pool it is for: the ConfigMap is then named `kubelet-config-<pool>`. Default: none; the name is
   * kubeadm's own, `kubelet-config`.
   */
  pool?: string;
}

/**
 * The KubeletConfiguration of kubelets in one serving mode, in the ConfigMap that kubeadm would look for.
 *
 * The serving mode decides `serverTLSBootstrap`, `tlsCertFile` and `tlsPrivateKeyFile`; in every mode strangers
 * are kept out: `clientCAFile`, webhook authentication and authorization, no anonymous requests, no read-only
 * port. `rotateCertificates` concerns the kubelet client certificate and is on, as kubeadm has it; kubelets need
 * the binding to `...:selfnodeclient` for it, which {@link Cluster} and {@link BootstrapToken} make.
 * Source: kubernetes `cmd/kubeadm/app/componentconfigs/kubelet.go`, `cmd/kubeadm/app/constants/constants.go`.
 *
 * @throws pulumi.RunError when a given field contradicts the mode, before anything is registered.
 *
 * @example
 * new KubeletConfigMap("workers", {
 *   clusterName: "prod",
 *   pool: "workers",
 *   servingMode: "bootstrap",
 *   clusterDns: "10.96.0.10",
 *   dnsDomain: "cluster.local",
 *   configuration: { maxPods: 50 },
 * });
 */
export class KubeletConfigMap extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.kubeletConfigMap;

  /** Name of the ConfigMap in `kube-system`. */
  readonly configMapName: string;
  /** The KubeletConfiguration, YAML: what is under the key `kubelet`. Known at preview. */
  readonly kubelet: string;

  constructor(name: string, args: KubeletConfigMapArgs, opts?: pulumi.ComponentResourceOptions) {
    const configuration = checkedOf(args);
    super(KubeletConfigMap.__pulumiType, name, {}, opts);
    this.configMapName = args.pool === undefined ? "kubelet-config" : `kubelet-config-${args.pool}`;
    this.kubelet = renderKubeletConfiguration(kubeletConfiguration({ ...args, configuration }));
    const metadata = {
      name: this.configMapName,
      namespace: systemNamespace,
      labels: {
        ...clusterLabels(args.clusterName),
        ...(args.pool === undefined ? {} : { [poolLabel]: args.pool }),
      },
      annotations: { [servingModeAnnotation]: args.servingMode },
    };
    new k8s.core.v1.ConfigMap(
      name,
      { metadata, data: { kubelet: this.kubelet } },
      { parent: this },
    );
    this.registerOutputs({
      configMapName: this.configMapName,
      servingMode: args.servingMode,
      kubelet: this.kubelet,
      [kubeletConfigMapOutputs.digest]: digestOf(writtenOn(metadata)),
    });
  }
}

/** @throws pulumi.RunError when the configuration contradicts the mode. */
function checkedOf(args: KubeletConfigMapArgs): CheckedConfiguration {
  if (args.configuration instanceof CheckedConfiguration) return args.configuration;
  const version = args.kubernetesVersion ?? clusterDefaults.kubernetesVersion;
  const given = args.configuration ?? {};
  const answer = checkConfiguration(args.servingMode, given, "configuration", version);
  return answer instanceof CheckedConfiguration ? answer : fail(answer);
}
