/** The annotations that say that not verifying kubelet serving certificates is meant. */
import { type Fact, known, type Source } from "../../trust/words/fact.ts";
import { reasonAnnotation, verificationAnnotation } from "../../trust/words/vocabulary.ts";

/** What annotations say; a skip without a reason does not count. */
export function skipOf(
  annotations: Readonly<Record<string, string>>,
  source: Source,
): Fact<{ readonly reason: string } | undefined> {
  const reason = annotations[reasonAnnotation]?.trim() ?? "";
  const isSkip = annotations[verificationAnnotation]?.trim() === "skip";
  return known(isSkip && reason !== "" ? { reason } : undefined, {
    ...source,
    key: verificationAnnotation,
  });
}
