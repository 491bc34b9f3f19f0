/** Differences from BuildKit that we want, as any generated case may show them. Their reasons are those of conformance/differences.ts. */

const KNOWN: readonly RegExp[] = [
  // The BuildKit inside dockerd 28.5 has --parents in its labs frontend only.
  /^BuildKit fails, Decant builds: .*unknown flag: --parents$/,
  // "a step makes hard links": BuildKit loses a hard link to a file of a lower layer.
  /^path .*Decant "same as /,
  // "S81: a wildcard that matches nothing in a folder that nothing else is copied from"
  /^BuildKit fails, Decant builds: lstat .*no such file or directory$/,
];

/** True for a line of `differencesOf` that is meant. */
export function isKnown(line: string): boolean {
  return KNOWN.some((known) => known.test(line));
}
