/** What is seen of kubelets that run, as pieces: a handshake at the port, a call through kube-apiserver. */
import { parseCertificate } from "../certificates/x509.ts";
import type { SeenCall } from "../words/facts.ts";
import { certificateFacts } from "./pem.ts";
import type { Origin, SeenPiece } from "./piece.ts";
import { asObject, asText, type Json } from "./yaml.ts";

/**
 * What a handshake at a kubelet's port found.
 *
 * @param ders the chain that was presented, leaf first; empty where the kubelet has none to present
 */
export function seenAtPort(origin: Origin, node: string, ders: readonly Uint8Array[]): SeenPiece {
  const chain = ders.flatMap((der) => {
    const { certificate } = parseCertificate(der);
    return certificate ? [certificateFacts(certificate, origin.source)] : [];
  });
  return {
    kind: "seen",
    origin,
    node,
    ...(chain.length > 0 && { presented: { chain } }),
    ...(ders.length === 0 && { presented: { noCertificate: true } }),
  };
}

/** The piece of a call that kube-apiserver passed on, or why nothing is seen of the kubelet. */
export type CallReading =
  | { readonly piece: SeenPiece }
  /** kube-apiserver did not pass the call on: its status and message. */
  | { readonly refusal: string };

/**
 * What the answer to `GET /api/v1/nodes/NODE/proxy/configz` says of the kubelet. What kube-apiserver says itself is a
 * `Status`; what it passes on of a kubelet is none.
 * Source: apimachinery `pkg/util/proxy/upgradeaware.go`; kubernetes `pkg/proxy/util` (IsProxyableHostname),
 * `pkg/kubelet/server/server.go` (InstallAuthFilter); component-base `configz/configz.go` (write).
 */
export function seenCall(
  origin: Origin,
  node: string,
  answer: { readonly status: number; readonly text: string },
): CallReading {
  const { status, text } = answer;
  const own = statusIn(text);
  if (status === 200 && !text.includes('"kubeletconfig":')) {
    return { refusal: "200, and the answer is no kubelet's configuration" };
  }
  const called: SeenCall | undefined =
    own === undefined
      ? { status, ...(status >= 400 && { body: text.trim() }) }
      : connectionErrorIn(own);
  return called
    ? { piece: { kind: "seen", origin, node, called } }
    : { refusal: `${status}, ${own}` };
}

/** kube-apiserver passed the call on, and got no answer to give: how long it was waited for, for people. */
export function seenSilence(origin: Origin, node: string, silence: string): SeenPiece {
  return { kind: "seen", origin, node, called: { silence } };
}

/** The message of a `Status` object. */
function statusIn(text: string): string | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    const object = asObject(JSON.parse(text) as Json);
    return object?.kind === "Status" ? (asText(object.message) ?? "") : undefined;
  } catch {
    return undefined;
  }
}

function connectionErrorIn(message: string): SeenCall | undefined {
  const error = /^error trying to reach service: ([\s\S]+)$/.exec(message)?.[1];
  if (error !== undefined) return { error };
  // The dialler would say it of the same name: only here it is looked up before.
  if (message.startsWith("lookup ")) return { error: `dial tcp: ${message}` };
  return message.startsWith("no preferred addresses found") ? { error: message } : undefined;
}
