/** Names of Linux signals, for STOPSIGNAL (rule S56). */
import type { SourceRange } from "../source.ts";
import { semanticError } from "./errors.ts";
import { suggest } from "./suggest.ts";

const NAMES: ReadonlyMap<string, number> = new Map([
  ...Object.entries({
    HUP: 1,
    INT: 2,
    QUIT: 3,
    ILL: 4,
    TRAP: 5,
    ABRT: 6,
    IOT: 6,
    BUS: 7,
    FPE: 8,
    KILL: 9,
    USR1: 10,
    SEGV: 11,
    USR2: 12,
    PIPE: 13,
    ALRM: 14,
    TERM: 15,
    STKFLT: 16,
    CHLD: 17,
    CLD: 17,
    CONT: 18,
    STOP: 19,
    TSTP: 20,
    TTIN: 21,
    TTOU: 22,
    URG: 23,
    XCPU: 24,
    XFSZ: 25,
    VTALRM: 26,
    PROF: 27,
    WINCH: 28,
    IO: 29,
    POLL: 29,
    PWR: 30,
    SYS: 31,
    RTMIN: 34,
    RTMAX: 64,
  }),
  ...Array.from({ length: 15 }, (_, index): [string, number] => [`RTMIN+${index + 1}`, 35 + index]),
  ...Array.from({ length: 14 }, (_, index): [string, number] => [`RTMAX-${index + 1}`, 63 - index]),
]);

/**
 * The number of a signal: "SIGTERM", "term" or "15". Any number but 0 is accepted, as in the field; the image keeps the text as written.
 * Throws `DOCKERFILE_SEMANTIC`.
 */
export function parseStopSignal(text: string, range?: SourceRange): number {
  const number = /^[+-]?\d{1,9}$/.test(text) ? Number(text) : NAMES.get(text.toUpperCase().replace(/^SIG/, ""));
  if (number !== undefined && number !== 0) return number;
  const near = suggest(text.toUpperCase().replace(/^SIG/, ""), NAMES.keys());
  throw semanticError(`Cannot use "${text}" to stop a container: invalid signal: ${text}`, {
    range,
    hint: near === undefined ? "Write a name such as SIGTERM, or a number" : `Did you mean SIG${near}?`,
  });
}
