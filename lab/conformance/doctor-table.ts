/** What the doctor names of each symptom, for a terminal and for docs/doctor.md. */
import { groupBy } from "../../trust/words/group-by.ts";
import type { Case } from "./case.ts";
import { symptoms } from "./document-tables.ts";
import { cell, table } from "./markdown.ts";

/** A row for each symptom and each thing that was set up to bring it about. */
export function doctorTable(cases: readonly Case[]): string {
  const failing = cases.filter(
    ({ part, reality }) => part === "doctor" && reality.outcome === "fails",
  );
  const rows = [...groupBy(failing, keyOf)].map(([, same]) => {
    const [first] = same;
    return [
      first ? symptomOf(first) : "",
      unique(same.map(({ setUp = "" }) => setUp)),
      unique(same.map(({ judge }) => judge.cause ?? "")),
      `${same.filter(({ agrees }) => agrees).length}/${same.length}`,
      [...new Set(same.map(exampleOf))].slice(0, 2).join("; "),
    ];
  });
  return table(
    ["kube-apiserver answers", "set up", "the doctor names", "right", "for example"],
    rows.sort((a, b) => (a.join() < b.join() ? -1 : 1)),
  );
}

function keyOf(one: Case): string {
  return `${symptomOf(one)}\n${one.setUp}`;
}

/** Where the kubelet is as it should be, kube-apiserver's certificate is what was set up. */
function exampleOf({ id, kubelet = "", apiserver = "" }: Case): string {
  return id.startsWith("doctor/client/auth-webhook/") ? apiserver : kubelet;
}

function unique(values: readonly string[]): string {
  return [...new Set(values)].map((value) => `\`${value}\``).join(", ");
}

/** The part of a message that is the same for every node and every kind of request. */
function symptomOf({ reality }: Case): string {
  const { message, httpStatus } = reality;
  const found = symptoms.find(([text]) => message.includes(text))?.[0];
  const own = answers.find(([pattern]) => pattern.test(message))?.[1];
  return `\`${found ?? own ?? cell(`${httpStatus} ${message}`)}\``;
}

/** What kubelets answer, in whose stead kube-apiserver has words of its own for logs. */
const answers: readonly (readonly [RegExp, string])[] = [
  [/^Unauthorized$|asked for the client to provide credentials/, "401 Unauthorized"],
  [/Forbidden \(user=system:anonymous/, "403 Forbidden (user=system:anonymous, ...)"],
  [/Forbidden \(user=/, "403 Forbidden (user=..., ...)"],
  [/Authorization error \(user=/, "500 Authorization error (user=..., ...)"],
  [/Debug endpoints are disabled|does not allow this method/, "405 Debug endpoints are disabled."],
  [/^404 page not found/, "404 page not found"],
  [/network is unreachable/, "network is unreachable"],
  [/TLS handshake timeout/, "net/http: TLS handshake timeout"],
  [/^no answer within/, "no answer within 11 s"],
  [/first record does not look like/, "tls: first record does not look like a TLS handshake"],
  [/protocol version not supported/, "remote error: tls: protocol version not supported"],
  [/connection reset by peer/, "read: connection reset by peer"],
  [/EOF$/, "EOF"],
  [/private key does not match/, "tls: private key does not match public key"],
  [/private key type does not match/, "tls: private key type does not match public key type"],
  [/failed to parse private key/, "tls: failed to parse private key"],
];

const markers = [
  "<!-- symptoms: npm run lab -- conformance doctor -->",
  "<!-- end of symptoms -->",
];

/** A version's run of the doctor. */
export type DoctorRun = {
  /** Kubernetes version, without the `v`. */
  readonly version: string;
  /** Day of the run, e.g. `2026-11-27`. */
  readonly date: string;
  readonly cases: readonly Case[];
};

/**
 * The page with what the runs came to, and the table of the newest version's.
 *
 * @param runs oldest version first; at least one
 * @throws Error when the page has no place for it
 */
export function withDoctorTable(page: string, runs: readonly DoctorRun[]): string {
  const [begin = "", end = ""] = markers;
  const [before, rest] = page.split(begin);
  const after = rest?.split(end)[1];
  const newest = runs.at(-1);
  if (before === undefined || after === undefined || newest === undefined) {
    throw new Error(`docs/doctor.md lacks ${begin} or ${end}`);
  }
  const counts = table(["Kubernetes", "run on", "the doctor", "the whole run"], runs.map(countsOf));
  const shown = `${counts}\n\nSymptom by symptom, ${newest.version}:\n\n${doctorTable(newest.cases)}`;
  return `${before}${begin}\n\n${shown}\n\n${end}${after}`;
}

function countsOf({ version, date, cases }: DoctorRun): string[] {
  const told = cases.filter(({ part }) => part === "doctor");
  const right = (all: readonly Case[]) => all.filter(({ agrees }) => agrees).length;
  return [version, date, `${right(told)}/${told.length}`, `${right(cases)}/${cases.length}`];
}
