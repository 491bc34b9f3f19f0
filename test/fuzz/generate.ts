/** A whole case from a seed: context, bases, stages that build on and copy from each other, arguments, target. */
import { given } from "../../src/given.ts";
import type { Base } from "../conformance/types.ts";
import { generateBase, generateContext } from "./generate-context.ts";
import { oddBase } from "./odd-base.ts";
import { generateGit, gitSteps } from "./generate-git.ts";
import { generateStep, type StageView } from "./generate-steps.ts";
import { createRandom, type Random } from "./random.ts";
import type { FuzzCase, FuzzStage } from "./types.ts";

const MOST_STAGES = 4;
const MOST_STEPS = 7;
const BUSYBOX_PATHS = ["/bin/sh", "/etc/passwd", "/etc", "/tmp"];

interface Made {
  readonly stage: FuzzStage;
  readonly name: string;
  readonly runs: boolean;
  readonly paths: readonly string[];
}

/** The case of `seed`. */
export function generateCase(seed: number): FuzzCase {
  const fuzz = generateLocal(seed);
  const git = generateGit(seed);
  if (git === undefined) return fuzz;
  // The repository brings its own Dockerfile.
  if (git.isContext) return { ...fuzz, head: [], stages: [], files: {}, bases: {}, buildArgs: {}, inside: false, git };
  const [first, ...others] = fuzz.stages;
  const stages = first === undefined ? [] : [{ ...first, lines: [...gitSteps(git), ...first.lines] }, ...others];
  return { ...fuzz, stages, git };
}

/** All of it but the repositories. */
function generateLocal(seed: number): FuzzCase {
  const random = createRandom(seed);
  const files = generateContext(random);
  const context = sourcesOf(files, random);
  const bases: Record<string, Base> = random.chance(0.25) ? { base: oddBase(generateBase(random), seed) } : {};
  const escape = random.chance(0.06) ? ["# escape=`"] : [];
  const head = [...escape, ...(random.chance(0.3) ? [`ARG A=${random.pick(["v", "global", '"g o"'])}`] : [])];
  const made: Made[] = [];
  const count = random.weighted([
    [3, 1],
    [4, 2],
    [3, 3],
    [1, MOST_STAGES],
  ]);
  const ignoring = files[".dockerignore"] !== undefined;
  while (made.length < count) made.push(generateStage(random, { context, ignoring }, bases, made));
  const named = made.filter(isNamed);
  const target = named.length > 0 && random.chance(0.15) ? named[random.below(named.length)]?.name : undefined;
  return {
    seed,
    head,
    stages: made.map(({ stage }) => (escape.length === 0 ? stage : withBackticks(stage))),
    files,
    bases,
    buildArgs: random.chance(0.25) ? { [random.pick(["A", "B", "M"])]: random.pick(["foo", "700", "x y"]) } : {},
    labels: random.chance(0.1) ? { a: "given" } : {},
    ...given({ target }),
    inside: random.chance(0.4),
  };
}

/** Continuations, and half of the other escapes, for a Dockerfile whose escape character is the backtick. */
function withBackticks({ from, lines }: FuzzStage): FuzzStage {
  let count = 0;
  const escaped = (line: string): string =>
    line.replace(/\\(\n)?/g, (found, end) => (end === "\n" || (count++ & 1) === 0 ? found.replace("\\", "`") : found));
  return { from, lines: lines.map(escaped) };
}

function generateStage(
  random: Random,
  { context, ignoring }: Pick<StageView, "context" | "ignoring">,
  bases: Readonly<Record<string, Base>>,
  before: readonly Made[],
): Made {
  const named = before.filter(isNamed);
  const parent = random.chance(0.45) ? named[random.below(named.length)] : undefined;
  const onBase = parent === undefined && bases["base"] !== undefined && random.chance(0.6);
  const busybox = parent === undefined && random.chance(0.6);
  const name = random.chance(0.7) ? `s${before.length}` : String(before.length);
  const from = parent?.name ?? (onBase ? "@{base}" : "scratch");
  const runs = parent?.runs ?? busybox;
  const paths = [...(parent?.paths ?? []), ...(busybox ? BUSYBOX_PATHS : []), ...(onBase ? ["/d", "/l", "/out", "/e/l"] : [])];
  const view: StageView = { runs, context, ignoring, stages: before.map((stage) => ({ name: stage.name, paths: stage.paths })), paths };
  const lines = busybox ? ["COPY busybox /", "ENV PATH=/bin"] : [];
  if (random.chance(0.3)) lines.push("ARG A");
  for (let left = 1 + random.below(MOST_STEPS); left > 0; left -= 1) lines.push(...generateStep(random, view));
  return { stage: { from: `FROM ${from}${isNamed({ name }) ? ` AS ${name}` : ""}`, lines }, name, runs, paths };
}

/** What a COPY may name: links to nowhere only now and then. */
function sourcesOf(files: FuzzCase["files"], random: Random): string[] {
  return Object.entries(files).flatMap(([path, { spec }]) => {
    if (path === ".dockerignore") return [];
    if (typeof spec === "string" || spec.kind !== "symlink") return [path];
    return files[spec.target.replace(/^\//, "")] !== undefined && (!path.includes("/") || spec.target.startsWith("/"))
      ? [path]
      : random.chance(0.05)
        ? [path]
        : [];
  });
}

function isNamed({ name }: Pick<Made, "name">): boolean {
  return /^\D/.test(name);
}
