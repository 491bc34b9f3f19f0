/** Reads WWW-Authenticate (RFC 9110 11.6.1): what a registry wants to see before it answers. Pure. */

/** One challenge; names of parameters in lower case. */
export interface Challenge {
  readonly scheme: "bearer" | "basic";
  readonly parameters: ReadonlyMap<string, string>;
}

const MAX_LENGTH = 8192;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const SPACES = /[ \t]*/y;

/** The challenge to answer: Bearer before Basic; undefined when there is neither, or the header is malformed. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  if (header === undefined || header.length > MAX_LENGTH) return undefined;
  const challenges = parseAll(header);
  return challenges.find(({ scheme }) => scheme === "bearer") ?? challenges.find(({ scheme }) => scheme === "basic");
}

function parseAll(header: string): Challenge[] {
  const found: Challenge[] = [];
  let parameters = new Map<string, string>();
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(header);
    if (match !== null) at += match[0].length;
    return match;
  };
  while (at < header.length) {
    take(SPACES);
    if (header[at] === ",") {
      at += 1;
      continue;
    }
    const name = take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) break;
    const spaced = take(SPACES)?.[0] !== "";
    if (header[at] === "=") {
      at += 1;
      take(SPACES);
      const value = header[at] === '"' ? take(QUOTED)?.[1]?.replace(/\\(.)/g, "$1") : take(TOKEN)?.[0];
      if (value === undefined) break;
      parameters.set(name, value);
    } else if (spaced || at === header.length || header[at] === ",") {
      // A word without "=" starts the next challenge; parameters of unknown schemes are collected and forgotten.
      parameters = new Map();
      if (name === "bearer" || name === "basic") found.push({ scheme: name, parameters });
    } else break;
  }
  return found;
}
