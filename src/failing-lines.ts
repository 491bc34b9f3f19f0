/** The lines of a step's log that say why it failed, with the lines around them. What a program means by its words is a guess: the whole log stays. Pure. */
import { stripVTControlCharacters } from "node:util";

/** A line of a log. */
export interface LogLine {
  /** Counted from 1. */
  readonly line: number;
  readonly text: string;
  /** It says what went wrong; the others are around it. */
  readonly isFailing: boolean;
}

const FAILING: readonly RegExp[] = [
  // "error: …", "ERROR in …", "error TS2304:", "error[E0425]: …", "fatal: …", "npm error …", "E: …"
  /(?:^|[\s:\])])(?:fatal error|error|fatal|panic|exception)(?:\s*[:![(]| in | TS\d+)/i,
  /^\s*(?:npm (?:ERR!|error)|ERR!|E:|ERROR|FATAL|FAIL|FAILED|not ok)(?:\s|$)/,
  // "TypeError: …", "java.lang.IllegalStateException: …"
  /^\s*(?:Caused by: |Uncaught )?[\w.$]*(?:Error|Exception)(?::|$| \[)/,
  /^Traceback \(most recent call last\)/,
  /^\S*make(?:\[\d+\])?: \*\*\*/,
  /: (?:command not found|not found|no such file or directory|permission denied|cannot execute\b.*|is not recognized\b.*)\s*$/i,
  /\b(?:undefined reference to|segmentation fault|core dumped|out of memory|no space left on device|cannot find module|could not resolve host|connection refused)\b/i,
  /^(?:sh|bash|\/bin\/\w+): .*(?:unexpected|syntax error)/,
];
const HARMLESS = /\b(?:0|no) (?:errors?|failures?|failed)\b|\berrors: 0\b|\b(?:warning|warn)\b(?!.*\berror\b)/i;
/** Of a log full of errors, the first and the last tell. */
const FIRST = 20;
const LAST = 10;
/** What is shown of a log in which nothing sounds like a failure. */
const END_LINES = 10;

/** Those lines, in their order, with `around` more before and after each; of a log that says nothing, its end. */
export function failingLines(log: string, around: number = 2): LogLine[] {
  const lines = stripVTControlCharacters(log)
    .replace(/\n+$/, "")
    .split("\n")
    .map((line) => line.replace(/\r$/, "").replace(/^.*\r/, ""));
  if (lines.length === 1 && lines[0] === "") return [];
  const found = lines.flatMap((line, at) => (isFailing(line) ? [at] : []));
  const failing = new Set([...found.slice(0, FIRST), ...found.slice(-LAST)]);
  const shown = new Set<number>();
  for (const at of failing) for (let near = at - around; near <= at + around; near += 1) shown.add(near);
  if (failing.size === 0) for (let at = lines.length - END_LINES; at < lines.length; at += 1) shown.add(at);
  return lines.flatMap((text, at) => (shown.has(at) ? [{ line: at + 1, text, isFailing: failing.has(at) }] : []));
}

function isFailing(line: string): boolean {
  return FAILING.some((pattern) => pattern.test(line)) && !HARMLESS.test(line);
}
