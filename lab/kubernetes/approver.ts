/**
 * Stands in for the approver of kubelet serving certificates that the stack deploys and whose image cannot be
 * pulled into a lab: it applies the rules that the rendered Deployment states, with a token of the ServiceAccount
 * that it names, so that the rendered RBAC decides what it may do.
 */

import { Failure } from "../../toolchain/fail.mjs";
import { kubeletCsrApprover, type RuledRequest } from "../../trust/programs/approver/rules.ts";
import { asList, asObject, asText, type JsonObject, valueAt } from "../../trust/readers/yaml.ts";
import { known } from "../../trust/words/fact.ts";
import type { Approved, ServingRequest } from "../../trust/words/facts.ts";
import { Pkcs10CertificateRequest, SubjectAlternativeNameExtension } from "../x509/library.ts";
import { type Api, apiClient, type Connection } from "./api.ts";
import type { Manifest, RenderedStack } from "./rendered.ts";

/** The signer of kubelet serving certificates (kubernetes `certificates/v1`, KubeletServingSignerName). */
const servingSigner = "kubernetes.io/kubelet-serving";

/** An approver as it was deployed. */
export type DeployedApprover = {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly refuses: (request: RuledRequest) => ServingRequest | Approved;
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

/**
 * The approver that a stack renders; undefined when it renders none.
 *
 * @throws {Failure} when the program would not start on its settings.
 */
export function deployedApprover(stack: RenderedStack): DeployedApprover | undefined {
  const deployment = stack.manifests.find(
    (manifest) => manifest.kind === "Deployment" && containerOf(manifest) !== undefined,
  );
  const container = deployment && containerOf(deployment);
  if (container === undefined) return undefined;
  const pod = podSpec(deployment);
  const namespace = asText(asObject(deployment?.metadata)?.namespace) ?? "default";
  const refuses = kubeletCsrApprover(container, {
    hostAliases: asList(pod?.hostAliases),
    // A lab's pods have no DNS.
    dns: () => known([]),
  });
  const never = refuses(undefined);
  if (never !== undefined && never.state !== "issued") {
    throw new Failure(
      `The approver of namespace ${namespace} approves nothing: ${never.because}. Correct the ` +
        "KubeletServingApprover and render the stack again, with `npm start`.",
    );
  }
  return { namespace, serviceAccount: asText(pod?.serviceAccountName) ?? "default", refuses };
}

/** Why a request is not approved; undefined when it is. */
export function objection(
  { refuses }: DeployedApprover,
  { spec }: SigningRequest,
): string | undefined {
  const request = new Pkcs10CertificateRequest(
    Buffer.from(spec.request, "base64").toString("utf8"),
  );
  const [commonName = ""] = request.subjectName.getField("CN");
  const names = alternativeNames(request);
  const ofType = (wanted: string) =>
    known(names.filter(({ type }) => type === wanted).map(({ value }) => value));
  const { username, expirationSeconds } = spec;
  const answer = refuses({
    username,
    ...(expirationSeconds !== undefined && { expirationSeconds }),
    subject: known({ commonName, organizations: request.subjectName.getField("O") }),
    dnsNames: ofType("dns"),
    ipAddresses: ofType("ip"),
  });
  return answer === undefined || answer.state === "issued" ? undefined : answer.because;
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
  { namespace, serviceAccount }: DeployedApprover,
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
export async function decideRequests(api: Api, approver: DeployedApprover): Promise<Decision[]> {
  const path = "/apis/certificates.k8s.io/v1/certificatesigningrequests";
  const list = await api("GET", path);
  refuse(list.status, "list", approver);
  const waiting = (list.body as { items: SigningRequest[] }).items.filter(
    ({ spec, status }) => spec.signerName === servingSigner && !status?.conditions?.length,
  );
  const decisions: Decision[] = [];
  for (const request of waiting) {
    const against = objection(approver, request);
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
    refuse(answer.status, "approve", approver);
    const node = request.spec.username.replace(/^system:node:/, "");
    decisions.push({
      request: name,
      node,
      ...(against === undefined ? {} : { objection: against }),
    });
  }
  return decisions;
}

function refuse(
  status: number,
  verb: string,
  { namespace, serviceAccount }: DeployedApprover,
): void {
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

function podSpec(deployment: Manifest | undefined): JsonObject | undefined {
  return asObject(valueAt(deployment as JsonObject | undefined, ["spec", "template", "spec"]));
}

/** The container that has an approver's rules. */
function containerOf(deployment: Manifest): JsonObject | undefined {
  return asList(podSpec(deployment)?.containers)
    .map(asObject)
    .find((container) =>
      asList(container?.env).some((entry) => asObject(entry)?.name === "PROVIDER_REGEX"),
    );
}
