/**
 * The Release file of a suite (https://wiki.debian.org/DebianRepository/Format): names, dates and the table of SHA-256 hashes.
 * Works on text whose signature was checked (`verifyInline`); MD5 and SHA-1 tables are not read at all.
 */
import { parseDigest, type Digest, type Expected } from "../digest.ts";
import { parseStanza, requiredField } from "./control.ts";
import { archiveError, expiredError } from "./errors.ts";

/** What a Release file says. */
export interface Release {
  readonly suite: string | undefined;
  readonly codename: string | undefined;
  /** "12.15" */
  readonly version: string | undefined;
  readonly date: Date;
  /** From then on the file must not be used. */
  readonly validUntil: Date | undefined;
  /** Files can be had by their hash, so that an update of the mirror does not get between two requests. */
  readonly byHash: boolean;
  readonly architectures: readonly string[];
  readonly components: readonly string[];
  /** Its packages are taken only where no other release has one that will do: backports, experimental. */
  readonly notAutomatic: boolean;
  /** Packages of architecture "all" have an index of their own and are not in the others. */
  readonly separateAll: boolean;
  /** Paths below dists/<suite>/. */
  readonly files: ReadonlyMap<string, Expected>;
}

const DATE = /^(?:[A-Z][a-z]{2}, +)?\d{1,2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} (?:UTC|GMT|\+0000)$/;
const TABLE_LINE = /^([0-9a-f]{64})\s+(\d{1,15})\s+(\S+)$/;
/** As apt's Acquire::Max-FutureTime, but wide enough for clocks that are a little wrong. */
const MAX_FUTURE_MS = 5 * 60 * 1000;

/** Reads the signed text; `name` is for messages. Throws `DEBIAN_ARCHIVE`. */
export function parseRelease(text: string, name: string): Release {
  const fields = parseStanza(text.trim(), name);
  const validUntil = fields.get("valid-until");
  const architectures = (fields.get("architectures") ?? "").split(/\s+/).filter((one) => one !== "");
  return {
    suite: fields.get("suite"),
    codename: fields.get("codename"),
    version: fields.get("version"),
    date: parseDate(requiredField(fields, "Date", name), name),
    validUntil: validUntil === undefined ? undefined : parseDate(validUntil, name),
    byHash: fields.get("acquire-by-hash") === "yes",
    notAutomatic: fields.get("notautomatic") === "yes",
    architectures,
    components: (fields.get("components") ?? "").split(/\s+/).filter((one) => one !== ""),
    separateAll: architectures.includes("all") && !(fields.get("no-support-for-architecture-all") ?? "").includes("Packages"),
    files: parseTable(requiredField(fields, "SHA256", name), name),
  };
}

/**
 * Is it the suite that was asked for, and may it be used at `now`? Throws `DEBIAN_ARCHIVE` (another suite, a date in the future) and
 * `DEBIAN_EXPIRED` (unless `acceptExpired`).
 */
export function checkRelease(
  release: Release,
  name: string,
  wanted: { readonly suite?: string; readonly now: Date; readonly acceptExpired?: boolean | undefined },
): void {
  // "bookworm-security" is a codename, "stable-updates" a suite; "bookworm/updates" was a form of older releases.
  if (wanted.suite !== undefined && release.suite !== wanted.suite && release.codename !== wanted.suite)
    throw archiveError(name, `it is for suite "${release.suite ?? ""}" (codename "${release.codename ?? ""}"); wanted "${wanted.suite}"`);
  if (release.date.getTime() > wanted.now.getTime() + MAX_FUTURE_MS)
    throw archiveError(name, `it was made at ${release.date.toISOString()}, in the future; now is ${wanted.now.toISOString()}`, {
      hint: "Check the clock of this machine",
    });
  if (release.validUntil !== undefined && release.validUntil.getTime() < wanted.now.getTime() && wanted.acceptExpired !== true)
    throw expiredError(name, `it was valid until ${release.validUntil.toISOString()}; now is ${wanted.now.toISOString()}`);
}

function parseDate(text: string, name: string): Date {
  const date = new Date(DATE.test(text) ? text : Number.NaN);
  if (Number.isNaN(date.getTime())) throw archiveError(name, `its date "${text}" cannot be read; wanted "Sat, 11 Jul 2026 10:16:37 UTC"`);
  return date;
}

function parseTable(text: string, name: string): Map<string, Expected> {
  const files = new Map<string, Expected>();
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const match = TABLE_LINE.exec(line.trim());
    const path = match?.[3];
    if (match === null || path === undefined) throw archiveError(name, `its SHA256 table has the line "${line}"; wanted "hash size path"`);
    if (files.has(path)) throw archiveError(name, `its SHA256 table lists "${path}" twice`);
    files.set(path, { digest: digestOf(match[1] ?? ""), size: Number(match[2]) });
  }
  return files;
}

function digestOf(hex: string): Digest {
  return parseDigest(`sha256:${hex}`);
}
