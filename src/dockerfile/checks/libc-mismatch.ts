/** Decant's LibcMismatch. */
import type { CopyFacts, Libc, LibcNeed, TreeFacts } from "../../facts/index.ts";
import { joinWorkdir } from "../plan/workdir.ts";
import { isNewerVersion, libcByName } from "./libc-version.ts";
import { atStep, decantRule } from "./rule.ts";
import { runText } from "./run-text.ts";
import { rootImage, shippedStages } from "./shipped.ts";
import type { CheckedDockerfile, CheckedStage, CheckedStep, Finding, Rule } from "./types.ts";

/** What makes programs, or modules of them, that need a C library. */
const NATIVE: readonly { readonly matches: RegExp; readonly unless?: RegExp; readonly what: string; readonly where?: "node_modules" }[] = [
  { matches: /\bcargo\s+(?:build|install)\b/, unless: /-linux-musl|crt-static/, what: "programs built by cargo" },
  {
    matches: /\bgo\s+(?:build|install)\b/,
    unless: /\bCGO_ENABLED=0\b|-static\b/,
    what: "programs built by go with cgo (CGO_ENABLED=0 avoids it)",
  },
  {
    matches: /(?:^|[\s;&|])(?:gcc|g\+\+|clang|clang\+\+|cc|make|cmake|ninja)\s/,
    unless: /-static\b/,
    what: "compiled programs",
  },
  { matches: /\bpip3?\s+install\b|\buv\s+(?:sync|pip)\b/, what: "native modules of Python packages" },
  {
    matches: /\bnpm\s+(?:ci|i|install)\b|\byarn(?:\s+install)?(?:\s|$)|\bpnpm\s+(?:i|install)\b/,
    what: "native modules of npm packages",
    where: "node_modules",
  },
];

/** Programs are built for another C library, or a newer one, than the result has. */
export const libcMismatch: Rule = {
  ...decantRule("LibcMismatch", "The result should have the C library that its programs were built for", function* (dockerfile) {
    const { built } = dockerfile.options;
    for (const stage of shippedStages(dockerfile)) {
      for (const step of stage.steps) {
        const { instruction } = step;
        if (instruction.kind !== "copy" || instruction.from === undefined) continue;
        const copied = built?.copies.get(instruction.range);
        if (built === undefined) yield* byBases(dockerfile, stage, step);
        else if (copied !== undefined && built.target !== undefined)
          yield* byFiles(step, copied, built.target, dockerfile.options.platform.architecture);
      }
    }
  }),
  afterBuild: true,
};

/** What was copied needs something that is not there: this is certain. */
function* byFiles(step: CheckedStep, copied: CopyFacts, target: TreeFacts, architecture: string): Generator<Finding> {
  const glibc = target.libcs.find(({ kind }) => kind === "glibc");
  const found = target.os === undefined ? "the result" : `the result (${target.os})`;
  for (const need of copied.needs) {
    // Packages bring files for several machines.
    if (need.architecture !== architecture) continue;
    const { path, loader, version } = need;
    if (loader !== undefined && !target.loaders.includes(loader)) {
      yield atStep(
        step,
        `${path} cannot start: it was built for ${nameOf(need)} and wants ${loader}, which ${found} does not have${hasOther(target)}`,
      );
    } else if (loader === undefined && target.libcs.length > 0 && !target.libcs.some(({ kind }) => kind === need.kind)) {
      yield atStep(step, `${path} cannot be loaded: it was built for ${nameOf(need)}${hasOther(target).replace(/^;/, ", and")}`);
    } else if (need.kind === "glibc" && version !== undefined && glibc?.version !== undefined && isNewerVersion(version, glibc.version)) {
      yield atStep(
        step,
        `${path} ${loader === undefined ? "cannot be loaded" : "cannot start"}: it needs glibc ${version} or later, and ${found} has ${glibc.version}: ` +
          "build on an older base, or take a newer one for the result",
      );
    }
  }
}

/** Before a build: what the stages are built on. */
function* byBases(dockerfile: CheckedDockerfile, stage: CheckedStage, step: CheckedStep): Generator<Finding> {
  const { instruction, values } = step;
  if (instruction.kind !== "copy" || instruction.from === undefined) return;
  const source = dockerfile.stages[step.from?.kind === "stage" ? step.from.index : -1];
  if (source === undefined) return;
  const [from, to] = [libcOf(dockerfile, source), libcOf(dockerfile, stage)];
  if (from === undefined || to === undefined) return;
  const isNewer = from.version !== undefined && to.version !== undefined && isNewerVersion(from.version, to.version);
  if (from.kind === to.kind && !isNewer) return;
  const paths = values.slice(0, -1).map((value) => joinWorkdir("/", value));
  const native = nativeIn(source, paths);
  if (native === undefined) return;
  const than = from.kind === to.kind ? ", which is newer" : "";
  yield atStep(
    step,
    `${rootImage(source)} has ${nameOf(from)}${than}, and ${rootImage(stage)} has ${nameOf(to)}: ${native} of the first may not work on the second; ` +
      "take the same distribution and release for both",
    instruction.from.range,
  );
}

function libcOf({ options }: CheckedDockerfile, stage: CheckedStage): Libc | undefined {
  const image = rootImage(stage);
  const facts = options.facts?.(image, options.platform);
  return facts === undefined ? libcByName(image) : facts.libcs.length === 1 ? facts.libcs[0] : undefined;
}

/** What the stage builds for a C library and the paths may hold. */
function nativeIn(source: CheckedStage, paths: readonly string[]): string | undefined {
  const chain: CheckedStage[] = [];
  for (let stage: CheckedStage | undefined = source; stage !== undefined; stage = stage.parent) chain.push(stage);
  const steps = chain.flatMap(({ steps: own }) => own);
  const runs = steps.flatMap(({ instruction, workdir }) => (instruction.kind === "run" ? [{ text: runText(instruction), workdir }] : []));
  const texts = [...runs.map(({ text }) => text), ...steps.flatMap(({ instruction: { kind, line } }) => (kind === "env" ? [line] : []))];
  return NATIVE.find(({ matches, unless, where }) => {
    if (unless !== undefined && texts.some((text) => unless.test(text))) return false;
    return runs.some(
      ({ text, workdir }) =>
        matches.test(text) && (where === undefined || paths.some((path) => path.includes(where) || path === workdir || path === "/")),
    );
  })?.what;
}

function nameOf({ kind, version }: Pick<LibcNeed, "kind" | "version">): string {
  return version === undefined ? kind : `${kind} ${version}`;
}

function hasOther({ libcs }: TreeFacts): string {
  return libcs.length === 0 ? "" : `; it has ${libcs.map(nameOf).join(" and ")}`;
}
