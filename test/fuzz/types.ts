/** A generated case in parts, so that the shrinker can take parts away. */
import { given } from "../../src/given.ts";
import type { Base, Case, FileSpec } from "../conformance/types.ts";
import { type GitPart, gitContext, makeRepository } from "./generate-git.ts";

/** Something in a context. */
export interface Planted {
  readonly spec: string | FileSpec;
  /** The TypeScript that makes it, with the functions of conformance/files.ts. */
  readonly code: string;
}

/** A stage: its FROM line and its instructions, each with its continuations and heredocs. */
export interface FuzzStage {
  readonly from: string;
  readonly lines: readonly string[];
}

/** A case in parts. */
export interface FuzzCase {
  readonly seed: number;
  /** Lines before the first FROM. */
  readonly head: readonly string[];
  readonly stages: readonly FuzzStage[];
  readonly files: Readonly<Record<string, Planted>>;
  readonly bases: Readonly<Record<string, Base>>;
  readonly buildArgs: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly target?: string;
  /** The Dockerfile lies in the context. */
  readonly inside: boolean;
  /** Repositories that steps add, or that are the context. */
  readonly git?: GitPart;
}

/** The text of the Dockerfile. */
export function dockerfileOf({ head, stages }: FuzzCase): string {
  return `${[...head, ...stages.flatMap(({ from, lines }) => [from, ...lines])].join("\n")}\n`;
}

/** The same as a case of the conformance suite. */
export function asCase(fuzz: FuzzCase): Case {
  const { seed, files, bases, buildArgs, labels, target, inside, git } = fuzz;
  const dockerfile = dockerfileOf(fuzz);
  return {
    name: `fuzz: seed ${seed}`,
    dockerfile,
    files: Object.fromEntries(Object.entries(files).map(([path, { spec }]) => [path, spec])),
    busybox: /\bbusybox\b/.test(dockerfile),
    bases,
    buildArgs,
    labels,
    // Files of a repository have the time of their checkout, which is that of no step.
    times: git === undefined ? ["*"] : [],
    ...(inside ? { file: "Dockerfile" } : {}),
    ...given({ target }),
    ...(git === undefined ? {} : given({ repositories: mapped(git), context: gitContext(git) })),
  };
}

function mapped({ repositories }: GitPart): NonNullable<Case["repositories"]> {
  return Object.fromEntries(Object.entries(repositories).map(([name, actions]) => [name, makeRepository(actions)]));
}

/** The case ready to paste into a topic of the conformance suite. */
export function caseCode(fuzz: FuzzCase): string {
  const { name, dockerfile, busybox, bases = {}, buildArgs = {}, labels = {}, target, file, context } = asCase(fuzz);
  const fields = [`name: ${JSON.stringify(name)}`, `dockerfile: ${JSON.stringify(dockerfile)}`];
  if (busybox === true) fields.push("busybox: true");
  if (file !== undefined) fields.push(`file: ${JSON.stringify(file)}`);
  const files = Object.entries(fuzz.files).map(([path, { code }]) => `${JSON.stringify(path)}: ${code}`);
  if (files.length > 0) fields.push(`files: { ${files.join(", ")} }`);
  for (const [key, value] of Object.entries({ bases, buildArgs, labels }))
    if (Object.keys(value).length > 0) fields.push(`${key}: ${JSON.stringify(value)}`);
  const repositories = Object.entries(fuzz.git?.repositories ?? {}).map(
    ([name, actions]) => `${name}: makeRepository(${JSON.stringify(actions)})`,
  );
  if (repositories.length > 0) fields.push(`repositories: { ${repositories.join(", ")} }`);
  if (context !== undefined) fields.push(`context: ${JSON.stringify(context)}`);
  if (target !== undefined) fields.push(`target: ${JSON.stringify(target)}`);
  return `{ ${fields.join(", ")} },`;
}
