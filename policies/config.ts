/** The configuration of the policies: one schema, of which each policy takes what concerns it. */
import type { PolicyConfigJSONSchema } from "@pulumi/policy/schema.js";

/** The names of all policies. */
export const policyNames = [
  "kubelet-serving-trust",
  "kubelet-client-authentication",
  "kubelet-starts",
  "kubelet-serving-verified",
  "approver-binds-addresses",
  "certificate-lifetime",
  "private-key-exposure",
] as const;
export type PolicyName = (typeof policyNames)[number];

/** A kube-apiserver that lives in another stack. */
export type DeclaredApiServer = {
  /** The cluster's name in the label `kubelet-trust/cluster`. Default: kubelets of no named cluster. */
  readonly cluster?: string;
  /** Default: the policy's `kubernetesVersion`. */
  readonly kubernetesVersion?: string;
  /** Flags as they are given, e.g. `--kubelet-certificate-authority=/etc/kubernetes/pki/ca.crt`. */
  readonly flags: readonly string[];
  /** Why kubelet serving certificates are not verified, when that is meant. Default: it is not. */
  readonly skipReason?: string;
};

/** Something outside of the stack that approves requests for kubelet serving certificates. */
export type DeclaredApprover = {
  /** Default: every cluster of the stack. */
  readonly cluster?: string;
  /** Who or what approves, for people. */
  readonly name: string;
};

/** A file that the stack does not hold and that decides. */
export type DeclaredFile = {
  /** Default: every cluster of the stack. */
  readonly cluster?: string;
  /** Absolute path on the machine, or as the flag or field names it. */
  readonly path: string;
  /** Certificates, PEM. A private key is refused. */
  readonly pem: string;
};

/** An agreed exception from one policy. */
export type Waiver = {
  /** Name of the policy; default: the one that it is configured for. */
  readonly policy?: string;
  /** URN or name of a resource, or a machine's name; `*` stands for any text. */
  readonly resource?: string;
  /** Name of a cluster; `*` stands for any text. */
  readonly cluster?: string;
  readonly reason: string;
  /** Last day on which it holds, `YYYY-MM-DD`, UTC; at most 180 days ahead. */
  readonly until: string;
};

/** What a policy is configured with. */
export type Config = {
  /** Default: what the stack says, else the newest version that is known. */
  readonly kubernetesVersion?: string;
  readonly apiServers?: readonly DeclaredApiServer[];
  readonly approvers?: readonly DeclaredApprover[];
  readonly files?: readonly DeclaredFile[];
  /** Days before its end from which a certificate is reported. Default 30. */
  readonly expiryWindowDays?: number;
  readonly waivers?: readonly Waiver[];
};

type Properties = Record<string, PolicyConfigJSONSchema>;

const cluster: PolicyConfigJSONSchema = {
  type: "string",
  minLength: 1,
  description: "The cluster's name, as in the label kubelet-trust/cluster.",
};

function objects(properties: Properties, required: string[]): PolicyConfigJSONSchema {
  return {
    type: "array",
    items: { type: "object", properties, required, additionalProperties: false },
  };
}

/** What policies that judge need to know beyond the stack. */
export const judgingProperties: Properties = {
  kubernetesVersion: {
    type: "string",
    pattern: "^v?\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$",
    description: "Kubernetes version where the stack does not say one.",
  },
  apiServers: {
    ...objects(
      {
        cluster,
        kubernetesVersion: {
          type: "string",
          pattern: "^v?\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}$",
          description: "Its version; without one, the policy's.",
        },
        flags: {
          type: "array",
          items: { type: "string", pattern: "^--" },
          description: "Its flags as they are given, e.g. --kubelet-certificate-authority=FILE.",
        },
        skipReason: {
          type: "string",
          minLength: 1,
          description: "Why it verifies no kubelet, if that is meant.",
        },
      },
      ["flags"],
    ),
    description: "kube-apiservers of other stacks that call this stack's kubelets.",
  },
  approvers: {
    ...objects(
      { cluster, name: { type: "string", minLength: 1, description: "What people call it." } },
      ["name"],
    ),
    description: "Who approves requests for kubelet serving certificates, outside of this stack.",
  },
  files: {
    ...objects(
      {
        cluster,
        path: {
          type: "string",
          pattern: "^/",
          description: "Path on the machine, or as the flag or field names it.",
        },
        pem: {
          type: "string",
          minLength: 1,
          description: "Certificates, PEM. A private key is refused.",
        },
      },
      ["path", "pem"],
    ),
    description: "Certificates on the machines that are not in this stack, by path.",
  },
};

/** How long before its end a certificate is reported. */
export const lifetimeProperties: Properties = {
  expiryWindowDays: {
    type: "integer",
    minimum: 1,
    maximum: 3650,
    default: 30,
    description: "Days before its end from which a certificate is reported.",
  },
};

/** Agreed exceptions, with an end. */
export const waiverProperties: Properties = {
  waivers: {
    ...objects(
      {
        policy: {
          type: "string",
          minLength: 1,
          description: "The policy; without one, that which is configured.",
        },
        resource: {
          type: "string",
          minLength: 1,
          description: "URN or name of a resource, or a machine's name; * stands for any text.",
        },
        cluster: { ...cluster, description: "Name of a cluster; * stands for any text." },
        reason: { type: "string", minLength: 1, description: "Why, in at least two words." },
        until: {
          type: "string",
          pattern: "^\\d{4}-\\d{2}-\\d{2}$",
          description: "Last day on which it holds, UTC; at most 180 days ahead.",
        },
      },
      ["reason", "until"],
    ),
    description: "Resources or clusters that this policy leaves alone until a day, and why.",
  },
};
