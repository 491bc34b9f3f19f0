/** Paths of the server's store, which say nothing to a client and are nobody's business. */

/** Takes them out of what a client is told. `root`: that of the store. */
export function hidePaths(root: string): (text: string) => string {
  const inside = new RegExp(`${RegExp.escape(root)}/(?:tmp|clients)/[^\\s"',;]*`, "g");
  return (text) => (text.includes(root) ? text.replaceAll(inside, "(client)") : text);
}
