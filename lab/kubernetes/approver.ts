/**
 * Stands in for the approver of kubelet serving certificates that the stack deploys and whose image cannot be
 * pulled into a lab: it applies the rules that the rendered Deployment states, with a token of the ServiceAccount
 * that it names, so that the rendered RBAC decides what it may do.
 *
 * The rules are those of postfinance/kubelet-csr-approver (its README, "Parameters").
 */
import { BlockList, isIPv6 } from "node:net";
import {
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
} from "../../test/support/x509.ts";
import { Failure } from "../../toolchain/fail.mjs";
import { canonicalIp } from "../../trust/go/ip.ts";
import { type Api, apiClient, type Connection } from "./api.ts";
import type { Manifest, RenderedStack } from "./rendered.ts";

/** The signer of kubelet serving certificates (kubernetes `certificates/v1`, KubeletServingSignerName). */
const servingSigner = "kubernetes.io/kubelet-serving";

/** What an approver was deployed with. */
export type ApproverRules = {
  readonly namespace: string;
  readonly serviceAccount: string;
  /** Names of nodes and the DNS names that they may ask for. */
  readonly names: RegExp;
  /** Addresses that they may ask for, as CIDRs. */
  readonly addresses: readonly string[];
  /** Longest lifetime that may be asked for. */
  readonly longestSeconds: number;
  readonly mostDnsNames: number;
  /**
   * What each name is resolved to, by the pod's hosts file: of a request with names, every address must be among the
   * answers. Absent where names are not looked up.
   */
  readonly resolved?: ReadonlyMap<string, readonly string[]>;
};

/** A request as kube-apiserver has it, in the fields that decide. */
export type SigningRequest = {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly signerName: string;
    readonly username: string;
    readonly groups?: readonly string[];
    readonly usages?: readonly string[];
    readonly expirationSeconds?: number;
    /** Base64 of PEM. */
    readonly request: string;
  };
  readonly status?: { readonly conditions?: readonly object[]; readonly certificate?: string };
};

/** The approver that a stack renders; undefined when it renders none. */
export function approverRules(stack: RenderedStack): ApproverRules | undefined {
  const deployment = stack.manifests.find(
    (manifest) => manifest.kind === "Deployment" && containerOf(manifest) !== undefined,
  );
  if (deployment === undefined) return undefined;
  const pod = podSpec(deployment);
  const variables = Object.fromEntries(
    (containerOf(deployment)?.env ?? []).map(({ name, value }) => [name, value ?? ""]),
  );
  return {
    namespace: deployment.metadata?.namespace ?? "default",
    serviceAccount: pod?.serviceAccountName ?? "default",
    names: new RegExp(variables.PROVIDER_REGEX || "^$"),
    addresses: (variables.PROVIDER_IP_PREFIXES || "0.0.0.0/0,::/0").split(","),
    longestSeconds: Number(variables.MAX_EXPIRATION_SEC || 367 * 24 * 3600),
    mostDnsNames: Number(variables.ALLOWED_DNS_NAMES || 1),
    ...(variables.BYPASS_DNS_RESOLUTION === "true" ? {} : { resolved: hostsOf(pod) }),
  };
}

/** Why a request is not approved; undefined when it is. */
export function objection(rules: ApproverRules, { spec }: SigningRequest): string | undefined {
  const request = new Pkcs10CertificateRequest(
    Buffer.from(spec.request, "base64").toString("utf8"),
  );
  const [commonName = ""] = request.subjectName.getField("CN");
  const node = spec.username.replace(/^system:node:/, "");
  const names = alternativeNames(request);
  const dnsNames = names.filter(({ type }) => type === "dns").map(({ value }) => value);
  const addresses = names.filter(({ type }) => type === "ip").map(({ value }) => value);
  const strange = addresses.find((address) => !within(address, rules.addresses));
  const misnamed = dnsNames.find((name) => !name.startsWith(node) || !rules.names.test(name));
  const allowed = ["digital signature", "key encipherment", "server auth"];
  const use = (spec.usages ?? []).find((usage) => !allowed.includes(usage));

  if (!spec.username.startsWith("system:node:")) return `${spec.username} is not a node`;
  if (!(spec.groups ?? []).includes("system:nodes"))
    return `${spec.username} is not in system:nodes`;
  if (commonName !== spec.username) return `the CN is ${commonName}, not ${spec.username}`;
  if (!rules.names.test(node)) return `node name ${node} does not match ${rules.names.source}`;
  if (dnsNames.length + addresses.length === 0) return "it names no address";
  if (dnsNames.length > rules.mostDnsNames) return `it has ${dnsNames.length} DNS names`;
  if (misnamed !== undefined) return `DNS name ${misnamed} is not the node's`;
  if (strange !== undefined) return `address ${strange} is not in ${rules.addresses.join(",")}`;
  const elsewhere = unresolved(rules, dnsNames, addresses);
  if (elsewhere !== undefined) return elsewhere;
  if (use !== undefined) return `it asks for the usage ${use}`;
  if ((spec.expirationSeconds ?? 0) > rules.longestSeconds) {
    return `it asks for ${spec.expirationSeconds} s, more than ${rules.longestSeconds} s`;
  }
  return undefined;
}

/** The address that a request's names are not resolved to, or the name that is not resolved at all. */
function unresolved(
  { resolved }: ApproverRules,
  names: readonly string[],
  addresses: readonly string[],
): string | undefined {
  if (resolved === undefined || names.length === 0) return undefined;
  const unknown = names.find((name) => !resolved.has(name));
  if (unknown !== undefined) return `DNS name ${unknown} cannot be resolved`;
  const answers = names.flatMap((name) => resolved.get(name) ?? []);
  const other = addresses.find((address) => !answers.includes(canonicalIp(address) ?? address));
  return other === undefined
    ? undefined
    : `address ${other} is not among what its names resolve to, ${answers.join(", ")}`;
}

function hostsOf(pod: PodSpec | undefined): ReadonlyMap<string, readonly string[]> {
  const hosts = new Map<string, string[]>();
  for (const { ip, hostnames = [] } of pod?.hostAliases ?? []) {
    for (const name of hostnames) hosts.set(name, [...(hosts.get(name) ?? []), ip]);
  }
  return hosts;
}

/** A decision that was made. */
export type Decision = {
  readonly request: string;
  readonly node: string;
  readonly objection?: string;
};

/**
 * A client with the approver's own permissions.
 *
 * @param admin makes the token; nothing else is done with it
 * @throws {Failure} when the ServiceAccount is not there.
 */
export async function approverClient(
  admin: Api,
  connection: Connection,
  { namespace, serviceAccount }: ApproverRules,
): Promise<Api> {
  const { status, body } = await admin(
    "POST",
    `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    {
      apiVersion: "authentication.k8s.io/v1",
      kind: "TokenRequest",
      spec: { expirationSeconds: 3600 },
    },
  );
  if (status !== 201) {
    throw new Failure(`ServiceAccount ${namespace}/${serviceAccount} gets no token (${status}).`);
  }
  const { host, port, ca } = connection;
  const { token } = (body as { status: { token: string } }).status;
  return apiClient({ host, port, ca, token });
}

/**
 * Decides the requests that wait for a decision, once.
 *
 * @param api a client with the approver's permissions
 * @throws {Failure} when those permissions do not suffice: the rendered RBAC is wrong.
 */
export async function decideRequests(api: Api, rules: ApproverRules): Promise<Decision[]> {
  const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  const list = await api("GET", path);
  refuse(list.status, "list", rules);
  const waiting = (list.body as { items: SigningRequest[] }).items.filter(
    ({ spec, status }) => spec.signerName === servingSigner && !status?.conditions?.length,
  );
  const decisions: Decision[] = [];
  for (const request of waiting) {
    const against = objection(rules, request);
    const { name } = request.metadata;
    const condition = {
      type: against === undefined ? "Approved" : "Denied",
      status: "True",
      reason: "KubeletTrustLab",
      message: against ?? "It keeps the rules of the rendered approver.",
    };
    const answer = await api("PUT", `${path}/${name}/approval`, {
      apiVersion: "certificates.k8s.io/v1",
      kind: "CertificateSigningRequest",
      ...request,
      status: { conditions: [condition] },
    });
    // Somebody else changed it meanwhile: the next round sees to it.
    if (answer.status === 409) continue;
    refuse(answer.status, "approve", rules);
    const node = request.spec.username.replace(/^system:node:/, "");
    decisions.push({
      request: name,
      node,
      ...(against === undefined ? {} : { objection: against }),
    });
  }
  return decisions;
}

function refuse(status: number, verb: string, { namespace, serviceAccount }: ApproverRules): void {
  if (status < 300) return;
  throw new Failure(
    `ServiceAccount ${namespace}/${serviceAccount} may not ${verb} certificate signing requests (${status}): ` +
      "the rendered RBAC does not let the approver work.",
  );
}

function alternativeNames(
  request: Pkcs10CertificateRequest,
): readonly { type: string; value: string }[] {
  const extension = request.extensions.find(
    (one) => one instanceof SubjectAlternativeNameExtension,
  );
  return extension?.names.items ?? [];
}

function within(address: string, cidrs: readonly string[]): boolean {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [network = "", bits = ""] = cidr.trim().split("/");
    list.addSubnet(network, Number(bits), isIPv6(network) ? "ipv6" : "ipv4");
  }
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

type Container = {
  readonly image?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string }[];
};
type PodSpec = {
  readonly serviceAccountName?: string;
  readonly containers?: readonly Container[];
  readonly hostAliases?: readonly { readonly ip: string; readonly hostnames?: readonly string[] }[];
};

function podSpec(deployment: Manifest): PodSpec | undefined {
  return (deployment.spec as { template?: { spec?: PodSpec } } | undefined)?.template?.spec;
}

/** The container that has an approver's rules. */
function containerOf(deployment: Manifest): Container | undefined {
  return podSpec(deployment)?.containers?.find(({ env = [] }) =>
    env.some(({ name }) => name === "PROVIDER_REGEX"),
  );
}
