/** HEALTHCHECK (rule S53). */
import { syntaxError } from "../errors.ts";
import { type FlagSet, readFlags } from "../flags.ts";
import type { Statement } from "../statement.ts";
import { didYouMean } from "../suggest.ts";
import { isSpace, present } from "../slices.ts";
import type { HealthcheckInstruction } from "../types.ts";
import { parseDuration } from "../values.ts";
import { wordAt } from "../split-line.ts";
import { readCommandLine } from "./command-line.ts";

const MIN_NS = 1e6;
const MAX_RETRIES = 2 ** 31 - 1;
const FLAGS = { interval: "string", timeout: "string", "start-period": "string", "start-interval": "string", retries: "string" } as const;

/** HEALTHCHECK. */
export function readHealthcheck(statement: Statement): HealthcheckInstruction {
  const { line, args, base } = statement;
  let typeEnd = args.start;
  while (typeEnd < args.end && !isSpace(line.text.charCodeAt(typeEnd))) typeEnd += 1;
  let start = typeEnd;
  while (start < args.end && isSpace(line.text.charCodeAt(start))) start += 1;
  const word = wordAt(line, { start: args.start, end: typeEnd });
  const type = word.text.toUpperCase();
  if (type === "") {
    throw syntaxError("MissingArgument", "Cannot parse HEALTHCHECK: HEALTHCHECK requires at least one argument", {
      range: base.range,
      hint: "Write HEALTHCHECK CMD command, or HEALTHCHECK NONE",
    });
  }
  if (type === "NONE") {
    if (start < args.end) {
      throw syntaxError("HealthcheckNone", "Cannot parse HEALTHCHECK: HEALTHCHECK NONE takes no arguments", {
        range: line.range(start, args.end),
      });
    }
    // They say how a check runs that there is not: BuildKit does not even read them.
    readFlags(statement, FLAGS);
    return { ...base, kind: "healthcheck" };
  }
  const flags = readFlags(statement, FLAGS);
  if (type !== "CMD") {
    throw syntaxError("HealthcheckType", `Cannot parse HEALTHCHECK: Unknown type "${type}" in HEALTHCHECK (try CMD)`, {
      range: word.range,
      hint: didYouMean(word.text, ["CMD", "NONE"]) ?? "Write HEALTHCHECK CMD command",
    });
  }
  const command = readCommandLine(statement, { start, end: args.end });
  if (command.form === "exec" ? command.args.length === 0 : command.text === "") {
    throw syntaxError("MissingArgument", "Cannot parse HEALTHCHECK: Missing command after HEALTHCHECK CMD", { range: base.range });
  }
  return {
    ...base,
    kind: "healthcheck",
    command,
    ...present({
      intervalNs: readInterval(flags, "interval"),
      timeoutNs: readInterval(flags, "timeout"),
      startPeriodNs: readInterval(flags, "start-period"),
      startIntervalNs: readInterval(flags, "start-interval"),
      retries: readRetries(flags),
    }),
  };
}

function readInterval(flags: FlagSet, name: string): number | undefined {
  const word = flags.word(name);
  if (word === undefined || word.text === "") return undefined;
  const durationNs = parseDuration(word.text, word.range);
  if (durationNs === 0 || durationNs >= MIN_NS) return durationNs;
  throw syntaxError("HealthcheckInterval", `Cannot parse HEALTHCHECK: Interval "${name}" cannot be less than 1ms`, { range: word.range });
}

function readRetries(flags: FlagSet): number | undefined {
  const word = flags.word("retries");
  if (word === undefined || word.text === "") return undefined;
  const retries = /^[+-]?\d{1,10}$/.test(word.text) ? Number(word.text) : Number.NaN;
  if (retries < 0)
    throw syntaxError("HealthcheckRetries", `Cannot parse HEALTHCHECK: --retries cannot be negative (${retries})`, {
      range: word.range,
      hint: "Leave it out for 3 retries",
    });
  if (retries <= MAX_RETRIES) return retries;
  throw syntaxError("HealthcheckRetries", `Cannot read "${word.text}" as --retries: it is not a number; a whole number is wanted`, {
    range: word.range,
  });
}
