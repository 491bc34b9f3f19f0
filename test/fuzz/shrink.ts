/** Makes a failing case small: takes parts away as long as it fails in the same way. */
import type { GitPart } from "./generate-git.ts";
import type { FuzzCase, FuzzStage } from "./types.ts";

/** What kind of problem a line tells, without the path or text that a smaller case changes. */
export function kindOf(problem: string): string {
  return (
    /^(?:law "[^"]*"|path|config \w+|history|layers|busybox|broken|BuildKit fails|BuildKit builds, Decant fails: \w+)/.exec(problem) ?? [
      problem,
    ]
  )[0];
}

/** Shrinks by at most `tries` checks. `fails` gives the problems of a candidate. */
export async function shrinkCase(
  given: FuzzCase,
  problems: readonly string[],
  fails: (candidate: FuzzCase) => Promise<readonly string[]>,
  tries: number,
): Promise<{ readonly fuzz: FuzzCase; readonly problems: readonly string[] }> {
  const kinds = new Set(problems.map(kindOf));
  let best = { fuzz: given, problems };
  let left = tries;
  for (let progress = true; progress && left > 0;) {
    progress = false;
    // A candidate taken changes what can be taken next: begin again, at the place where this one was.
    for (let at = 0; left > 0; left -= 1) {
      const candidate = nth(smaller(best.fuzz), at);
      if (candidate === undefined) break;
      const found = await fails(candidate);
      if (found.some((problem) => kinds.has(kindOf(problem)))) {
        best = { fuzz: candidate, problems: found };
        progress = true;
      } else at += 1;
    }
  }
  return best;
}

function nth<T>(values: Iterable<T>, wanted: number): T | undefined {
  let at = 0;
  for (const value of values) {
    if (at === wanted) return value;
    at += 1;
  }
  return undefined;
}

/** Cases with one part less, large parts first. */
function* smaller(fuzz: FuzzCase): Generator<FuzzCase> {
  const { stages, files, target, ...rest } = fuzz;
  if (target !== undefined) yield { ...rest, stages, files };
  for (const at of stages.keys()) if (stages.length > 1) yield { ...fuzz, stages: stages.toSpliced(at, 1) };
  for (const [at, stage] of stages.entries())
    for (const lines of fewerLines(stage)) yield { ...fuzz, stages: stages.with(at, { ...stage, lines }) };
  for (const path of Object.keys(files)) {
    const kept = Object.entries(files).filter(([other, { code }]) => other !== path && !code.startsWith(`hardlink("${path}"`));
    yield { ...fuzz, files: Object.fromEntries(kept) };
  }
  for (const part of ["head", "bases", "buildArgs", "labels"] as const)
    if (Object.keys(fuzz[part]).length > 0) yield { ...fuzz, [part]: part === "head" ? [] : {} };
  if (fuzz.git !== undefined) yield* lessGit(fuzz, fuzz.git);
  if (fuzz.inside) yield { ...fuzz, inside: false };
  for (const [at, stage] of stages.entries())
    for (const [line, text] of stage.lines.entries())
      for (const shorter of fewerWords(text))
        yield { ...fuzz, stages: stages.with(at, { ...stage, lines: stage.lines.with(line, shorter) }) };
}

/** Without references, with one reference, or with one thing less done to a repository. */
function* lessGit(fuzz: FuzzCase, git: GitPart): Generator<FuzzCase> {
  if (!git.isContext && git.references.length > 0) yield { ...fuzz, git: { ...git, references: [] } };
  if (git.references.length > 1) for (const reference of git.references) yield { ...fuzz, git: { ...git, references: [reference] } };
  for (const [name, actions] of Object.entries(git.repositories))
    // The first one is a commit, which others need.
    for (const at of [...actions.keys()].slice(1).toReversed())
      yield { ...fuzz, git: { ...git, repositories: { ...git.repositories, [name]: actions.toSpliced(at, 1) } } };
}

/** Halves first, then lines from the end. */
function* fewerLines({ lines }: FuzzStage): Generator<readonly string[]> {
  if (lines.length > 3) {
    yield lines.slice(0, lines.length >> 1);
    yield lines.slice(lines.length >> 1);
  }
  for (const at of [...lines.keys()].toReversed()) yield lines.toSpliced(at, 1);
}

/** An instruction without one of its commands, or one of its words. */
function* fewerWords(text: string): Generator<string> {
  if (text.includes("<<")) return;
  const separator = text.startsWith("RUN ") ? /;(?:\s*\\\n(?:# comment\n)?)?\s*/ : / /;
  const words = text.split(separator);
  for (const at of words.keys()) if (at > 0 && words.length > 2) yield words.toSpliced(at, 1).join(text.startsWith("RUN ") ? "; " : " ");
}
