/** From a statement to its instruction: one reader for each keyword, and ONBUILD, which holds another instruction (rule S57). */
import { isDecantError } from "../../errors.ts";
import { given } from "../../given.ts";
import { syntaxError, toDiagnostic } from "../errors.ts";
import { readFlags } from "../flags.ts";
import { nestedStatement, type Statement } from "../statement.ts";
import { didYouMean } from "../suggest.ts";
import type { Diagnostic, Instruction, OnbuildInstruction, TriggerInstruction } from "../types.ts";
import { readCmd, readEntrypoint, readShell } from "./command-line.ts";
import { readFrom } from "./from.ts";
import { readHealthcheck } from "./healthcheck.ts";
import { readArg, readEnv, readLabel } from "./pairs.ts";
import { readRun } from "./run.ts";
import { readExpose, readMaintainer, readStopsignal, readUser, readVolume, readWorkdir } from "./simple.ts";
import { readAdd, readCopy } from "./transfer.ts";

type Warn = (diagnostic: Diagnostic) => void;
type Reader = (statement: Statement, warn: Warn) => Instruction;

const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["add", readAdd],
  ["arg", readArg],
  ["cmd", readCmd],
  ["copy", readCopy],
  ["entrypoint", readEntrypoint],
  ["env", readEnv],
  ["expose", readExpose],
  ["from", readFrom],
  ["healthcheck", readHealthcheck],
  ["label", readLabel],
  ["maintainer", readMaintainer],
  ["onbuild", readOnbuild],
  ["run", readRun],
  ["shell", readShell],
  ["stopsignal", readStopsignal],
  ["user", readUser],
  ["volume", readVolume],
  ["workdir", readWorkdir],
]);

/** What BuildKit rejects already where ONBUILD stands; other mistakes only fail the build that triggers it. */
const FATAL_IN_ONBUILD = new Set(["JsonNotStrings", "MissingEquals", "MissingValue"]);

/** A word of UTF-16 read as bytes, with or without a byte order mark: what some editors of Windows write by default. */
// oxlint-disable-next-line no-control-regex
const UTF16_WORD = /^[^\0A-Za-z]{0,2}\0?(?:[A-Za-z]\0)+[A-Za-z]?$/;

/** Reads `statement`. `warn` takes what is allowed and probably not meant. Throws `DOCKERFILE_SYNTAX` or `DOCKERFILE_SEMANTIC`. */
export function readInstruction(statement: Statement, warn: Warn): Instruction {
  const reader = READERS.get(statement.name);
  if (reader !== undefined) return reader(statement, warn);
  const { keyword, base } = statement;
  const known = [...READERS.keys()].map((name) => name.toUpperCase());
  const wideHint = UTF16_WORD.test(keyword.text) ? "The file looks like UTF-16: save it as UTF-8" : undefined;
  throw syntaxError("UnknownInstruction", `Cannot parse the line: unknown instruction: ${keyword.text}`, {
    range: keyword.text === "" ? base.range : keyword.range,
    hint: wideHint ?? didYouMean(keyword.text, known) ?? `Begin the line with one of ${known.join(" ")}, or end the line before it with \\`,
  });
}

function readOnbuild(statement: Statement, warn: Warn): OnbuildInstruction {
  const { base, args, line } = statement;
  if (args.start === args.end) {
    throw syntaxError("MissingArgument", "Cannot parse ONBUILD: ONBUILD requires at least one argument", {
      range: base.range,
      hint: "Write ONBUILD RUN command",
    });
  }
  const nested = nestedStatement(statement);
  const forbidden = nested.name.toUpperCase();
  const { range } = nested.keyword;
  if (forbidden === "ONBUILD") {
    throw syntaxError("OnbuildForbidden", "Cannot parse ONBUILD: Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed", {
      range,
      hint: "Remove one of the two",
    });
  }
  if (forbidden === "MAINTAINER" || forbidden === "FROM") {
    throw syntaxError("OnbuildForbidden", `Cannot parse ONBUILD: ${forbidden} isn't allowed as an ONBUILD trigger`, {
      range,
      hint: "A trigger is one instruction of the stage that is built on this image, e.g. ONBUILD COPY . /app",
    });
  }
  readFlags(statement, {});
  const trigger = readTrigger(nested, warn);
  const expression = nested.base.original;
  return { ...base, kind: "onbuild", expression, ...given({ trigger }) };

  function readTrigger(inner: Statement, report: Warn): TriggerInstruction | undefined {
    try {
      const instruction = readInstruction(inner, report);
      const { kind } = instruction;
      return kind === "from" || kind === "onbuild" || kind === "maintainer" ? undefined : instruction;
    } catch (error) {
      if (!isDecantError(error, "DOCKERFILE_SYNTAX") && !isDecantError(error, "DOCKERFILE_SEMANTIC")) throw error;
      const diagnostic = toDiagnostic(error, line.range(args.start, args.end));
      if (FATAL_IN_ONBUILD.has(diagnostic.code)) throw error;
      report({
        ...diagnostic,
        severity: "warning",
        code: "OnbuildTrigger",
        message: `The trigger will fail in the build that uses it: ${diagnostic.message}`,
      });
      return undefined;
    }
  }
}
