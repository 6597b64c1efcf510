/** Calls that come straight to a kubelet, past kube-apiserver. */
import { valueOr } from "../words/fact.ts";
import type { ApiServerFacts, CertificateFacts, KubeletFacts } from "../words/facts.ts";
import { type Outcome, type RequestKind, requestKinds, works } from "../words/verdict.ts";
import { answer, authenticate } from "./client.ts";
import type { JudgeOptions } from "./judge.ts";
import { doesNotStart, fails, undecidable } from "./outcome.ts";
import { anyPod } from "./symptoms.ts";

export type DirectCall = {
  readonly port: "secure" | "readOnly";
  readonly kind: RequestKind;
  /** The caller's certificate and what it sends after it; absent for a caller without one. */
  readonly certificate?: readonly CertificateFacts[];
};

/** Kinds that the read-only port serves, to whoever asks. */
const readOnlyKinds: readonly RequestKind[] = ["metrics", "stats", "pods", "healthz"];

/**
 * What a kubelet answers to a call that does not come through kube-apiserver. The apiserver matters all the
 * same: in mode Webhook it says who may do what.
 */
export function judgeDirectCall(
  kubelet: KubeletFacts,
  apiserver: ApiServerFacts,
  call: DirectCall,
  options: JudgeOptions = {},
): Outcome {
  const { enableServer, readOnlyPort } = kubelet.authentication;
  const refused = doesNotStart("kubelet", kubelet.start);
  if (refused) {
    return refused;
  }
  const listens = call.port === "secure" ? enableServer : readOnlyPort;
  if (!enableServer.known || !listens.known) {
    return undecidable([listens.known ? "whether the kubelet's server is on" : listens.missing]);
  }
  if (!enableServer.value || listens.value === 0) {
    return fails("connect: connection refused", "Nothing listens on this port.", []);
  }
  if (call.port === "readOnly") {
    return readOnlyAnswer(call.kind);
  }
  const at = options.at ?? new Date();
  const credential = call.certificate
    ? ({ kind: "certificate", chain: call.certificate } as const)
    : ({ kind: "none" } as const);
  const authentication = authenticate(kubelet, credential, at);
  const caller = { kubelet, apiserver, authentication, pod: options.pod ?? anyPod };
  return answer(caller, call.kind).outcome;
}

function readOnlyAnswer(kind: RequestKind): Outcome {
  if (readOnlyKinds.includes(kind)) {
    return {
      verdict: "silentlySkipped",
      reason: "The read-only port answers whoever reaches it.",
      remedies: [
        {
          side: "kubelet",
          setting: "readOnlyPort",
          text: "Set readOnlyPort: 0 (or remove it).",
          changes: [{ do: "set", side: "kubelet", setting: "readOnlyPort", value: 0 }],
        },
      ],
      sources: [],
    };
  }
  const [symptom, status] =
    kind === "configz" ? ["404 page not found", 404] : ["Debug endpoints are disabled.", 405];
  return fails(String(symptom), "The read-only port serves no such path.", [], [], Number(status));
}

/** Kinds that anyone may do without a credential, on the secure or on the read-only port. */
export function openToAnyone(
  kubelet: KubeletFacts,
  apiserver: ApiServerFacts,
  at: Date,
): readonly RequestKind[] {
  const ports = [
    "secure",
    ...(valueOr(kubelet.authentication.readOnlyPort, 0) > 0 ? ["readOnly"] : []),
  ] as const;
  return requestKinds.filter((kind) =>
    ports.some((port) =>
      works(
        judgeDirectCall(kubelet, apiserver, { port: port as DirectCall["port"], kind }, { at }),
      ),
    ),
  );
}
