/** os-release(5): which distribution a tree is. */
import { treePath } from "../paths.ts";
import type { TreeFiles } from "./tree-files.ts";
import type { OsRelease, UnreadRecord } from "./types.ts";

const PLACES = [treePath("etc/os-release"), treePath("usr/lib/os-release")];
const MAX_BYTES = 64 * 1024;
const LINE = /^([A-Z_0-9]+)=(.*)$/;
const ID = /^[a-z0-9._-]+$/;

/** Reads /etc/os-release, else /usr/lib/os-release; undefined without a usable ID. */
export async function readOsRelease(files: TreeFiles, unread: UnreadRecord[]): Promise<OsRelease | undefined> {
  for (const place of PLACES) {
    const bytes = await files.read(place, MAX_BYTES, unread);
    const parsed = bytes === undefined ? undefined : parseOsRelease(bytes.toString("utf8"));
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
    ...(versionId === undefined ? {} : { versionId }),
    ...(codename === undefined ? {} : { codename }),
    ...(prettyName === undefined ? {} : { prettyName }),
  };
}

/** The value of `distro` as scanners look it up: "debian-13"; "debian-sid" where there is no version. */
export function distroOf(os: OsRelease | undefined): string | undefined {
  if (os === undefined) return undefined;
  const version = os.versionId ?? os.codename;
  return version === undefined ? os.id : `${os.id}-${version}`;
}

function unquoted(value: string): string {
  const match = /^(["'])(.*)\1$/.exec(value);
  if (match === null) return value;
  return match[1] === '"' ? (match[2] ?? "").replace(/\\(["\\$`])/g, "$1") : (match[2] ?? "");
}
