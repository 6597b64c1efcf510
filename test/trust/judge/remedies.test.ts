/**
 * Every remedy that is offered works by itself, whichever a person takes: each combination of docs/verdicts.md is changed
 * by it and judged again. What was closed stays closed, and nothing is granted to strangers.
 */
import assert from "node:assert/strict";
import {
  bundles,
  type Combination,
  clientCombination,
  clients,
  dialled,
  doors,
  factsOf,
  grants,
  kubelets,
  requests,
  servingCombination,
  at as tableAt,
} from "../../../cli/verdicts-combinations.ts";
import { judge } from "../../../trust/judge/judge.ts";
import type { Remedy } from "../../../trust/words/remedy.ts";
import { type Outcome, type Verdict, works } from "../../../trust/words/verdict.ts";
import { apply } from "./mend.ts";

function judged(combination: Combination): Verdict {
  const { kubelet, apiserver } = factsOf(combination);
  return judge(kubelet, apiserver, { at: tableAt });
}

/** Applies a remedy; where a program did not start, the first of what is left too. */
function mended(
  combination: Combination,
  of: (verdict: Verdict) => Outcome,
  { changes, text }: Remedy,
): Combination {
  assert.ok(changes.length > 0, `${combination.title}: ${text}`);
  const outcome = of(judged(combination));
  const after = changes.reduce(apply, combination);
  const left = of(judged(after));
  const [next] = left.remedies;
  return outcome.verdict === "doesNotStart" && !works(left) && next
    ? mended(after, of, next)
    : after;
}

/** Every remedy works by itself, whichever a person takes, and opens nothing. How many there were. */
function checkRemedies(combination: Combination, of: (verdict: Verdict) => Outcome): number {
  const before = judged(combination);
  const outcome = of(before);
  if (outcome.verdict === "verified" || outcome.verdict === "skipped") return 0;
  assert.ok(outcome.remedies.length > 0, `${combination.title}: no remedy for ${outcome.reason}`);
  for (const remedy of outcome.remedies) checkRemedy(combination, before, of, remedy);
  return outcome.remedies.length;
}

function checkRemedy(
  combination: Combination,
  before: Verdict,
  of: (verdict: Verdict) => Outcome,
  remedy: Remedy,
): void {
  const outcome = of(before);
  const after = judged(mended(combination, of, remedy));
  const text = `${combination.title}\n  ${outcome.verdict}: ${outcome.reason}\n  ${remedy.text}\n  then ${of(after).verdict}: ${of(after).reason}`;
  assert.ok(works(of(after)), text);
  if (outcome.verdict === "silentlySkipped") {
    assert.notEqual(of(after).verdict, "silentlySkipped", text);
  }
  for (const [now, then] of [
    [after.openToAnyone, before.openToAnyone],
    [after.openToAuthenticated, [...before.openToAuthenticated, ...before.openToAnyone]],
  ] as const) {
    assert.deepEqual(
      now.filter((kind) => !then.includes(kind)),
      [],
      `opens: ${text}`,
    );
  }
}

describe("remedies", () => {
  it("mend the serving side of every combination, each by itself", () => {
    let count = 0;
    for (const { types } of dialled) {
      for (const kubelet of kubelets) {
        for (const bundle of bundles) {
          const combination = servingCombination(kubelet, bundle, types);
          count += checkRemedies(combination, ({ serving }) => serving);
        }
      }
    }
    assert.ok(count >= 90, String(count));
  });

  it("mend the client side of every combination, for every kind of request", () => {
    let count = 0;
    for (const client of clients) {
      for (const door of doors) {
        for (const kind of requests) {
          const combination = clientCombination(client, door);
          count += checkRemedies(combination, (verdict) => verdict.client[kind]);
        }
      }
    }
    assert.ok(count >= 250, String(count));
  });

  it("mend what RBAC does not grant", () => {
    const [, client] = clients;
    const [door] = doors;
    assert.ok(client && door);
    for (const { rbac } of grants) {
      for (const kind of requests) {
        checkRemedies(clientCombination(client, door, rbac), (verdict) => verdict.client[kind]);
      }
    }
  });

  it("grant nothing to anyone who is not known, and dial nothing that was just dialled", () => {
    for (const client of clients) {
      for (const door of doors) {
        const { client: outcomes } = judged(clientCombination(client, door));
        const texts = Object.values(outcomes).flatMap(({ remedies }) =>
          remedies.map(({ text }) => text),
        );
        assert.doesNotMatch(texts.join("\n"), /system:(anonymous|unauthenticated)/);
      }
    }
  });
});
