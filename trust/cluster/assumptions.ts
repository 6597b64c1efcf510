/** What was taken for granted, said once each, in the order in which it was. */
export type Assumptions = {
  readonly add: (sentence: string) => void;
  readonly all: () => readonly string[];
};

/** An empty list. */
export function assumptions(): Assumptions {
  const sentences = new Set<string>();
  return { add: (sentence) => sentences.add(sentence), all: () => [...sentences] };
}
