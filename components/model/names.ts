/** A DNS label, RFC 1123. */
const label = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/**
 * What is wrong with a machine's name. It becomes the Node's name, which is a DNS name in lower case, and the
 * value of the label `kubernetes.io/hostname`, which holds 63 characters.
 */
export function machineNameProblems(name: string, field: string): string[] {
  if (name.length > 63) {
    return [
      `${field}: ${JSON.stringify(name)} has ${name.length} characters, and the label kubernetes.io/hostname holds 63. Shorten the name.`,
    ];
  }
  if (!isDnsName(name)) {
    const lower = name.toLowerCase();
    const remedy = isDnsName(lower)
      ? `Write ${lower}.`
      : "Use lower-case letters, digits, - and ., with a letter or digit at both ends of each part.";
    return [`${field}: ${JSON.stringify(name)} is no node name. ${remedy}`];
  }
  return [];
}

/** What is wrong with the name of a pool or a cluster, which is part of names and the value of a label. */
export function labelProblems(name: string, field: string): string[] {
  return label.test(name) && name.length <= 50
    ? []
    : [
        `${field}: ${JSON.stringify(name)} cannot be part of names and labels. Use at most 50 lower-case letters, digits and -, with a letter or digit at both ends.`,
      ];
}

/** Whether a text is a DNS name in lower case, RFC 1123. */
export function isDnsName(name: string): boolean {
  return (
    name.length <= 253 && name.split(".").every((part) => part.length <= 63 && label.test(part))
  );
}

/** The candidate nearest to a word, when it is near enough to be what was meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const ranked = candidates
    .map((candidate) => ({ candidate, distance: editDistance(word.toLowerCase(), candidate) }))
    .sort((a, b) => a.distance - b.distance);
  const [best] = ranked;
  return best !== undefined && best.distance <= Math.max(2, word.length / 3)
    ? best.candidate
    : undefined;
}

/** Levenshtein distance, case-insensitive on the candidate's side. */
function editDistance(a: string, candidate: string): number {
  const b = candidate.toLowerCase();
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      row[j] = Math.min(
        (previous[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
