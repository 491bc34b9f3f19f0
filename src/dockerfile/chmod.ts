/**
 * The value of `--chmod` (rule S75): octal, or symbolic as in chmod(1) with umask 0. POSIX chmod, with the extensions `s`, `t` and copying (`g=u`).
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
/** The bits that each class of users owns; "s" is with its class, "t" with nobody. */
const CLASS_BITS: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o0007, a: 0o6777 };
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

function applyAction(mode: number, action: Action, executable: boolean): number {
  const { who, operator, permissions } = action;
  const sticky = permissions.includes("t") && !/^o+$/.test(who) ? 0o1000 : 0;
  const classes = [...new Set(who === "" || who.includes("a") ? "ugo" : who)];
  const owned = classes.reduce((bits, name) => bits | (CLASS_BITS[name] ?? 0), 0);
  let bits = 0;
  for (const letter of permissions) {
    if (letter === "r") bits |= 0o444;
    else if (letter === "w") bits |= 0o222;
    else if (letter === "x" || (letter === "X" && (executable || operator === "-"))) bits |= EXECUTE;
    else if (letter === "s") bits |= 0o6000;
    else if (letter === "u" || letter === "g" || letter === "o") bits |= copied(mode, letter);
  }
  const wanted = (bits & owned) | sticky;
  if (operator === "+") return mode | wanted;
  if (operator === "-") return mode & ~wanted;
  return (mode & ~(owned | sticky)) | wanted;
}

/** The rwx bits of one class, given to all classes. */
function copied(mode: number, from: "u" | "g" | "o"): number {
  return ((mode >> (CLASS_SHIFT[from] ?? 0)) & 7) * EXECUTE;
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
