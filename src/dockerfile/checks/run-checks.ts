/** Runs the checks over a parsed Dockerfile. Pure; F50 to F57. */
import { isDecantError } from "../../errors.ts";
import { given } from "../../given.ts";
import { toDiagnostic } from "../errors.ts";
import type { Plan } from "../plan/types.ts";
import type { Diagnostic, Instruction } from "../types.ts";
import { checkedDockerfile, planDiagnostics } from "./checked.ts";
import { RULES } from "./rules.ts";
import { CHECK_ARGUMENT, type CheckSettings, fileSettings, isEnabled } from "./settings.ts";
import type { CheckOptions, CheckWarning, Finding, Rule } from "./types.ts";

/** What checks say of a file. */
export interface CheckReport {
  /** In the order of the text. */
  readonly warnings: readonly CheckWarning[];
  /** Why it cannot be built, as far as the text tells. */
  readonly errors: readonly Diagnostic[];
  /** Rules of BuildKit that were broken where `error=true` asks for that to be an error, each once; else empty. */
  readonly violations: readonly string[];
}

/** A file of a million mistakes is not read to its end by anybody. */
const MAX_FINDINGS = 1000;

/** Checks a planned file. Never throws for what stands in it; with errors, what can be checked is checked. */
export function runChecks(plan: Plan, options: CheckOptions = {}): CheckReport {
  const { parsed } = plan;
  const errors = parsed.diagnostics.filter(({ severity }) => severity === "error");
  const settings = readSettings(plan, errors);
  const dockerfile = checkedDockerfile(plan, options);
  // After a mistake in the grammar, what follows from it would only repeat it.
  if (errors.length === 0) errors.push(...planDiagnostics(plan));
  const warnings = RULES.filter((rule) => isOf(rule, options.purpose ?? "check")).flatMap((rule) =>
    [...Iterator.from(rule.find(dockerfile)).take(MAX_FINDINGS)]
      .filter((finding) => isEnabled(rule, settings, instructionsOf(finding)))
      .map((finding) => warningOf(rule, finding)),
  );
  const broken = new Set(warnings.filter(({ origin }) => origin === "buildkit").map(({ code }) => code));
  return {
    warnings: warnings.toSorted((a, b) => a.lines.first - b.lines.first || a.range.start.line - b.range.start.line),
    errors,
    violations: settings.error ? [...broken].toSorted() : [],
  };
}

function isOf(rule: Rule, purpose: NonNullable<CheckOptions["purpose"]>): boolean {
  return purpose === "check" || (purpose === "build" ? rule.duringBuild : rule.afterBuild);
}

function readSettings({ parsed, options }: Plan, errors: Diagnostic[]): CheckSettings {
  try {
    return fileSettings(parsed, options.buildArgs);
  } catch (error) {
    if (!isDecantError(error, "DOCKERFILE_SYNTAX") && !isDecantError(error, "DOCKERFILE_SEMANTIC")) throw error;
    const start = { file: parsed.file, start: { line: 1, column: 1 }, end: { line: 1, column: 1 } };
    errors.push({ ...toDiagnostic(error, start), ...(error.source.length === 0 ? { code: CHECK_ARGUMENT } : {}) });
    return { skip: new Set(), experimental: new Set(), error: false };
  }
}

function instructionsOf({ instruction, also }: Finding): Instruction[] {
  return [instruction, also].filter((each) => each !== undefined);
}

function warningOf(rule: Rule, { message, range, instruction }: Finding): CheckWarning {
  // BuildKit shows no more than the last line of an instruction with an empty line in it.
  const whole = rule.name === "NoEmptyContinuation" ? range : (instruction?.range ?? range);
  const last = whole.end.column === 1 && whole.end.line > whole.start.line ? whole.end.line - 1 : whole.end.line;
  return {
    severity: "warning",
    code: rule.name,
    message,
    range,
    description: rule.description,
    origin: rule.origin,
    lines: { first: whole.start.line, last },
    ...given({ url: rule.url }),
  };
}
