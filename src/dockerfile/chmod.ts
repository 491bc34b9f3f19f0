/**
 * The value of `--chmod` (rule S75): octal, or symbolic as in chmod(1) with umask 0, with the extensions `s`, `t` and copying (`g=u`) as BSD has them.
 */
import type { SourceRange } from "../source.ts";
import { semanticError } from "./errors.ts";

/** A change of permission bits. */
export interface ModeChange {
  /** The octal value, where it was octal: implicit parent directories get it too (S74). */
  readonly octal?: number;
  /** The new permission bits (07777) of a file with `mode`. */
  apply(mode: number, isDirectory: boolean): number;
}

const MAX_MODE = 0o7777;
const EXECUTE = 0o111;
const STICKY = 0o1000;
const ALL_CLASSES = 0o6777;
/** The bits that each class of users owns; "s" is with its class, "t" with nobody. */
const CLASS_BITS: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o0007, a: ALL_CLASSES };
const CLASS_SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

type Operator = "+" | "-" | "=";
interface Action {
  readonly who: string;
  readonly operator: Operator;
  /** Letters of rwxXst, or one of ugo to copy. */
  readonly permissions: string;
}

/** Reads `text`. Throws `DOCKERFILE_SEMANTIC` with "invalid chmod parameter". */
export function parseChmod(text: string, range?: SourceRange): ModeChange {
  if (/^[0-7]+$/.test(text)) {
    const octal = Number.parseInt(text, 8);
    if (octal > MAX_MODE) throw invalidChmod(text, range);
    return { octal, apply: () => octal };
  }
  const actions = text.split(",").flatMap((clause) => parseClause(clause, text, range));
  return {
    apply: (mode, isDirectory) => {
      const executable = isDirectory || (mode & EXECUTE) !== 0;
      return actions.reduce((bits, action) => applyAction(bits, action, executable), mode & MAX_MODE);
    },
  };
}

function parseClause(clause: string, text: string, range: SourceRange | undefined): Action[] {
  const match = /^([ugoa]*)((?:[-+=][rwxXstugo]*)+)$/.exec(clause);
  const [, who, rest] = match ?? [];
  if (who === undefined || rest === undefined) throw invalidChmod(text, range);
  return Array.from(rest.matchAll(/([-+=])([rwxXstugo]*)/g), (part): Action => {
    const [, sign, permissions = ""] = part;
    return { who, operator: sign === "+" || sign === "-" ? sign : "=", permissions };
  });
}

/** Letter by letter: copying a class takes effect at once and touches rwx only, so that `g=u` keeps setgid and `g=r` takes it away. */
function applyAction(mode: number, action: Action, executable: boolean): number {
  const { who, operator, permissions } = action;
  let owned = Array.from(who).reduce((bits, name) => bits | (CLASS_BITS[name] ?? 0), 0);
  let bits = mode;
  let wanted = 0;
  let wantedIfExecutable = 0;
  let isAssigned = operator !== "=";
  const mine = (some: number): number => (owned === 0 ? some : some & owned);
  const flush = (): void => {
    if (operator === "-") bits &= ~mine(wanted);
    else bits = (operator === "=" ? bits & ~mine(ALL_CLASSES) : bits) | mine(wanted);
    wanted = 0;
  };
  const flushExecutable = (): void => {
    if (executable) bits |= mine(wantedIfExecutable);
    wantedIfExecutable = 0;
  };
  for (const letter of permissions) {
    if (letter === "r") wanted |= 0o444;
    else if (letter === "w") wanted |= 0o222;
    else if (letter === "x" || (letter === "X" && operator === "-")) wanted |= EXECUTE;
    else if (letter === "X") wantedIfExecutable |= EXECUTE;
    else if (letter === "s") wanted |= 0o6000;
    else if (letter === "t" && !/^o+$/.test(who)) {
      owned |= STICKY;
      wanted |= STICKY;
    } else if (letter === "u" || letter === "g" || letter === "o") {
      if (wanted !== 0) flush();
      isAssigned = true;
      flushExecutable();
      bits = withCopied(bits, letter, { owned, operator });
    }
  }
  if (wanted !== 0 || !isAssigned) flush();
  flushExecutable();
  return bits;
}

/** Gives the rwx bits of one class to those that `owned` has; to all when it has none. */
function withCopied(mode: number, from: "u" | "g" | "o", to: { readonly owned: number; readonly operator: Operator }): number {
  const value = (mode >> (CLASS_SHIFT[from] ?? 0)) & 7;
  let bits = mode;
  for (const shift of Object.values(CLASS_SHIFT)) {
    if (to.owned !== 0 && ((to.owned >> shift) & 4) === 0) continue;
    if (to.operator === "=") bits &= ~(7 << shift);
    bits = to.operator === "-" ? bits & ~(value << shift) : bits | (value << shift);
  }
  return bits;
}

function invalidChmod(text: string, range: SourceRange | undefined): Error {
  return semanticError(
    `Cannot set the mode "${text}": invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777, or symbolic`,
    {
      range,
      hint: "Write for example 0755 or u=rwX,go=rX",
    },
  );
}
