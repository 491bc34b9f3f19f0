/** The server's time, by which clients correct the times that they are told. */

/** The header that streams of times begin with. */
export function clock(): Readonly<Record<string, string>> {
  return { "buildkit-current-timestamp": new Date().toISOString() };
}
