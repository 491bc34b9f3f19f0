/** Debian version numbers, "[epoch:]upstream[-revision]", and their order (Debian policy 5.6.12). Pure. */
import { archiveError } from "./errors.ts";
import type { VersionConstraint, VersionOperator } from "./control.ts";

/** A version in its three parts. */
interface DebianVersion {
  readonly epoch: number;
  readonly upstream: string;
  /** Empty when the version has none. */
  readonly revision: string;
}

const VERSION = /^(?:([0-9]{1,9}):)?([0-9][A-Za-z0-9.+~:-]*)$/;
const REVISION = /^[A-Za-z0-9.+~]+$/;

/** Splits and checks a version. Throws `DEBIAN_ARCHIVE`. */
export function parseVersion(text: string): DebianVersion {
  const match = VERSION.exec(text);
  const rest = match?.[2];
  if (rest === undefined) throw invalidVersion(text);
  const dash = rest.lastIndexOf("-");
  const upstream = dash < 0 ? rest : rest.slice(0, dash);
  const revision = dash < 0 ? "" : rest.slice(dash + 1);
  const colonWithoutEpoch = match?.[1] === undefined && upstream.includes(":");
  if (upstream === "" || colonWithoutEpoch || (dash >= 0 && !REVISION.test(revision))) throw invalidVersion(text);
  return { epoch: Number(match?.[1] ?? 0), upstream, revision };
}

/** Below 0 when `a` is older than `b`, 0 when they are equal, above 0 when it is newer. Throws `DEBIAN_ARCHIVE`. */
export function compareVersions(a: string, b: string): number {
  const x = parseVersion(a);
  const y = parseVersion(b);
  return x.epoch - y.epoch || compareParts(x.upstream, y.upstream) || compareParts(x.revision, y.revision);
}

/** Does `version` satisfy "(operator wanted)"? Throws `DEBIAN_ARCHIVE`. */
export function satisfiesVersion(version: string, operator: VersionOperator, wanted: string): boolean {
  const order = compareVersions(version, wanted);
  switch (operator) {
    case "<<":
      return order < 0;
    case "<=":
      return order <= 0;
    case "=":
      return order === 0;
    case ">=":
      return order >= 0;
    case ">>":
      return order > 0;
  }
}

/** The first constraint that a version does not satisfy; undefined when it satisfies all. Throws `DEBIAN_ARCHIVE`. */
export function brokenConstraint(version: string, constraints: readonly VersionConstraint[]): VersionConstraint | undefined {
  return constraints.find((one) => !satisfiesVersion(version, one.operator, one.version));
}

/** ">= 2" */
export function formatConstraint({ operator, version }: VersionConstraint): string {
  return `${operator} ${version}`;
}

/** Text and number in turn: a run of non-digits is compared by `weight`, then a run of digits as a number. */
function compareParts(a: string, b: string): number {
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    while ((i < a.length && !isDigit(a, i)) || (j < b.length && !isDigit(b, j))) {
      const difference = weight(a, i) - weight(b, j);
      if (difference !== 0) return difference;
      i += 1;
      j += 1;
    }
    const [numberA, afterA] = digits(a, i);
    const [numberB, afterB] = digits(b, j);
    // Numbers may be longer than a double can hold: without leading zeros, longer is bigger and equal lengths compare as text.
    if (numberA.length !== numberB.length) return numberA.length - numberB.length;
    if (numberA !== numberB) return numberA < numberB ? -1 : 1;
    i = afterA;
    j = afterB;
  }
  return 0;
}

/** "~" sorts before the end of the text, the end before letters, letters before everything else. */
function weight(text: string, at: number): number {
  if (at >= text.length || isDigit(text, at)) return 0;
  const code = text.charCodeAt(at);
  if (code === 126) return -1;
  const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122);
  return isLetter ? code : code + 256;
}

function digits(text: string, from: number): [number: string, after: number] {
  let start = from;
  while (text.charCodeAt(start) === 48) start += 1;
  let end = start;
  while (end < text.length && isDigit(text, end)) end += 1;
  return [text.slice(start, end), end];
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function invalidVersion(text: string): Error {
  return archiveError(text, 'it is not a Debian version; wanted "[epoch:]upstream[-revision]" that begins with a digit');
}
