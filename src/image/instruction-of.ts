/** The words of a Dockerfile in the history of an image. */

/** What builders put around an instruction goes: docker's "#(nop)", BuildKit's "# buildkit" and shell, buildah's "|1 A=b". */
export function instructionOf(createdBy: string): string {
  const text = createdBy.replace(/ # buildkit$/, "").trim();
  const nop = /^\/bin\/sh -c #\(nop\)\s+(.*)$/s.exec(text);
  if (nop !== null) return nop[1] ?? "";
  const run = /^(?:RUN )?(?:\|\d+ .*?)?\/bin\/sh -c (.*)$/s.exec(text);
  return run === null ? text : `RUN ${run[1] ?? ""}`;
}
