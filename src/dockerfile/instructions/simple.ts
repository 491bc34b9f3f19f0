/** Instructions with one text or a list of words: WORKDIR, USER, STOPSIGNAL, MAINTAINER, EXPOSE, VOLUME. */
import { syntaxError } from "../errors.ts";
import { readFlags } from "../flags.ts";
import type { Statement } from "../statement.ts";
import { trimSpace } from "../slices.ts";
import type {
  ExposeInstruction,
  MaintainerInstruction,
  StopsignalInstruction,
  UserInstruction,
  VolumeInstruction,
  WorkdirInstruction,
  Word,
} from "../types.ts";
import { blankWords, jsonWords, wordAt } from "../split-line.ts";

/** WORKDIR. */
export function readWorkdir(statement: Statement): WorkdirInstruction {
  return { ...statement.base, kind: "workdir", path: readText(statement, "WORKDIR /app") };
}

/** USER. */
export function readUser(statement: Statement): UserInstruction {
  return { ...statement.base, kind: "user", user: readText(statement, "USER name, USER 1000 or USER name:group") };
}

/** STOPSIGNAL. */
export function readStopsignal(statement: Statement): StopsignalInstruction {
  return { ...statement.base, kind: "stopsignal", signal: readText(statement, "STOPSIGNAL SIGTERM") };
}

/** MAINTAINER. */
export function readMaintainer(statement: Statement): MaintainerInstruction {
  return { ...statement.base, kind: "maintainer", name: readText(statement, 'LABEL org.opencontainers.image.authors="…" instead') };
}

/** EXPOSE. */
export function readExpose(statement: Statement): ExposeInstruction {
  const words = blankWords(statement.line, statement.args);
  if (words.length === 0) throw missing(statement, "at least one", "EXPOSE 8080");
  readFlags(statement, {});
  return { ...statement.base, kind: "expose", ports: words.toSorted((a, b) => Buffer.compare(Buffer.from(a.text), Buffer.from(b.text))) };
}

/** VOLUME. */
export function readVolume(statement: Statement): VolumeInstruction {
  const words = jsonWords(statement.line, statement.args) ?? blankWords(statement.line, statement.args);
  if (words.length === 0) throw missing(statement, "at least one", "VOLUME /data");
  readFlags(statement, {});
  const paths = words.map((word): Word => {
    const text = trimSpace(word.text);
    if (text !== "") return { text, range: word.range };
    throw syntaxError("EmptyVolume", "Cannot parse VOLUME: VOLUME specified can not be an empty string", {
      range: word.range,
      hint: "Write a path",
    });
  });
  return { ...statement.base, kind: "volume", paths };
}

function readText(statement: Statement, example: string): Word {
  const { start, end } = statement.args;
  if (start === end) throw missing(statement, "exactly one", example);
  readFlags(statement, {});
  return wordAt(statement.line, statement.args);
}

function missing(statement: Statement, count: string, example: string): Error {
  const name = statement.name.toUpperCase();
  return syntaxError("MissingArgument", `Cannot parse ${name}: ${name} requires ${count} argument`, {
    range: statement.base.range,
    hint: `Write ${example}`,
  });
}
