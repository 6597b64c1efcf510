/** Which serving certificate a kubelet presents that was seen to present it. */
import { type Fact, valueOr } from "../../words/fact.ts";
import type { KubeletServing, Presented } from "../../words/facts.ts";
import {
  isSelfMade,
  type Served,
  type ServedOrigin,
  withoutCertificate,
} from "./serving-certificate.ts";

/**
 * What was seen, with what settings and files say of where it comes from.
 *
 * @param derived what settings and files say that the kubelet serves
 */
export function servedAsSeen(
  presented: Presented,
  derived: Fact<Served>,
  serving: KubeletServing,
): Served {
  if ("chain" in presented) {
    return { kind: "chain", chain: presented.chain, origin: originOf(presented, derived, serving) };
  }
  if (derived.known && derived.value.kind === "none") return derived.value;
  const { serverTLSBootstrap, request } = serving;
  const seen = request.known && request.value.isSeen ? request.value : undefined;
  // Who has asked for a certificate and presents none waits for it, whatever settings are known.
  if (seen && seen.state !== "issued") return withoutCertificate(seen);
  const isIssued = seen !== undefined;
  const why = isIssued
    ? "its request was approved and signed, and it has not taken the certificate up yet"
    : serverTLSBootstrap.known && !serverTLSBootstrap.value
      ? "it was seen to present none, and its settings do not say why"
      : "it was seen to present none, and what became of its request is not known";
  return { kind: "none", reason: why, setting: "serverTLSBootstrap", request: "unseen" };
}

function originOf(
  { chain: [leaf] }: Extract<Presented, { readonly chain: unknown }>,
  derived: Fact<Served>,
  { serverTLSBootstrap, tlsCertFile }: KubeletServing,
): ServedOrigin {
  if (leaf && isSelfMade(leaf)) return "selfSigned";
  if (derived.known && derived.value.kind === "chain" && derived.value.origin !== "selfSigned") {
    return derived.value.origin;
  }
  if (valueOr(serverTLSBootstrap, false)) return "requested";
  const subject = leaf && valueOr(leaf.subject, undefined);
  if (!serverTLSBootstrap.known && subject?.organizations.includes("system:nodes")) {
    return "requested";
  }
  return tlsCertFile.known && tlsCertFile.value === "" ? "placed" : "configured";
}
