/**
 * The parts of decant.yaml about bases.
 *
 *     assemble: [gcr.io/distroless/*]
 *     debian:
 *       mirror: http://mirror.example/debian
 *       snapshot: 20260601T000000Z
 */
import { resolve } from "node:path";
import type { SourceRange } from "../source.ts";
import { type FilePlace, placeWithin } from "../sys/index.ts";
import { configError, listItems, mappingEntries, scalarOf, type YamlEntry, type YamlReading } from "./yaml-reading.ts";
import { checkPattern } from "./image-pattern.ts";
import type { DebianSettings } from "./types.ts";

const URLS: Readonly<Record<string, "mirror" | "securityMirror">> = { mirror: "mirror", securityMirror: "securityMirror" };

/** The file that names others. */
export interface NamedBy {
  /** The file's own folder, which relative paths start from. */
  readonly folder: string;
  /** What it names must be in this folder; undefined: it may name anything. */
  readonly within: string | undefined;
}

/** The place of a file that a project file names. Throws `CONFIG_FILE` for one outside of the folder that it must be in. */
export function namedPlace({ folder, within }: NamedBy, path: string, source: SourceRange): FilePlace {
  const full = resolve(folder, path);
  if (within === undefined) return { path: full };
  const place = placeWithin(full, [within]);
  if (place === undefined)
    throw configError(`"${path}" is outside of "${within}"; wanted a file in it, or the project file named by --project-file`, source);
  return place;
}

/** Reads the value of the key `assemble`: patterns of image names. Throws `CONFIG_FILE` with the place. */
export function readAssemble(read: YamlReading, { value, valueRange }: YamlEntry): string[] {
  return [...listItems(read, value, '"assemble"', valueRange)].map((item) => {
    const text = scalarOf(read, item.value);
    if (typeof text !== "string" || checkPattern(text) !== undefined)
      throw configError('an item of "assemble" is no pattern; wanted one such as gcr.io/distroless/*', item.range);
    return text;
  });
}

/** Reads the value of the key `debian`. Throws `CONFIG_FILE` with the place. */
export function readDebian(read: YamlReading, { value }: YamlEntry, named: NamedBy): DebianSettings {
  const options: { -readonly [Key in keyof DebianSettings]: DebianSettings[Key] } = {};
  for (const entry of mappingEntries(read, value, '"debian"')) {
    const given = scalarOf(read, entry.value);
    const text = typeof given === "string" ? given : "";
    const url = Object.hasOwn(URLS, entry.key) ? URLS[entry.key] : undefined;
    if (url !== undefined) {
      if (!/^https?:\/\/\S+$/.test(text)) throw configError(`"${entry.key}" is no address; wanted http://…`, entry.valueRange);
      options[url] = text;
    } else if (entry.key === "snapshot") {
      if (!/^\d{8}T\d{6}Z$/.test(text)) throw configError('"snapshot" is no time; wanted one such as 20260601T000000Z', entry.valueRange);
      options.snapshot = text;
    } else if (entry.key === "keyring") {
      if (text === "") throw configError('"keyring" is no file', entry.valueRange);
      options.keyring = namedPlace(named, text, entry.valueRange);
    } else if (entry.key === "acceptExpired") {
      if (typeof given !== "boolean") throw configError('"acceptExpired" is neither true nor false', entry.valueRange);
      options.acceptExpired = given;
    } else {
      const known = "mirror, securityMirror, snapshot, keyring or acceptExpired";
      throw configError(`"debian" has no key "${entry.key}"; wanted ${known}`, entry.range);
    }
  }
  return options;
}
