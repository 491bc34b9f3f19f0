/** Typed access to the leading `--flags` of an instruction (rule S9). Every flag must be known, and used once unless it is a list. */
import { syntaxError } from "./errors.ts";
import type { Statement } from "./statement.ts";
import { didYouMean } from "./suggest.ts";
import type { BoolFlag, Word } from "./types.ts";
import type { RawFlag } from "./split-line.ts";

/** "bool": `--link[=true|false]`; "string": one value; "strings": may be repeated. */
type FlagKind = "bool" | "string" | "strings";

/** The flags of one statement, checked. */
export interface FlagSet {
  bool(name: string): BoolFlag | undefined;
  word(name: string): Word | undefined;
  words(name: string): readonly Word[];
  raw(name: string): readonly RawFlag[];
}

/** Checks the flags of `statement` against `kinds`. Throws for an unknown or duplicate flag, and for a missing or wrong value. */
export function readFlags(statement: Statement, kinds: Readonly<Record<string, FlagKind>>): FlagSet {
  const given = new Map<string, RawFlag[]>();
  for (const flag of statement.flags) {
    const kind = Object.hasOwn(kinds, flag.name) ? kinds[flag.name] : undefined;
    if (kind === undefined) throw unknownFlag(statement, flag, Object.keys(kinds));
    const earlier = given.get(flag.name);
    if (earlier?.[0] !== undefined && kind !== "strings") throw duplicateFlag(statement, flag, earlier[0]);
    checkValue(statement, flag, kind);
    if (earlier === undefined) given.set(flag.name, [flag]);
    else earlier.push(flag);
  }
  const raw = (name: string): readonly RawFlag[] => given.get(name) ?? [];
  const words = (name: string): readonly Word[] => raw(name).map((flag) => valueWord(statement, flag));
  return {
    raw,
    words,
    word: (name) => words(name)[0],
    bool: (name) => {
      const [flag] = raw(name);
      if (flag === undefined) return undefined;
      return { value: flag.value?.toLowerCase() !== "false", range: statement.line.range(flag.start, flag.end) };
    },
  };
}

function valueWord(statement: Statement, flag: RawFlag): Word {
  const first = flag.offsets[0];
  const last = flag.offsets.at(-1);
  const range = first === undefined || last === undefined ? [flag.end, flag.end] : [first, last + 1];
  return { text: flag.value ?? "", range: statement.line.range(range[0] ?? flag.start, range[1] ?? flag.end) };
}

function checkValue(statement: Statement, flag: RawFlag, kind: FlagKind): void {
  const { name, value } = flag;
  const range = statement.line.range(flag.start, flag.end);
  const title = `Cannot parse ${statement.name.toUpperCase()}`;
  if (kind === "bool" ? value === "" : value === undefined) {
    throw syntaxError("FlagValueMissing", `${title}: missing a value on flag: --${name}`, {
      range,
      hint: `Write --${name}=${kind === "bool" ? "true" : "…"}`,
    });
  }
  if (kind === "bool" && value !== undefined && !/^(true|false)$/i.test(value)) {
    throw syntaxError("FlagValueInvalid", `${title}: expecting boolean value for flag --${name}, not: ${value}`, {
      range,
      hint: `Write --${name}=true or --${name}=false`,
    });
  }
}

function unknownFlag(statement: Statement, flag: RawFlag, known: readonly string[]): Error {
  const name = statement.name.toUpperCase();
  const list = known.map((each) => `--${each}`).join(" ");
  return syntaxError("UnknownFlag", `Cannot parse ${name}: unknown flag: --${flag.name}`, {
    range: statement.line.range(flag.start, flag.end),
    hint:
      didYouMean(
        `--${flag.name}`,
        known.map((each) => `--${each}`),
      ) ?? (known.length === 0 ? `${name} has no flags` : `${name} knows ${list}`),
  });
}

function duplicateFlag(statement: Statement, flag: RawFlag, earlier: RawFlag): Error {
  return syntaxError("DuplicateFlag", `Cannot parse ${statement.name.toUpperCase()}: duplicate flag specified: --${flag.name}`, {
    range: statement.line.range(flag.start, flag.end),
    related: [statement.line.range(earlier.start, earlier.end)],
    hint: "Remove one of them",
  });
}
