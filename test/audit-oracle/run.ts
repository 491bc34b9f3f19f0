/**
 * npm run test:audit-oracle -- [--short] [--minutes N] [--seed N] [--only WORD] [--show]: takes one file at a time out of images with real programs, and compares
 * what the audit says with really starting them. Prints agreement by kind; fails on a false error, and on a false "will run".
 * --short is a fixed sample: the same programs and changes at each run.
 */
import { randomInt } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { createRandom } from "../fuzz/random.ts";
import { layersOf, FOLDER } from "./bases.ts";
import { changesOf } from "./changes.ts";
import { auditProgram, type Image, mountAt, openImage, unmount, writeChange, writeProgram } from "./image.ts";
import { ALL, SHORT } from "./programs.ts";
import { isSilent, reportOf } from "./report.ts";
import { start } from "./start.ts";
import type { Case, Change, Outcome, Program, Verdict } from "./types.ts";
import type { Finding } from "../../src/audit/types.ts";

const { values } = parseArgs({
  options: {
    short: { type: "boolean", default: false },
    minutes: { type: "string", default: "3" },
    seed: { type: "string", default: "" },
    only: { type: "string", default: "" },
    show: { type: "boolean", default: false },
  },
});
const CHANGES_A_ROUND = 6;
const { programs, packages, changes: maxChanges } = values.short ? SHORT : ALL;
const until = values.short ? Number.POSITIVE_INFINITY : Date.now() + Number(values.minutes) * 60_000;
const seed = values.seed !== "" ? Number(values.seed) : values.short ? 1 : randomInt(1_000_000);
const random = createRandom(seed);
console.log(values.short ? `the short form, seed ${seed}` : `seed ${seed}, ${values.minutes} minutes`);

/** A program whose whole image runs, and what is still to be tried with it. */
interface Subject {
  readonly program: Program;
  readonly image: Image;
  readonly findings: readonly Finding[];
  readonly changes: Change[];
}

const cases: Case[] = [];
await using scratch = await mkdtempDisposable(join(tmpdir(), "decant-oracle-"));
await using mounts = new AsyncDisposableStack();
let folders = 0;
const newFolder = (): string => join(scratch.path, String((folders += 1)));

const nameOf = ({ severity, id, path, message }: Finding): string => `${severity} ${id} ${path ?? ""}: ${message}`;

/** What a change adds to the findings of the whole image: its warnings are of other programs that lie beside. */
function verdictOf(found: readonly Finding[], before: readonly Finding[]): Verdict {
  const known = new Set(before.map(nameOf));
  const fresh = found.filter((one) => !known.has(nameOf(one)) && one.severity !== "note");
  const worst = fresh.some(({ severity }) => severity === "error") ? "error" : fresh.length > 0 ? "warning" : "nothing";
  return { worst, findings: fresh.map(nameOf) };
}

function tell(one: Case): void {
  cases.push(one);
  const { program, change, outcome, verdict } = one;
  const isFalseError = outcome.runs && verdict.worst === "error";
  if (!isFalseError && !isSilent(one) && !values.show) return;
  const what = isFalseError ? "FALSE ERROR" : isSilent(one) ? "FALSE WILL RUN" : outcome.runs ? "runs" : "dies";
  console.log(`${what}: ${program.name}, ${change === undefined ? "unchanged" : `${change.path} ${change.how}`}`);
  if (!outcome.runs) console.log(`    ${outcome.output.split("\n").slice(-6).join("\n    ")}`);
  for (const finding of verdict.findings) console.log(`    ${finding}`);
}

/** Mounts a program's image and starts it whole; undefined when it does not run at all. */
async function setUp(program: Program): Promise<Subject | undefined> {
  const folder = newFolder();
  mkdirSync(folder, { recursive: true });
  const image = openImage(folder, [writeProgram(join(folder, "own"), program), ...layersOf(program.kind, packages)]);
  mounts.defer(() => unmount(join(folder, "whole")));
  const outcome = await start(folder, join(folder, "whole"), program, { trace: true });
  const findings = await auditProgram(image, program, undefined);
  if (!outcome.runs) {
    console.log(`does not run at all: ${program.name}\n    ${outcome.output.split("\n").slice(-8).join("\n    ")}`);
    process.exitCode = 1;
    return undefined;
  }
  tell({ program, change: undefined, outcome, verdict: verdictOf(findings, []) });
  // A seed of its own: two programs are tried at a time, in an order that nobody knows.
  const own = createRandom(seed + programs.indexOf(program) * 1_000_003);
  return { program, image, findings, changes: changesOf(image.walked, program, outcome.opened, own).slice(-maxChanges) };
}

async function tryChange({ program, image, findings }: Subject, change: Change): Promise<void> {
  const folder = newFolder();
  const root = join(folder, "root");
  writeChange(join(folder, "change"), image, change);
  mountAt(root, [join(folder, "change"), ...image.lowers]);
  let outcome: Outcome;
  try {
    outcome = await start(folder, root, program);
  } finally {
    unmount(root);
  }
  tell({ program, change, outcome, verdict: verdictOf(await auditProgram(image, program, change), findings) });
}

// Programs by chance, each with some changes, then further rounds: any budget sees all kinds.
const wanted = programs.filter(({ name }) => name.includes(values.only)).map((program) => [random.below(2 ** 30), program] as const);
const fresh = wanted.toSorted(([one], [other]) => one - other).map(([, program]) => program);
const known: Subject[] = [];
const worker = async (): Promise<void> => {
  while (Date.now() < until) {
    const program = fresh.pop();
    const subject = program === undefined ? known.shift() : await setUp(program);
    if (subject === undefined && fresh.length === 0 && known.length === 0) return;
    for (let turn = 0; subject !== undefined && turn < CHANGES_A_ROUND && Date.now() < until; turn += 1) {
      const change = subject.changes.pop();
      if (change === undefined) break;
      await tryChange(subject, change);
    }
    if (subject !== undefined && subject.changes.length > 0) known.push(subject);
  }
};
await Promise.all([worker(), worker()]);

mkdirSync(FOLDER, { recursive: true });
const kept = cases.map(({ program, ...rest }) => ({ program: program.name, ...rest }));
writeFileSync(join(FOLDER, "last.json"), JSON.stringify({ seed, cases: kept }, undefined, 1));
console.log(reportOf(cases));
if (cases.some((one) => isSilent(one) || (one.outcome.runs && one.verdict.worst === "error"))) process.exitCode = 1;
