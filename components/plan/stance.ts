import { noReason, reasonIn } from "../../trust/words/skip.ts";
import type { ApiServerStance } from "../../trust/words/vocabulary.ts";

/** What is wrong with a stance and its reason. Each problem begins with the field's name. */
export function stanceProblems(stance: ApiServerStance, skipReason: string | undefined): string[] {
  const reason = skipReason?.trim() ?? "";
  if (stance === "skip" && reason === "") {
    return [
      "skipReason: stance skip leaves every kubelet serving certificate unverified, and no reason is given. Say why in skipReason, or use stance verify.",
    ];
  }
  if (stance === "skip" && reasonIn(reason) === undefined) {
    return [
      `skipReason: ${noReason(reason)}. Say in words why kubelets are not verified, or use stance verify.`,
    ];
  }
  if (stance !== "skip" && reason !== "") {
    return [
      `skipReason: ${JSON.stringify(skipReason)} is given, but stance ${stance} does not skip. Remove skipReason, or use stance skip.`,
    ];
  }
  return [];
}
