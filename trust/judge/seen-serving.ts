/**
 * The serving side of two programs that run: what kube-apiserver got when it asked decides; files and settings, as far as
 * they were seen, say why.
 */
import type { Complaint } from "../certificates/verify.ts";
import { valueOr } from "../words/fact.ts";
import type { CallerFacts, SeenCall } from "../words/facts.ts";
import type { Remedy } from "../words/remedy.ts";
import { notMeant, reasonOfSkip } from "../words/skip.ts";
import { type Cause, type Outcome, works } from "../words/verdict.ts";
import { fails, present } from "./outcome.ts";
import {
  addressRemedies,
  noCertificateRemedies,
  type Situation,
  silentSkipRemedies,
  verificationRemedies,
} from "./serving-remedies.ts";
import { settingsOf } from "./settings.ts";

/**
 * An outcome that agrees with what was seen.
 *
 * @param outcome what files and settings come to
 * @param situation what there is to mend, as far as they say
 */
export function servingAsSeen(
  outcome: Outcome,
  called: SeenCall,
  caller: CallerFacts,
  situation: Situation,
): Outcome {
  if (outcome.verdict === "doesNotStart") return outcome;
  if (isOfClientPair(called)) {
    // A kubelet asks for a certificate only after its own was taken.
    return works(outcome)
      ? outcome
      : successSeen(outcome, caller, situation, "take its certificate");
  }
  if ("silence" in called) return failureSeen(called.silence, outcome, caller, situation);
  if ("error" in called) {
    return outcome.verdict === "fails" && isSameError(outcome.symptom, called.error)
      ? outcome
      : failureSeen(called.error, outcome, caller, situation);
  }
  return works(outcome)
    ? outcome
    : successSeen(outcome, caller, situation, "get an answer of this one");
}

/** The connection failed over kube-apiserver's own pair, whatever the kubelet presents. Source: Go `tls.LoadX509KeyPair`. */
export function isOfClientPair(called: SeenCall): boolean {
  return (
    "error" in called &&
    /^(open|read) \/|^tls: (failed to (find|parse private key)|private key|found|unknown public key)/.test(
      called.error,
    )
  );
}

function successSeen(
  outcome: Outcome,
  { access, program }: CallerFacts,
  situation: Situation,
  /** Completes "it was seen to". */
  what: string,
): Outcome {
  const { certificateAuthority, skip } = access;
  if (!certificateAuthority.known) return outcome;
  const sources = present([certificateAuthority.source]);
  const otherwise =
    outcome.verdict === "fails" ? ` What was read says otherwise: ${outcome.reason}` : "";
  if (certificateAuthority.value !== "") {
    return {
      verdict: "verified",
      cause: "verified",
      reason: `${program} verifies kubelets against ${certificateAuthority.value}, and was seen to ${what}.${otherwise}`,
      remedies: [],
      sources,
    } as const;
  }
  if (!skip.known) return outcome;
  const meant = reasonOfSkip(skip.value);
  if (meant !== undefined) {
    return {
      verdict: "skipped",
      cause: "nothing-verified",
      reason: `${program} does not verify the kubelet's serving certificate, and says why: ${meant}`,
      remedies: [],
      sources: present([certificateAuthority.source, skip.source]),
    } as const;
  }
  return {
    verdict: "silentlySkipped",
    cause: "nothing-verified",
    reason: `${program} does not verify the kubelet's serving certificate: ${settingsOf[program].unverified}, and ${notMeant(skip.value)}.${otherwise}`,
    remedies: silentSkipRemedies(situation),
    sources,
  } as const;
}

function failureSeen(
  error: string,
  outcome: Outcome,
  { access, program }: CallerFacts,
  situation: Situation,
): Outcome {
  const { cause, complaint, says } = causeIn(error);
  const otherwise =
    outcome.verdict === "fails" ? ` What was read says otherwise: ${outcome.reason}` : "";
  return fails(error, {
    cause,
    reason: `${program} was seen to get no answer of the kubelet: ${says}.${otherwise}`,
    remedies: remediesFor(cause, complaint, program, situation),
    sources: [access.certificateAuthority.source, access.preferredAddressTypes.source],
  });
}

function remediesFor(
  cause: Cause,
  complaint: Complaint | undefined,
  program: CallerFacts["program"],
  situation: Situation,
): readonly Remedy[] {
  if (complaint) {
    const complaints = new Set([...situation.complaints, complaint]);
    return verificationRemedies({ ...situation, complaints, verifies: true });
  }
  switch (cause) {
    case "no-certificate":
      return noCertificateRemedies(
        { kind: "none", reason: "", setting: "serverTLSBootstrap", request: "unseen" },
        situation,
      );
    case "unresolvable-name":
    case "no-preferred-address":
      return addressRemedies(program);
    case "hangs":
      return [
        {
          side: "kubelet",
          setting: "port",
          text: "See on the machine what the kubelet waits for (journalctl -u kubelet) and restart it (systemctl restart kubelet); where it answers there (curl -k https://localhost:10250/healthz), see what stands between it and the control plane.",
          changes: [],
        },
      ];
    case "no-kubelet":
      return [
        {
          side: "kubelet",
          setting: "port",
          text: "See on the machine what listens at the port of the node's status (ss -ltnp), give that another one, and restart the kubelet, which reports its own.",
          changes: [],
        },
      ];
    case "nothing-answers":
      return [
        {
          side: "kubelet",
          setting: "port",
          text: "See on the machine whether the kubelet runs and listens (systemctl status kubelet, journalctl -u kubelet), and whether the control plane reaches its port.",
          changes: [],
        },
      ];
    default:
      return [];
  }
}

type CauseSeen = {
  readonly cause: Cause;
  readonly complaint?: Complaint;
  /** Completes "it got no answer: ". */
  readonly says: string;
};

/**
 * What an error of Go's dialler or TLS client comes from: its text is all that kube-apiserver tells.
 * Source: Go `crypto/x509/verify.go`, `crypto/tls/alert.go`, `crypto/tls/conn.go`, `net/dial.go`, `net/http/transport.go`.
 */
const causes: readonly (CauseSeen & { readonly pattern: RegExp })[] = [
  {
    pattern: /doesn't contain any IP SANs/,
    cause: "no-ip-sans",
    complaint: "name",
    says: "it dials an IP address, and the kubelet's certificate names none",
  },
  {
    pattern: /certificate is (valid for|not valid for any names)|legacy Common Name/,
    cause: "wrong-name",
    complaint: "name",
    says: "the kubelet's certificate does not name what it dials",
  },
  {
    pattern: /certificate has expired or is not yet valid/,
    cause: "not-valid-now",
    complaint: "validity",
    says: "the kubelet's certificate is not valid at this time",
  },
  {
    pattern: /not authorized to sign for this name/,
    cause: "name-constraint",
    complaint: "constraint",
    says: "a CA above the kubelet's certificate may not sign for its names",
  },
  {
    pattern: /signed by unknown authority/,
    cause: "unknown-authority",
    complaint: "chain",
    says: "no certificate of its bundle has signed the kubelet's",
  },
  {
    pattern: /incompatible key usage/,
    cause: "wrong-usage",
    complaint: "usage",
    says: "the kubelet's certificate is not meant for servers (extended key usage)",
  },
  {
    pattern: /remote error: tls: internal error/,
    cause: "no-certificate",
    says: "the kubelet has no serving certificate to present",
  },
  {
    pattern: /no such host|server misbehaving/,
    cause: "unresolvable-name",
    says: "it cannot resolve the name that it dials",
  },
  {
    pattern: /^no preferred addresses found/,
    cause: "no-preferred-address",
    says: "the node has no address of a type that it dials",
  },
  {
    pattern: /first record does not look like a TLS handshake|protocol version not supported/,
    cause: "no-kubelet",
    says: "what listens at the port does not speak TLS 1.2 or 1.3, which every kubelet does",
  },
  {
    pattern: /TLS handshake timeout|^no answer within/,
    cause: "hangs",
    says: "its connection is accepted, and nothing comes back",
  },
  {
    pattern: /EOF|reset by peer/,
    cause: "nothing-answers",
    says: "what listens at the port ends the connection",
  },
  {
    pattern: /connection refused|timeout|no route to host|unreachable|deadline exceeded/,
    cause: "nothing-answers",
    says: "nothing answers at the port",
  },
];

function causeIn(error: string): CauseSeen {
  return (
    causes.find(({ pattern }) => pattern.test(error)) ?? {
      cause: "unexplained",
      says: "what was read does not say why",
    }
  );
}

/** Equal but for the moment that an error names. */
function isSameError(one: string, other: string): boolean {
  const timeless = (text: string) => text.replaceAll(/\d{4}-\d\d-\d\dT[\d:]+Z/g, "<time>");
  return timeless(one) === timeless(other);
}

/** A situation of which little is known. */
export function unknownSituation(caller: CallerFacts, type: string): Situation {
  return {
    caller: caller.program,
    origin: "configured",
    complaints: new Set(),
    verifies: valueOr(caller.access.certificateAuthority, "") !== "",
    hasAuthority: true,
    type,
  };
}
