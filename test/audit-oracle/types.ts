/** What the oracle tries: programs, and what is taken away from their images. */

/** Which rules of the audit a program tries. */
export type Kind = "node" | "python" | "java";

/** One program on top of a base. */
export interface Program {
  readonly kind: Kind;
  readonly name: string;
  /** Files of its own, by their path in the image. */
  readonly files: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly env?: readonly string[];
}

/** What one run tries. */
export interface Selection {
  readonly programs: readonly Program[];
  /** What is installed on the base of a kind: packages of npm or Debian. */
  readonly packages: Readonly<Record<Kind, readonly string[]>>;
  /** For each program, at most. */
  readonly changes: number;
}

/** What is done to an image: a file or directory is gone, or its owner alone may read it. */
export interface Change {
  readonly how: "removed" | "unreadable";
  /** Without a slash at the beginning. */
  readonly path: string;
}

/** What starting comes to. */
export interface Outcome {
  readonly runs: boolean;
  /** The end of what it wrote. */
  readonly output: string;
}

/** The worst that the audit finds of whether it runs. */
export interface Verdict {
  readonly worst: "error" | "warning" | "nothing";
  /** Of findings that the unchanged image does not have, as "severity id path: message". */
  readonly findings: readonly string[];
}

/** One comparison. */
export interface Case {
  readonly program: Program;
  readonly change: Change | undefined;
  readonly outcome: Outcome;
  readonly verdict: Verdict;
}
