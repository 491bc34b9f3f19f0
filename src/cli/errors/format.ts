/**
 * An error as a user reads it: message, place in their text, what the step said last, where the whole log is, and what to do.
 * The one error printer of the command line. Pure.
 */
import { stripVTControlCharacters } from "node:util";
import type { LogLine } from "../../failing-lines.ts";
import { isDecantError, type DecantError } from "../../errors.ts";
import { machineError } from "../../machine-error.ts";
import { formatExcerpt } from "../../source.ts";
import { displayWidth, fit, safeLine, type Style } from "../style.ts";

const MAX_TAIL_LINES = 20;
const MAX_CAUSES = 5;
/** Logs have no width; longer lines are hard to read. */
const WIDE = 160;
const MIN_STEP = 12;

/** The error's lines, without a newline at the end of each, for a terminal of so many `columns`; default: one that is wide. */
export function formatError(failure: unknown, style: Style, columns: number = WIDE): string[] {
  const error = machineError(failure);
  if (error instanceof SuppressedError) {
    // Both happened: the second while cleaning up after the first.
    return [
      ...formatError(error.suppressed, style, columns),
      "",
      style.dim("While cleaning up, this happened as well:"),
      ...formatError(error.error, style, columns),
    ];
  }
  if (!isDecantError(error) || isInternal(error)) return formatBug(error, style);
  const lines = [`${style.bold(style.red("ERROR:"))} ${messageLines(headline(error, columns - 7))}`, ...causeLines(error, style)];
  for (const range of error.source)
    lines.push(
      "",
      ...formatExcerpt(range, { columns: columns - 2 })
        .split("\n")
        .map((line) => markLine(fit(safeLine(line), columns - 2), style)),
    );
  lines.push(...logLines(error, style));
  if (error.hint !== undefined) lines.push("", `${style.cyan("Hint:")} ${messageLines(error.hint)}`);
  return lines;
}

function isInternal(error: DecantError): boolean {
  return error.code === "INTERNAL";
}

function formatBug(error: unknown, style: Style): string[] {
  const text = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : `thrown: ${String(error)}`;
  return [
    `${style.bold(style.red("ERROR:"))} This is a bug in Decant`,
    "",
    ...text.split("\n").map((line) => style.dim(`  ${safeLine(line)}`)),
    ...(error instanceof Error ? causeLines(error, style) : []),
    "",
    `${style.cyan("Hint:")} Report it with the lines above and, where you can, the Dockerfile`,
  ];
}

/** The name of a step is cut, so that what happened to it is seen. */
function headline({ message, details }: DecantError, columns: number): string {
  const { step } = details;
  if (typeof step !== "string" || !message.startsWith(step)) return message;
  const rest = message.slice(step.length);
  const ending = /^[^:]*(?::[^:]*)?/.exec(rest)?.[0] ?? rest;
  return fit(safeLine(step.replaceAll(/\s+/g, " ")), Math.max(MIN_STEP, columns - displayWidth(ending))) + rest;
}

function messageLines(text: string): string {
  return text.split("\n").map(safeLine).join("\n  ");
}

function causeLines(error: Error, style: Style): string[] {
  const lines: string[] = [];
  let said = error.message;
  let cause: unknown = error.cause;
  for (let depth = 0; cause instanceof Error && depth < MAX_CAUSES; depth += 1) {
    // Wrappers often quote their cause: do not say it twice.
    if (cause.message !== "" && !said.includes(cause.message)) {
      lines.push(style.dim(`  cause: ${messageLines(cause.message)}`));
      said += cause.message;
    }
    cause = cause.cause;
  }
  return lines;
}

function markLine(line: string, style: Style): string {
  return `  ${line.startsWith(">") ? style.bold(line) : /^ +\| +\^+$/.test(line) ? style.red(line) : style.dim(line)}`;
}

/** What the step said of its failure, where the end of its log does not have it. */
function failureLines({ details: { failingLines: told, logTail } }: DecantError, style: Style): string[] {
  const tail = typeof logTail === "string" ? logTail.replace(/\n+$/, "").split("\n").slice(-MAX_TAIL_LINES) : [];
  const shown = new Set(tail.map((line) => stripVTControlCharacters(line)));
  const lines = Array.isArray(told) ? told.filter(isLogLine) : [];
  const first = lines.find(({ isFailing }) => isFailing);
  if (first === undefined || lines.every(({ text, isFailing }) => !isFailing || shown.has(text))) return [];
  const out = ["", "What failed in the log:"];
  let last: number | undefined;
  for (const { line, text, isFailing } of lines) {
    if (last !== undefined && line > last + 1) out.push(`  ${style.dim("…")}`);
    last = line;
    const number = String(line).padStart(5);
    out.push(
      isFailing
        ? `${style.red(">")} ${number} ${style.dim("│")} ${style.bold(safeLine(text))}`
        : `  ${number} ${style.dim("│")} ${safeLine(text)}`,
    );
  }
  return out;
}

function isLogLine(value: unknown): value is LogLine {
  return typeof value === "object" && value !== null && "line" in value && "text" in value && "isFailing" in value;
}

function logLines(error: DecantError, style: Style): string[] {
  const { logTail, logFile } = error.details;
  const lines: string[] = failureLines(error, style);
  if (typeof logTail === "string" && logTail.trim() !== "") {
    const all = logTail.replace(/\n+$/, "").split("\n");
    lines.push("", all.length > MAX_TAIL_LINES ? `Last ${MAX_TAIL_LINES} lines of the step:` : "The step said:");
    lines.push(...all.slice(-MAX_TAIL_LINES).map((line) => `  ${style.dim("│")} ${safeLine(line)}`));
  }
  if (typeof logFile === "string") lines.push(...(lines.length === 0 ? [""] : []), `Whole log: ${safeLine(logFile)}`);
  return lines;
}
