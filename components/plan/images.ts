/**
 * What is wrong with the name of an image, which is given without tag and digest.
 * Source: distribution `reference/regexp.go`.
 */
export function imageProblems(image: string | undefined, field: string): string[] {
  const part = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
  const host = "[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::\\d{1,5})?";
  const name = new RegExp(`^(?:${host}/)?${part}(?:/${part})*$`);
  return image === undefined || (name.test(image) && image.length <= 255)
    ? []
    : [
        `${field}: ${JSON.stringify(image)} is no name of an image without its tag. Write e.g. postfinance/kubelet-csr-approver, and the tag apart.`,
      ];
}

/** What is wrong with an image's tag. Source: distribution `reference/regexp.go`. */
export function imageTagProblems(tag: string | undefined, field: string): string[] {
  return tag === undefined || /^\w[\w.-]{0,127}$/.test(tag)
    ? []
    : [`${field}: ${JSON.stringify(tag)} is no tag of an image. Write e.g. v1.2.14.`];
}
