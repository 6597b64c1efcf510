/**
 * Objects by which a cloud or a distribution is told of clusters and nodes whose programs it starts itself. What it gives
 * them of its own accord is its own to agree on; what it is told to give them is read by name.
 * Sources: EKS nodeadm `api/v1alpha1`; eksctl `pkg/apis/eksctl.io/v1alpha5`; kops `pkg/apis/kops/v1alpha2`; Gardener
 * `pkg/apis/core/v1beta1`; OpenShift `machineconfiguration/v1`; cluster-api-provider-aws `bootstrap/eks/api`.
 */
import type { ObjectFormat } from "./format.ts";
import { unread } from "./origins.ts";
import { search } from "./other-object.ts";
import { asText, type JsonObject } from "./yaml.ts";

type Kind = {
  /** Of `apiVersion kind`. */
  readonly pattern: RegExp;
  readonly by: string;
  /** Fields that hold settings of a kubelet, or of another program, wherever they stand. */
  readonly settings: RegExp;
};

const kinds: readonly Kind[] = [
  {
    pattern: /^node\.eks\.aws\/\S+ NodeConfig$/,
    by: "EKS",
    settings: /^(?:kubelet|featureGates)$/,
  },
  {
    pattern: /^eksctl\.io\/\S+ ClusterConfig$/,
    by: "eksctl",
    settings: /^kubeletExtraConfig$/,
  },
  {
    pattern: /^bootstrap\.cluster\.x-k8s\.io\/\S+ (?:EKS|Nodeadm)Config(?:Template)?$/,
    by: "EKS",
    settings: /^(?:kubelet|kubeletExtraArgs|featureGates|boo?tstrapCommandOverride)$/,
  },
  {
    pattern: /^kops\.k8s\.io\/\S+ (?:Cluster|InstanceGroup)$/,
    by: "kops",
    settings:
      /^(?:kubelet|masterKubelet|controlPlaneKubelet|kubeAPIServer|kubeControllerManager|authorization)$/,
  },
  {
    pattern: /^core\.gardener\.cloud\/\S+ Shoot$/,
    by: "Gardener",
    settings: /^(?:kubelet|kubeAPIServer|kubeControllerManager)$/,
  },
  {
    pattern: /^machineconfiguration\.openshift\.io\/\S+ KubeletConfig$/,
    by: "OpenShift",
    settings: /^(?:kubeletConfig|tlsSecurityProfile)$/,
  },
];

/** Fields above those: what is not known of them may bring any. */
const above =
  /^(?:spec|template|kubernetes|provider|workers|nodeGroups|managedNodeGroups|bottlerocket|settings|overrideBootstrapCommand)$/;

const startsKubelet = true;

function kindOf(object: JsonObject): Kind | undefined {
  const named = `${asText(object.apiVersion) ?? ""} ${asText(object.kind) ?? ""}`;
  return kinds.find(({ pattern }) => pattern.test(named));
}

export const managed: ObjectFormat = {
  name: "nodes of a cloud or a distribution",
  about: `NodeConfig of EKS, eksctl's ClusterConfig, EKSConfig and NodeadmConfig of Cluster API, Cluster and InstanceGroup of kops, Gardener's Shoot, OpenShift's KubeletConfig: settings of kubelets that only tune are a note, those that decide are named as not read, and whether a kubelet is open is judged; with none of them what the distribution does itself is a note; files, scripts and user data in them`,
  recognises: (object) => kindOf(object) !== undefined,
  read: (object, origin, lineOf) => {
    const { by, settings } = kindOf(object) ?? { by: "", settings: /^$/ };
    const { pieces, inner } = search(object, origin, lineOf, { by, settings, above });
    const isSaid = pieces.some(({ kind }) => kind === "unread");
    const rest = unread(origin, `what ${by} makes of ${origin.source.where}`, false);
    const all = isSaid ? pieces : [...pieces, rest];
    return {
      pieces: all.map((piece) => (piece.kind === "unread" ? { ...piece, startsKubelet } : piece)),
      inner,
    };
  },
};
