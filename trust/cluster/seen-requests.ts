/** What became of kubelets' requests, where the requests themselves are among the pieces. */
import type { RequestPiece } from "../readers/piece.ts";
import { type Fact, known } from "../words/fact.ts";
import type { NodeFacts, ServingRequest } from "../words/facts.ts";
import type { AssembledApprover, AssembleOptions } from "./assembly.ts";

type RequestOf = (node: NodeFacts) => Fact<ServingRequest>;

/**
 * The newest request of each node says what became of it; approvers and signer say why it went no further.
 *
 * @param otherwise what approvers and signer would make of a node's request
 */
export function seenRequests(
  pieces: readonly RequestPiece[],
  approvers: readonly AssembledApprover[],
  otherwise: RequestOf,
  options: Pick<AssembleOptions, "request" | "running">,
): RequestOf {
  if (pieces.length === 0 || options.request !== undefined) return otherwise;
  const newest = newestOf(pieces);
  const newestDenied = newestOf(pieces.filter(({ request }) => request.state === "denied"));
  return (node) => {
    const piece = node.name.known ? newest.get(node.name.value) : undefined;
    if (piece === undefined) return otherwise(node);
    const { request, origin } = piece;
    if (request.state === "issued") return known({ ...request, isSeen: true }, origin.source);
    const because =
      request.because ??
      (request.state === "pending"
        ? both(
            whyPending(approvers, otherwise(node), options),
            deniedBefore(newestDenied.get(piece.node)),
          )
        : reasonIn(otherwise(node), request.state));
    return known(
      { state: request.state, isSeen: true, ...(because !== undefined && { because }) },
      origin.source,
    );
  };
}

/** The newest request of each node. */
export function newestOf(pieces: readonly RequestPiece[]): ReadonlyMap<string, RequestPiece> {
  const newest = new Map<string, RequestPiece>();
  for (const piece of pieces) {
    const before = newest.get(piece.node);
    if (!before || before.created < piece.created) newest.set(piece.node, piece);
  }
  return newest;
}

/**
 * A kubelet whose request is denied asks again within seconds: the newest waits, and the denial is what it comes from.
 * Source: client-go `util/certificate/certificate_manager.go` (rotateCerts).
 */
function deniedBefore(piece: RequestPiece | undefined): string | undefined {
  if (piece?.request.state !== "denied") return undefined;
  const { because } = piece.request;
  return `one before it was denied${because === undefined ? "" : ` (${because})`}`;
}

function both(one: string | undefined, other: string | undefined): string | undefined {
  return one === undefined || other === undefined ? (one ?? other) : `${one}; ${other}`;
}

function whyPending(
  approvers: readonly AssembledApprover[],
  expected: Fact<ServingRequest>,
  { running }: Pick<AssembleOptions, "running">,
): string | undefined {
  if (approvers.length === 0) {
    return running?.hasAllWorkloads === false ? "whether an approver runs was not seen" : undefined;
  }
  const labels = approvers.map(({ label }) => label).join(", ");
  if (!expected.known) return `${labels} has not decided (undecidable without ${expected.missing})`;
  return (
    reasonIn(expected, "pending") ??
    reasonIn(expected, "denied") ??
    `${labels} has nothing against it as far as its rules are known, and has not decided`
  );
}

function reasonIn(
  expected: Fact<ServingRequest>,
  state: "pending" | "denied" | "neverIssued",
): string | undefined {
  return expected.known && expected.value.state === state ? expected.value.because : undefined;
}
