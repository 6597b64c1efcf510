/** What becomes of the certificates that kubelets in mode `bootstrap` request: who approves, and who signs. */
import { controllerManagerRefusals } from "../programs/controller-manager/signer.ts";
import { requestedCertificate } from "../programs/kubelet/requested-certificate.ts";
import { certificatesIn } from "../readers/pem.ts";
import type { ProgramPiece } from "../readers/piece.ts";
import { type Fact, known, mapFact, type Source, unknown, valueOr } from "../words/fact.ts";
import type {
  CertificateFacts,
  FileContent,
  HostFiles,
  NodeFacts,
  ServingRequest,
} from "../words/facts.ts";
import type { Approver } from "./approvers.ts";
import { asGiven } from "./as-given.ts";
import type { AssembledControllerManager, AssembleOptions } from "./assembly.ts";

/** Who signs, as far as kube-controller-managers say: the content of the file, and its path. */
export type Signing = { readonly path: string; readonly content: FileContent };

/** A kube-controller-manager's facts, from the files that it sees. */
export function controllerManagerOf(
  { commandLine, origin, version: own }: ProgramPiece,
  files: HostFiles,
  version: string,
): AssembledControllerManager {
  const { asIfStarted, refusals } = controllerManagerRefusals({
    label: origin.source.where,
    version: known(own ?? version),
    commandLine,
    files,
  });
  return { origin, facts: asIfStarted, refusals, files };
}

/**
 * What signs, or what becomes of requests where nothing does.
 *
 * @param otherwise path of the CA where no kube-controller-manager was found
 */
export function signingOf(
  managers: readonly AssembledControllerManager[],
  otherwise: { readonly path: string; readonly files: HostFiles },
): Fact<Signing | ServingRequest> {
  if (managers.length === 0) {
    return mapFact(otherwise.files(otherwise.path), (content) => ({
      path: otherwise.path,
      content,
    }));
  }
  const [first, ...others] = managers.map(signerOf);
  const differing = others.find((other) => !isSame(first, other));
  if (first === undefined || differing) {
    const labels = managers.map(({ origin }) => origin.source.where).sort();
    return unknown(
      `which kube-controller-manager signs: those of ${labels.join(" and ")} sign differently`,
      differing?.source,
    );
  }
  return first;
}

function signerOf(manager: AssembledControllerManager): Fact<Signing | ServingRequest> {
  const { origin, files } = manager;
  const { where } = origin.source;
  const { start, kubeletServingSigner } = asGiven(manager);
  if (!start.known) return start;
  if (!start.value.starts) {
    const because = `kube-controller-manager of ${where} does not start: ${start.value.message}`;
    return known({ state: "neverIssued", because }, start.value.source ?? origin.source);
  }
  if (!kubeletServingSigner.known) return kubeletServingSigner;
  const { value: path, source } = kubeletServingSigner;
  if (path === undefined) {
    const isLeftOut = source?.key === "--controllers";
    const because = isLeftOut
      ? `--controllers of kube-controller-manager of ${where} leaves out the one that signs`
      : `kube-controller-manager of ${where} has no pair to sign it with`;
    return known({ state: "neverIssued", because }, source ?? origin.source);
  }
  const content = files(path);
  return content.known
    ? known({ path, content: content.value }, source ?? content.source)
    : content;
}

function isSame(
  one: Fact<Signing | ServingRequest> | undefined,
  other: Fact<Signing | ServingRequest>,
): boolean {
  if (!one?.known || !other.known) return false;
  if ("state" in one.value || "state" in other.value) {
    return "state" in one.value && "state" in other.value && one.value.state === other.value.state;
  }
  const ids = (signing: Signing) =>
    certificatesIn(signing.content, signing.path).flatMap(({ ids }) => ids);
  return (
    one.value.path === other.value.path ||
    ids(one.value).some((id) => ids(other.value as Signing).includes(id))
  );
}

export type RequestRules = {
  readonly approvers: readonly Approver[];
  /** Whether somebody is said to approve who is not among the pieces. */
  readonly isDeclared: boolean;
  readonly signing: Fact<Signing | ServingRequest>;
  readonly options: Pick<AssembleOptions, "request" | "approverElsewhere" | "signer">;
};

/** What becomes of each kubelet's request: approvers come first, and what they approve is signed, if anybody signs. */
export function requestsOf(rules: RequestRules): (node: NodeFacts) => Fact<ServingRequest> {
  const { approvers, isDeclared, options } = rules;
  const { request: state } = options;
  if (state !== undefined && state !== "issued") return () => known({ state });
  const isAssured = isDeclared || state === "issued";
  if (approvers.length === 0 && !isAssured) {
    const { approverElsewhere: missing } = options;
    return () => (missing === undefined ? known({ state: "pending" }) : unknown(missing));
  }
  const issued = issuing(rules);
  return (node) => (isAssured ? undefined : decisionOf(approvers, askedFor(node))) ?? issued(node);
}

/** Where nothing is known of the cluster, what approvers deny is denied all the same. */
export function requestsElsewhere(
  approvers: readonly Approver[],
): (node: NodeFacts) => Fact<ServingRequest> {
  return (node) =>
    decisionOf(approvers, askedFor(node)) ?? unknown("the kube-apiserver that calls this kubelet");
}

/** What is issued once it is approved. */
function issuing({ signing, options }: RequestRules): (node: NodeFacts) => Fact<ServingRequest> {
  const by: Fact<Signing | ServingRequest> = options.signer
    ? known({ path: "the signer", content: options.signer })
    : signing;
  if (!by.known) return () => by;
  const { value, source } = by;
  if ("state" in value) return () => known(value, source);
  const [issuer] = certificatesIn(value.content, value.path);
  if (issuer === undefined) {
    return () =>
      unknown(`a certificate in ${value.path}, which signs what kubelets request`, source);
  }
  return (node) => known({ state: "issued", chain: [requestedCertificate(node, issuer)] });
}

/** Stands for the signer, whom approvers do not look at. */
export const anySigner = {
  ids: [],
  key: unknown("the signer"),
  subject: unknown("the signer"),
} satisfies Partial<CertificateFacts> as unknown as CertificateFacts;

/** A request as far as it is known: what is known decides, even where the rest is not. */
function askedFor(node: NodeFacts): CertificateFacts {
  const { name, addresses } = node;
  const certificate = requestedCertificate(node, anySigner);
  const unnamed = name.known ? undefined : name;
  return {
    ...certificate,
    ...(unnamed && { subject: unnamed, dnsNames: unnamed }),
    ...(!addresses.known && { ipAddresses: addresses }),
  };
}

/** What approvers make of a request; `undefined` when they approve it. The first that decides is the only one. */
function decisionOf(
  approvers: readonly Approver[],
  certificate: CertificateFacts,
): Fact<ServingRequest> | undefined {
  const answers = approvers.map(({ idle, refuses, source }) =>
    answerOf(idle, refuses, source, certificate),
  );
  const refusals = answers.filter((answer) => answer !== undefined);
  const [first] = refusals;
  const denial = refusals.find((answer) => valueOr(answer, undefined)?.state === "denied");
  const isApproved = refusals.length < approvers.length;
  if (first === undefined || (denial === undefined && isApproved)) return undefined;
  if (!isApproved) return denial ?? refusals.find((answer) => !answer.known) ?? first;
  const labels = approvers.map(({ label }) => label).sort();
  return unknown(
    `which of ${labels.join(" and ")} decides first: one denies what another approves`,
    first.source,
  );
}

function answerOf(
  idle: Fact<string | undefined>,
  refuses: Approver["refuses"],
  source: Source,
  certificate: CertificateFacts,
): Fact<ServingRequest> | undefined {
  if (!idle.known) return idle;
  if (idle.value !== undefined) return known({ state: "pending", because: idle.value }, source);
  const refusal = refuses(certificate);
  return refusal && known(refusal, source);
}
