/** os-release(5), read and written: which distribution a tree is. */
import { given } from "../given.ts";
import { treePath } from "../paths.ts";
import type { ReadSmallFile } from "./small-file.ts";

const PLACES = [treePath("etc/os-release"), treePath("usr/lib/os-release")];
const MAX_BYTES = 64 * 1024;
const LINE = /^([A-Z_0-9]+)=(.*)$/;
const ID = /^[a-z0-9._-]+$/;

/** The distribution of a tree. */
export interface OsRelease {
  /** ID: "debian". */
  readonly id: string;
  /** VERSION_ID: "13"; unreleased suites have none. */
  readonly versionId?: string;
  /** VERSION_CODENAME: "trixie". */
  readonly codename?: string;
  /** PRETTY_NAME: "Debian GNU/Linux 13 (trixie)". */
  readonly prettyName?: string;
}

/** Reads /etc/os-release, else /usr/lib/os-release; undefined without a usable ID. Throws what `read` throws. */
export async function readOsRelease(read: ReadSmallFile): Promise<OsRelease | undefined> {
  for (const place of PLACES) {
    const bytes = await read(place, MAX_BYTES);
    const parsed = bytes === undefined ? undefined : parseOsRelease(Buffer.from(bytes).toString("utf8"));
    if (parsed !== undefined) return parsed;
  }
  return undefined;
}

/** Parses the text of the file; undefined without a usable ID. */
export function parseOsRelease(text: string): OsRelease | undefined {
  const values = new Map<string, string>();
  for (const line of text.split("\n")) {
    const match = LINE.exec(line.trim());
    if (match !== null) values.set(match[1] ?? "", unquoted(match[2] ?? ""));
  }
  const id = values.get("ID");
  if (id === undefined || !ID.test(id)) return undefined;
  const field = (name: string): string | undefined => (values.get(name) === "" ? undefined : values.get(name));
  const [versionId, codename, prettyName] = [field("VERSION_ID"), field("VERSION_CODENAME"), field("PRETTY_NAME")];
  return {
    id,
    ...given({ versionId, codename, prettyName }),
  };
}

function unquoted(value: string): string {
  const match = /^(["'])(.*)\1$/.exec(value);
  if (match === null) return value;
  return match[1] === '"' ? (match[2] ?? "").replace(/\\(["\\$`])/g, "$1") : (match[2] ?? "");
}

/** The text of the file for these fields, in their order. */
export function formatOsRelease(fields: readonly (readonly [name: string, value: string])[]): string {
  return fields.map(([name, value]) => `${name}="${value.replaceAll(/["$\\`]/g, String.raw`\$&`)}"\n`).join("");
}
