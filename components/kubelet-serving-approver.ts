import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { tokens } from "../trust/contract.ts";
import { clusterLabels, rbacGroup, systemNamespace } from "./kubeadm/metadata.ts";
import { isIpv6 } from "./model/addresses.ts";
import { derive } from "./model/inputs.ts";
import { dnsNames, ipAddresses, type Machine } from "./model/machines.ts";
import { failOn } from "./plan/failure.ts";
import { imageProblems, imageTagProblems } from "./plan/images.ts";

export type KubeletServingApproverArgs = {
  clusterName: string;
  /** The machines whose kubelets ask for serving certificates: nobody else's requests are approved. */
  machines: readonly Machine[];
  /** Longest lifetime that may be asked for, in hours; the approver takes at most 8808 (367 days). Default 8760. */
  maxValidityHours?: number;
  /** Image without its tag. Default `postfinance/kubelet-csr-approver`. */
  image?: string;
  /** Image tag. Default `v1.2.14`. */
  version?: string;
};

/**
 * postfinance/kubelet-csr-approver, with the names and addresses of the cluster's nodes as its rules: it approves a
 * request of the signer `kubernetes.io/kubelet-serving` when the DNS name is a node's and every address is one of
 * the nodes'. kube-controller-manager approves client certificates only.
 *
 * Its rules are one expression for all names and one list for all addresses. So that a node gets no certificate for
 * its neighbour's address, it looks each name up and demands every address among the answers; the answers are the
 * stack's own, since the pod's hosts file has each machine with its addresses. What it cannot see: it takes a request
 * without any DNS name on the list of addresses alone, and of a name only that it begins with the node's. Where nodes
 * must not be trusted with each other's addresses, use mode `provisioned`.
 * Source: postfinance/kubelet-csr-approver `internal/cmd/cmd.go`, `internal/controller/csr_controller.go`,
 * `internal/controller/regex_ip_checks.go`;
 * kubernetes `pkg/controller/certificates/approver/sarapprove.go`.
 *
 * @throws pulumi.RunError when image or version are none, before anything is registered.
 *
 * @example
 * new KubeletServingApprover("approver", { clusterName: "prod", machines: pool.machines });
 */
export class KubeletServingApprover extends pulumi.ComponentResource {
  static readonly __pulumiType = tokens.kubeletServingApprover;

  /** The rule for DNS names, a regular expression. An Output where a machine's DNS names are. */
  readonly providerRegex: string | pulumi.Output<string>;
  /** The rule for addresses, comma-separated CIDRs. An Output where a machine's IP addresses are. */
  readonly providerIpPrefixes: string | pulumi.Output<string>;

  constructor(
    name: string,
    args: KubeletServingApproverArgs,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    failOn([...imageProblems(args.image, "image"), ...imageTagProblems(args.version, "version")]);
    super(KubeletServingApprover.__pulumiType, name, {}, opts);
    this.providerRegex = nameRule(args.machines);
    this.providerIpPrefixes = addressRule(args.machines);
    const labels = { ...clusterLabels(args.clusterName), "app.kubernetes.io/name": program };
    createServiceAccount(name, labels, this);
    createPermissions(name, labels, this);
    createDeployment(name, labels, this, args);
    this.registerOutputs({
      providerRegex: this.providerRegex,
      providerIpPrefixes: this.providerIpPrefixes,
    });
  }
}

const program = "kubelet-csr-approver";

/** Longest lifetime that the approver lets itself be set to: 367 days, in seconds. */
const longestSeconds = 367 * 24 * 3600;

function nameRule(machines: readonly Machine[]) {
  return derive(machines.map(dnsNames), (known) => {
    const names = known.flat().map((name) => name.replaceAll(".", "\\."));
    return `^(${[...new Set(names)].join("|")})$`;
  });
}

function addressRule(machines: readonly Machine[]) {
  return derive(machines.map(ipAddresses), (known) =>
    [...new Set(known.flat())]
      .map((address) => `${address}/${isIpv6(address) ? 128 : 32}`)
      .join(","),
  );
}

/** What the pod's hosts file says of machines: every name of each at every address of it. */
function hostAliases(machines: readonly Machine[]) {
  const all = machines.map((machine) => [dnsNames(machine), ipAddresses(machine)] as const);
  return derive(all, (known) =>
    known.flatMap(([hostnames, addresses]) => addresses.map((ip) => ({ ip, hostnames }))),
  );
}

/** The most DNS names that a machine has. */
function mostNames(machines: readonly Machine[]) {
  return derive(machines.map(dnsNames), (known) => Math.max(...known.map((names) => names.length)));
}

function createServiceAccount(
  name: string,
  labels: Record<string, string>,
  parent: KubeletServingApprover,
): void {
  new k8s.core.v1.ServiceAccount(
    name,
    { metadata: { name: program, namespace: systemNamespace, labels } },
    { parent },
  );
}

/** Exactly what it needs: to read requests, to approve those of one signer, and to elect a leader. */
function createPermissions(
  name: string,
  labels: Record<string, string>,
  parent: KubeletServingApprover,
): void {
  const subjects = [{ kind: "ServiceAccount", name: program, namespace: systemNamespace }];
  new k8s.rbac.v1.ClusterRole(
    name,
    {
      metadata: { name: program, labels },
      rules: [
        {
          apiGroups: ["certificates.k8s.io"],
          resources: ["certificatesigningrequests"],
          verbs: ["get", "list", "watch"],
        },
        {
          apiGroups: ["certificates.k8s.io"],
          resources: ["certificatesigningrequests/approval"],
          verbs: ["update"],
        },
        {
          apiGroups: ["certificates.k8s.io"],
          resources: ["signers"],
          resourceNames: ["kubernetes.io/kubelet-serving"],
          verbs: ["approve"],
        },
      ],
    },
    { parent },
  );
  new k8s.rbac.v1.ClusterRoleBinding(
    name,
    {
      metadata: { name: program, labels },
      roleRef: { apiGroup: rbacGroup, kind: "ClusterRole", name: program },
      subjects,
    },
    { parent },
  );
  new k8s.rbac.v1.Role(
    name,
    {
      metadata: { name: program, namespace: systemNamespace, labels },
      rules: [
        {
          apiGroups: ["coordination.k8s.io"],
          resources: ["leases"],
          verbs: ["create", "get", "update"],
        },
        { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
      ],
    },
    { parent },
  );
  new k8s.rbac.v1.RoleBinding(
    name,
    {
      metadata: { name: program, namespace: systemNamespace, labels },
      roleRef: { apiGroup: rbacGroup, kind: "Role", name: program },
      subjects,
    },
    { parent },
  );
}

function createDeployment(
  name: string,
  labels: Record<string, string>,
  parent: KubeletServingApprover,
  args: KubeletServingApproverArgs,
): void {
  const selector = { "app.kubernetes.io/name": program };
  new k8s.apps.v1.Deployment(
    name,
    {
      metadata: {
        name: program,
        namespace: systemNamespace,
        labels,
        // It rolls out once there are nodes, which may not exist yet: the plugin is not to wait for them.
        annotations: { "pulumi.com/skipAwait": "true" },
      },
      spec: {
        replicas: 2,
        selector: { matchLabels: selector },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: program,
            priorityClassName: "system-cluster-critical",
            tolerations: [
              {
                key: "node-role.kubernetes.io/control-plane",
                operator: "Exists",
                effect: "NoSchedule",
              },
            ],
            hostAliases: hostAliases(args.machines),
            securityContext: { runAsNonRoot: true, runAsUser: 65532 },
            containers: [approverContainer(parent, args)],
          },
        },
      },
    },
    { parent },
  );
}

function approverContainer(
  { providerRegex, providerIpPrefixes }: KubeletServingApprover,
  args: KubeletServingApproverArgs,
) {
  const seconds = Math.min((args.maxValidityHours ?? 8760) * 3600, longestSeconds);
  const rules = {
    PROVIDER_REGEX: providerRegex,
    PROVIDER_IP_PREFIXES: providerIpPrefixes,
    MAX_EXPIRATION_SEC: String(seconds),
    BYPASS_DNS_RESOLUTION: "false",
    ALLOWED_DNS_NAMES: derive(mostNames(args.machines), String),
  };
  return {
    name: program,
    image: `${args.image ?? `postfinance/${program}`}:${args.version ?? "v1.2.14"}`,
    args: [
      "-metrics-bind-address",
      ":8080",
      "-health-probe-bind-address",
      ":8081",
      "-leader-election",
    ],
    env: Object.entries(rules).map(([name, value]) => ({ name, value })),
    livenessProbe: { httpGet: { path: "/healthz", port: 8081 } },
    resources: {
      requests: { cpu: "100m", memory: "64Mi" },
      limits: { cpu: "500m", memory: "128Mi" },
    },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
  };
}
