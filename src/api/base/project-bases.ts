/**
 * The parts of decant.yaml about bases.
 *
 *     assemble: [gcr.io/distroless/*]
 *     debian:
 *       mirror: http://mirror.example/debian
 *       snapshot: 20260601T000000Z
 */
import { resolve } from "node:path";
import { configError, listItems, mappingEntries, scalarOf, type YamlEntry, type YamlReading } from "../yaml-reading.ts";
import { checkPattern } from "./image-pattern.ts";
import type { DebianOptions } from "./types.ts";

const URLS: Readonly<Record<string, "mirror" | "securityMirror">> = { mirror: "mirror", securityMirror: "securityMirror" };

/** Reads the value of the key `assemble`: patterns of image names. Throws `CONFIG_FILE` with the place. */
export function readAssemble(read: YamlReading, { value, valueRange }: YamlEntry): string[] {
  return [...listItems(read, value, '"assemble"', valueRange)].map((item) => {
    const text = scalarOf(read, item.value);
    if (typeof text !== "string" || checkPattern(text) !== undefined)
      throw configError('an item of "assemble" is no pattern; wanted one such as gcr.io/distroless/*', item.range);
    return text;
  });
}

/** Reads the value of the key `debian`; `folder` is that of the file. Throws `CONFIG_FILE` with the place. */
export function readDebian(read: YamlReading, { value }: YamlEntry, folder: string): DebianOptions {
  const options: { -readonly [Key in keyof DebianOptions]: DebianOptions[Key] } = {};
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
      options.keyring = resolve(folder, text);
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
