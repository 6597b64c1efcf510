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
