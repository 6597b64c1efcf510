/** The settings that decide, in words, and what makes two findings one cause. */
import type { Fact } from "../../trust/words/fact.ts";
import type { ApiServerFacts, KubeletFacts } from "../../trust/words/facts.ts";
import { withoutNode as textWithoutNode } from "../../trust/words/without-node.ts";
import type { Judged } from "../stack/analysis.ts";
import { describe } from "../stack/resource.ts";

/** What the kubelet's side says about its serving certificate. */
export function servingSettings({ serving }: KubeletFacts): string {
  return line("kubelet", [
    ["serverTLSBootstrap", serving.serverTLSBootstrap],
    ["tlsCertFile", serving.tlsCertFile],
    ["tlsPrivateKeyFile", serving.tlsPrivateKeyFile],
  ]);
}

/** What kube-apiserver's side says about verifying it. */
export function verificationSettings({ access }: ApiServerFacts): string {
  return line("kube-apiserver", [
    ["--kubelet-certificate-authority", access.certificateAuthority],
    ["--kubelet-preferred-address-types", access.preferredAddressTypes],
  ]);
}

/** Whom the kubelet lets in. */
export function authenticationSettings({ authentication }: KubeletFacts): string {
  return line("kubelet", [
    ["authentication.x509.clientCAFile", authentication.clientCAFile],
    ["authentication.anonymous.enabled", authentication.anonymous],
    ["authorization.mode", authentication.authorizationMode],
    ["readOnlyPort", authentication.readOnlyPort],
  ]);
}

/** What kube-apiserver shows to the kubelet. */
export function credentialSettings({ access }: ApiServerFacts): string {
  return line("kube-apiserver", [
    ["--kubelet-client-certificate", access.clientCertificate],
    ["--kubelet-client-key", access.clientKey],
  ]);
}

function line(side: string, settings: readonly (readonly [string, Fact<unknown>])[]): string {
  return `${side}: ${settings.map(([name, fact]) => `${name}=${show(fact)}`).join(", ")}`;
}

function show(fact: Fact<unknown>): string {
  if (!fact.known) return "(unknown)";
  const { value } = fact;
  if (value === "") return "(absent)";
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** A text without what differs from node to node, so that equal causes are equal. */
export function withoutNode(
  { found, facts }: Pick<Judged, "found" | "facts">,
  text: string,
): string {
  return textWithoutNode(facts.node, [found.label, describe(found.resource)], text);
}
