/** Every remedy that another caller is offered works by itself: each is applied, and the caller judged again. */
import assert from "node:assert/strict";
import {
  bundles,
  type Combination,
  clusterCA,
  dialled,
  factsOf,
  kubelets,
  servingCombination,
  at as tableAt,
} from "../../../cli/verdicts-combinations.ts";
import { closing, judgeCaller, servingTo } from "../../../trust/judge/caller.ts";
import { selfSigned } from "../../../trust/programs/kubelet/serving-certificate.ts";
import type { CallerPiece } from "../../../trust/readers/piece.ts";
import { known } from "../../../trust/words/fact.ts";
import type { FileContent } from "../../../trust/words/facts.ts";
import type { Change, Remedy } from "../../../trust/words/remedy.ts";
import { origin } from "../../support/pieces.ts";
import { files } from "../world.ts";
import { apply, servingIssuer } from "./mend.ts";

/** A caller as it is told, and what lies in the files that it is told of. */
type Told = {
  readonly piece: CallerPiece;
  readonly files: Readonly<Record<string, FileContent>>;
};
type Case = { readonly combination: Combination; readonly told: Told };

const authority: FileContent = { kind: "certificates", certificates: [clusterCA] };
const own: FileContent = { kind: "certificates", certificates: selfSigned("node-1", tableAt) };

const programs = ["metrics-server", "prometheus"] as const;

function callers(): readonly Told[] {
  return programs.flatMap((program) => {
    const piece = { kind: "caller", program, label: program, origin: origin(program) } as const;
    const verifies = (caFile: string) => known({ skip: false, caFile, key: "ca" } as const);
    return [
      { piece: { ...piece, verification: known({ skip: true, key: "skip" } as const) }, files: {} },
      { piece: { ...piece, verification: verifies("") }, files: {} },
      { piece: { ...piece, verification: verifies("/ca.crt") }, files: { "/ca.crt": authority } },
      { piece: { ...piece, verification: verifies("/ca.crt") }, files: { "/ca.crt": own } },
    ];
  });
}

const addressed = (piece: CallerPiece, types: string) => ({
  ...piece,
  addressTypes: known(types.split(",")),
});

/** What a change does: to the caller here, to everything else as the table has it. */
function changed({ combination, told }: Case, change: Change): Case {
  if (change.side !== "caller") return { combination: apply(combination, change), told };
  switch (change.do) {
    case "trust": {
      const added: FileContent =
        change.what === "ownCertificates"
          ? own
          : { kind: "certificates", certificates: [servingIssuer(combination)] };
      const verification = known({ skip: false, caFile: "/new.crt", key: "ca" } as const);
      const piece = { ...told.piece, verification };
      return { combination, told: { piece, files: { ...told.files, "/new.crt": added } } };
    }
    case "set":
      return { combination, told: { ...told, piece: addressed(told.piece, String(change.value)) } };
    default:
      throw new Error(`no caller is changed by ${change.do}`);
  }
}

function inputsOf({ combination, told }: Case) {
  const { kubelet } = factsOf(combination);
  const shared = () => known(authority);
  const seen = { piece: told.piece, files: (path: string) => files({})(path) };
  const given = (path: string) => {
    const content = told.files[path];
    return content === undefined ? seen.files(path) : known(content);
  };
  return [kubelet, { piece: told.piece, files: given }, shared, tableAt] as const;
}

/** Then nothing is skipped any more: a caller that verifies does so by the CA that every pod gets, if by nothing else. */
function verifying({ combination, told }: Case): Case {
  const { verification } = told.piece;
  if (!verification.known || !verification.value.skip) return { combination, told };
  const caFile = told.piece.program === "prometheus" ? "/ca.crt" : "";
  const piece = { ...told.piece, verification: known({ skip: false, caFile, key: "ca" } as const) };
  return { combination, told: { piece, files: { ...told.files, "/ca.crt": authority } } };
}

function checkRemedies(one: Case): number {
  const outcome = judgeCaller(...inputsOf(one));
  if (outcome.verdict === "verified" || outcome.verdict === "doesNotStart") return 0;
  const { remedies } = servingTo(...inputsOf(one)).outcome;
  const title = `${one.combination.title}, ${JSON.stringify(one.told.piece.verification)}`;
  assert.ok(closing(remedies).length > 0, `${title}: ${outcome.verdict} ${outcome.reason}`);
  for (const remedy of closing(remedies)) checkRemedy(one, remedy, outcome, title);
  return remedies.length;
}

function checkRemedy(
  one: Case,
  { changes, text }: Remedy,
  before: ReturnType<typeof judgeCaller>,
  title: string,
): void {
  assert.ok(
    before.remedies.some((said) => said.includes(text)),
    `${title} is not told: ${text}`,
  );
  assert.doesNotMatch(text, /insecure|system:(anonymous|unauthenticated)/);
  const after = judgeCaller(...inputsOf(verifying(changes.reduce(changed, one))));
  assert.equal(
    after.verdict,
    "verified",
    `${title}\n  ${before.verdict}: ${before.reason}\n  ${text}\n  then ${after.verdict}: ${after.reason} ${after.symptom ?? ""}`,
  );
}

describe("remedies of other callers", () => {
  it("mend what each is told, with every kubelet", () => {
    const [bundle] = bundles;
    const [types] = dialled;
    assert.ok(bundle && types);
    let count = 0;
    for (const kubelet of kubelets) {
      for (const told of callers()) {
        count += checkRemedies({
          combination: servingCombination(kubelet, bundle, types.types),
          told,
        });
      }
    }
    assert.ok(count >= 60, String(count));
  });
});
