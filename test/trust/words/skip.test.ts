import assert from "node:assert/strict";
import * as pulumi from "@pulumi/pulumi";
import { notMeant, reasonIn, skipFor, skipOf } from "../../../trust/words/skip.ts";

describe("a skip", () => {
  const source = { where: "pod" };
  const said = (annotations: Record<string, string>) => {
    const fact = skipOf(annotations, source);
    return fact.known ? fact.value : undefined;
  };
  const skip = { "kubelet-trust/kubelet-serving-verification": "skip" };

  it("is said with a reason, and not without", () => {
    assert.deepEqual(said({ ...skip, "kubelet-trust/reason": " a lab of ours " }), {
      reason: "a lab of ours",
    });
    assert.deepEqual(said(skip), { noReason: "" });
    assert.equal(said({ "kubelet-trust/reason": "a lab of ours" }), undefined);
    assert.equal(
      said({
        "kubelet-trust/kubelet-serving-verification": "skipped",
        "kubelet-trust/reason": "a lab of ours",
      }),
      undefined,
    );
  });

  it("needs a reason that can be read", () => {
    for (const empty of [
      undefined,
      "",
      "  ",
      "\u200b\u200d\ufeff",
      "\u3164\u115f",
      "-",
      "...",
      "1234",
      `\${REASON}`,
      "{{ .Values.reason }}",
      "<% reason %>",
      "x",
      "n/a",
      "n/a n/a",
      "todo",
      "TBD",
      "none",
      "test",
      "Test test",
      "te\u200bst test",
      "to do",
      "aaaa bbbb",
      "xxxxxxxxxxxx",
      "OPS-12",
      "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
      "ENC[AES256_GCM,data:p673w==,iv:YY=,tag:UQ=,type:str]",
      "@@REASON@@ @@MORE@@",
      "%REASON% %MORE%",
      "$REASON $MORE",
      "#{the.reason of it}",
      "[[ .the reason ]]",
      "((the reason))",
      "<your reason here>",
      `${pulumi.output("a")}`,
      `because ${pulumi.output("a")}`,
      `because \${WHY}`,
      "a".repeat(1_000_000),
      "a ".repeat(500_000),
    ]) {
      assert.equal(reasonIn(empty), undefined, JSON.stringify(empty?.slice(0, 40)));
    }
    for (const reason of [
      "a test",
      "air-gapped",
      "see OPS-12",
      "試験用の一台",
      "単一マシン",
      "นี่คือการทดสอบ",
      `because \${WHY} is so`,
      "x\u200by is old",
    ]) {
      assert.equal(reasonIn(reason), reason);
    }
  });

  it("does not count without a reason, and says what one needs", () => {
    assert.equal(notMeant(undefined), "nothing says that this is meant");
    assert.equal(notMeant(skipFor(" ")), "the skip that is said has no reason, and does not count");
    assert.equal(
      notMeant(skipFor("n/a")),
      'the skip that is said does not count, since "n/a" is no reason: one has at least 2 different words, and 4 different letters',
    );
    assert.ok(notMeant(skipFor("x".repeat(100_000))).length < 300);
  });
});
