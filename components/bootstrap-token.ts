import { createHash } from "node:crypto";
import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import * as tls from "@pulumi/tls";
import { tokens } from "../trust/contract.ts";
import { clusterLabels, rbacGroup, systemNamespace } from "./kubeadm/metadata.ts";
import { createKey } from "./pki/issuance.ts";
import { expirationProblems } from "./plan/expiration.ts";
import { failOn } from "./plan/failure.ts";

export type BootstrapTokenArgs = {
  clusterName: string;
  /**
   * End of the token's life, RFC 3339, e.g. `2027-01-31T00:00:00Z`. Default: 24 hours after it was made, as kubeadm's;
   * the first update after that makes another one.
   */
  expiration?: string;
  /**
   * Whether kube-controller-manager approves what the holders of the token request. Each may then become any node of
   * any name. Default false: somebody runs `kubectl certificate approve` for each new node.
   */
  autoApprove?: boolean;
};

/**
 * A bootstrap token with which further kubelets of the cluster ask for their client certificate: the Secret and
 * the bindings that let such requests be made and be renewed. It serves authentication alone. Whoever holds it may
 * read the ConfigMap `cluster-info` where there is one, and request client certificates as a node; nothing is approved
 * for it unless `autoApprove` says so.
 * Source: kubernetes `cmd/kubeadm/app/phases/bootstraptoken/node/tlsbootstrap.go`,
 * `staging/src/k8s.io/cluster-bootstrap/token/api/types.go`.
 *
 * @throws pulumi.RunError when the expiration is no time.
 *
 * @example
 * const { token } = new BootstrapToken("token", { clusterName: "prod" });
 */
export class BootstrapToken extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.bootstrapToken;

  /** `<id>.<secret>`, secret. */
  readonly token: pulumi.Output<string>;

  constructor(name: string, args: BootstrapTokenArgs, opts?: pulumi.ComponentResourceOptions) {
    failOn(expirationProblems(args.expiration, "expiration"));
    super(BootstrapToken.__pulumiType, name, {}, opts);
    const labels = clusterLabels(args.clusterName);
    const { privateKeyPem } = createKey(name, "ECDSA-P256", { parent: this });
    const term = createTerm(name, privateKeyPem, this);
    const parts = tokenParts(pulumi.interpolate`${privateKeyPem}${term.certPem}`);
    this.token = pulumi.interpolate`${parts.id}.${parts.secret}`;
    new k8s.core.v1.Secret(
      name,
      {
        metadata: {
          name: pulumi.interpolate`bootstrap-token-${parts.id}`,
          namespace: systemNamespace,
          labels,
        },
        type: "bootstrap.kubernetes.io/token",
        stringData: {
          "token-id": parts.id,
          "token-secret": parts.secret,
          "usage-bootstrap-authentication": "true",
          "auth-extra-groups": bootstrappers,
          expiration: args.expiration ?? term.validityEndTime,
        },
      },
      { parent: this },
    );
    for (const binding of args.autoApprove === true ? [...bindings, approval] : bindings) {
      bindGroup(`${name}/${binding.id}`, binding, labels, this);
    }
    this.registerOutputs({ token: this.token });
  }
}

/** A binding of a cluster role to a group. */
export type GroupBinding = {
  /** Part of the resource's name. */
  id: string;
  /** Name of the ClusterRoleBinding. */
  name: string;
  role: string;
  group: string;
};

/** Creates a ClusterRoleBinding of a group. */
export function bindGroup(
  name: string,
  binding: GroupBinding,
  labels: Record<string, string>,
  parent: pulumi.Resource,
): void {
  new k8s.rbac.v1.ClusterRoleBinding(
    name,
    {
      metadata: { name: binding.name, labels },
      roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: binding.role },
      subjects: [{ apiGroup: rbacGroup, kind: "Group", name: binding.group }],
    },
    { parent },
  );
}

/** The group of kubelets that come with a token. */
const bootstrappers = "system:bootstrappers:kubeadm:default-node-token";

/** Lets kube-controller-manager approve that a kubelet renews its own client certificate. */
export const selfNodeClientRole =
  "system:certificates.k8s.io:certificatesigningrequests:selfnodeclient";

/** Lets kube-controller-manager approve what the holders of the token request, whichever node they say they are. */
const approval: GroupBinding = {
  id: "approve-bootstrap",
  name: "kubeadm:node-autoapprove-bootstrap",
  role: "system:certificates.k8s.io:certificatesigningrequests:nodeclient",
  group: bootstrappers,
};

const bindings: GroupBinding[] = [
  {
    id: "bootstrap",
    name: "kubeadm:kubelet-bootstrap",
    role: "system:node-bootstrapper",
    group: bootstrappers,
  },
  {
    id: "approve-rotation",
    name: "kubeadm:node-autoapprove-certificate-rotation",
    role: selfNodeClientRole,
    group: "system:nodes",
  },
];

/** kubeadm's lifetime of a token, in hours. Source: kubernetes `cmd/kubeadm/app/constants/constants.go`. */
const tokenHours = 24;

/** A certificate that serves no one: its validity is the only clock that an update can ask twice. */
function createTerm(
  name: string,
  privateKeyPem: pulumi.Output<string>,
  parent: BootstrapToken,
): tls.SelfSignedCert {
  return new tls.SelfSignedCert(
    name,
    {
      privateKeyPem,
      subject: { commonName: "term of a bootstrap token" },
      allowedUses: [],
      validityPeriodHours: tokenHours,
    },
    { parent },
  );
}

/**
 * The two halves of a token, out of a private key and a certificate of its term: a key is drawn once, by a provider that the project has
 * anyway, and stays the same until it is replaced. Both halves are secret; the id is part of a name, though, and
 * says nothing of the rest.
 */
function tokenParts(source: pulumi.Output<string>) {
  const secretPem = pulumi.secret(source);
  const half = (purpose: string, length: number) =>
    secretPem.apply((pem) => lowerCaseLetters(`${purpose}\n${pem}`, length));
  return { id: pulumi.unsecret(half("id", 6)), secret: half("secret", 16) };
}

/** The first letters and digits of a text's SHA-256 in base 36; every one is uniform to within 1 in 2^50. */
function lowerCaseLetters(text: string, length: number): string {
  const digest = createHash("sha256").update(text).digest("hex");
  return BigInt(`0x${digest}`).toString(36).slice(-length).padStart(length, "0");
}
