/** What is wrong with an expiration. */
export function expirationProblems(expiration: string | undefined, field: string): string[] {
  const pattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)$/;
  return expiration === undefined ||
    (pattern.test(expiration) && !Number.isNaN(Date.parse(expiration)))
    ? []
    : [
        `${field}: ${JSON.stringify(expiration)} is no RFC 3339 time. Write e.g. 2027-01-31T00:00:00Z.`,
      ];
}
