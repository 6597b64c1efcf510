/** What charts of approvers make out of their values: the workload, and the RBAC that it approves by. */
import type { GivenObject } from "./format.ts";
import type { Origin } from "./piece.ts";
import { asList, asObject, asText, type Json, type JsonObject } from "./yaml.ts";

/** The variables that kubelet-csr-approver's chart sets, by its values. */
const variables: Readonly<Record<string, string>> = {
  providerRegex: "PROVIDER_REGEX",
  providerIpPrefixes: "PROVIDER_IP_PREFIXES",
  bypassDnsResolution: "BYPASS_DNS_RESOLUTION",
  allowedDnsNames: "ALLOWED_DNS_NAMES",
  bypassHostnameCheck: "BYPASS_HOSTNAME_CHECK",
};

const known = /(?:^|\/)(kubelet-csr-approver|kubelet-serving-cert-approver)$/;

/**
 * The objects of an approver's chart; none for other charts.
 * Source: postfinance/kubelet-csr-approver `charts/kubelet-csr-approver` (values.yaml, templates).
 *
 * @param elsewhere where further values come from, which are not here: then no variable is known
 */
export function approverOf(
  chart: string,
  values: readonly JsonObject[],
  metadata: JsonObject,
  elsewhere: string | undefined,
  origin: Origin,
): readonly GivenObject[] {
  const [, program] = known.exec(chart) ?? [];
  if (program === undefined) return [];
  const given: JsonObject = Object.assign({}, ...values);
  const { replicas, nodeSelector, affinity, tolerations, rbac, image, serviceAccount } = given;
  const name = asText(metadata.name) ?? program;
  const namespace = asText(metadata.namespace) ?? "default";
  const account = asText(asObject(serviceAccount)?.name) || name;
  const pod = {
    serviceAccountName: account,
    ...(nodeSelector !== undefined && { nodeSelector }),
    ...(affinity !== undefined && { affinity }),
    tolerations: tolerations ?? ownTolerations,
    containers: [
      {
        name: program,
        image: asText(asObject(image)?.repository) ?? program,
        env: elsewhere === undefined ? environment(given) : `{{ ${elsewhere} }}`,
      },
    ],
  };
  const deployment = {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: { ...(replicas !== undefined && { replicas }), template: { spec: pod } },
  };
  const managed = asObject(rbac)?.manage === false ? [] : permissions(name, namespace, account);
  return [deployment, ...managed].map((object) => ({ object, origin }));
}

const ownTolerations = ["master", "control-plane"].map((role) => ({
  key: `node-role.kubernetes.io/${role}`,
  effect: "NoSchedule",
  operator: "Equal",
}));

function environment(values: JsonObject): Json[] {
  const own = Object.entries(variables).flatMap(([key, name]): Json[] => {
    const value = values[key];
    const text = Array.isArray(value) ? value.map(String).join(",") : String(value ?? "");
    return text === "" || text === "false" ? [] : [{ name, value: text }];
  });
  return [...own, ...asList(values.env)];
}

function permissions(name: string, namespace: string, account: string): JsonObject[] {
  const [apiVersion, apiGroup] = [
    "rbac.authorization.k8s.io/v1",
    "rbac.authorization.k8s.io",
  ] as const;
  const rule = (resource: string, verbs: Json, more: JsonObject = {}) => ({
    apiGroups: ["certificates.k8s.io"],
    resources: [resource],
    verbs,
    ...more,
  });
  return [
    {
      apiVersion,
      kind: "ClusterRole",
      metadata: { name },
      rules: [
        rule("certificatesigningrequests", ["get", "watch", "list"]),
        rule("certificatesigningrequests/approval", ["update"]),
        rule("signers", ["approve"], { resourceNames: ["kubernetes.io/kubelet-serving"] }),
      ],
    },
    {
      apiVersion,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup, kind: "ClusterRole", name },
      subjects: [{ kind: "ServiceAccount", name: account, namespace }],
    },
  ];
}
