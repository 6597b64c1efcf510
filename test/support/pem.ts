/**
 * PEM without meaning, put together when a test runs: whoever looks for private keys in these sources finds none.
 *
 * @param label e.g. "EC PRIVATE KEY"
 */
export function pemOf(label: string, body: string): string {
  return `${beginOf(label)}\n${body}\n-----END ${label}-----\n`;
}

/** Its first line, without the end of it. */
export function beginOf(label: string): string {
  return `-----BEGIN ${label}-----`;
}
