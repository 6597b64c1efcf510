import assert from "node:assert/strict";
import { reasonIn, skipOf } from "../../../trust/words/skip.ts";

describe("a skip", () => {
  const source = { where: "pod" };
  const said = (annotations: Record<string, string>) => {
    const fact = skipOf(annotations, source);
    return fact.known ? fact.value : undefined;
  };
  const skip = { "kubelet-trust/kubelet-serving-verification": "skip" };

  it("is said with a reason, and not without", () => {
    assert.deepEqual(said({ ...skip, "kubelet-trust/reason": " a lab " }), { reason: "a lab" });
    assert.equal(said(skip), undefined);
    assert.equal(said({ "kubelet-trust/reason": "a lab" }), undefined);
    assert.equal(
      said({
        "kubelet-trust/kubelet-serving-verification": "skipped",
        "kubelet-trust/reason": "a lab",
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
    ]) {
      assert.equal(reasonIn(empty), undefined, JSON.stringify(empty));
    }
    for (const reason of ["OPS-12", "試験", `because \${WHY}`, "x\u200by"]) {
      assert.equal(reasonIn(reason), reason);
    }
  });
});
