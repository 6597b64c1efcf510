/** What is certain of a kubelet whatever kube-apiserver calls it. */
import { type Fact, known, unknown } from "../words/fact.ts";
import type { ApiServerFacts, KubeletFacts } from "../words/facts.ts";
import type { Fails, RequestKind } from "../words/verdict.ts";
import { judge } from "./judge.ts";

/** What fails and what stands open with every kube-apiserver. */
export type Anyway = {
  /** There is nothing that kube-apiserver could accept, even if it verifies nothing. */
  readonly serving: Fails | undefined;
  /** Kinds that anyone who reaches the port may do without any credential. */
  readonly openToAnyone: readonly RequestKind[];
};

const missing: Fact<never> = unknown("the kube-apiserver that calls this kubelet");

/** Accepts any serving certificate, and has no credential of its own. */
const mostLenient: ApiServerFacts = {
  program: "kube-apiserver",
  label: "any kube-apiserver",
  version: missing,
  start: known({ starts: true }),
  access: {
    certificateAuthority: known(""),
    clientCertificate: known(""),
    clientKey: known(""),
    preferredAddressTypes: known(["InternalIP", "Hostname", "ExternalIP"]),
    skip: known({ reason: "nothing is verified here" }),
  },
  authorizationModes: missing,
  rbac: missing,
  files: () => missing,
};

/** Judges a kubelet by itself. Pure; never throws. */
export function judgeAnyway(kubelet: KubeletFacts, at = new Date()): Anyway {
  const { serving, openToAnyone } = judge(kubelet, mostLenient, { at });
  return { serving: serving.verdict === "fails" ? serving : undefined, openToAnyone };
}
