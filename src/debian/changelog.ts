/** What has changed in a package since a version, in the words of its own changelog (deb-changelog(5)). */
import { bytesOf, collect } from "../bytes.ts";
import { isDecantError } from "../errors.ts";
import { decompress } from "../tree/index.ts";
import { type Deb, explained } from "./deb.ts";
import { compareVersions } from "./version.ts";

const MAX_CHANGELOG_BYTES = 16 * 1024 * 1024;
const ENTRY = /^[a-z0-9][a-z0-9+.-]* \(([^()\s]+)\) /;

/**
 * The entries that are newer than `since`, newest first, as written. Undefined when the package brings no changelog of its own, as those do that
 * share another one's documentation. Reads the package up to the changelog. Throws `DEBIAN_PACKAGE`.
 */
export async function changelogOf(deb: Deb, since: string): Promise<string | undefined> {
  const text = await explained(deb.control.get("package") ?? "", () => readChangelog(deb));
  if (text === undefined) return undefined;
  const newer: string[] = [];
  for (const line of text.split("\n")) {
    const version = ENTRY.exec(line)?.[1];
    if (version !== undefined && !isNewer(version, since)) break;
    newer.push(line);
  }
  return newer.join("\n").trim();
}

function isNewer(version: string, since: string): boolean {
  try {
    return compareVersions(version, since) > 0;
  } catch (error) {
    // Old entries have versions that no rule of today knows; the new ones end there.
    if (isDecantError(error, "DEBIAN_ARCHIVE")) return false;
    throw error;
  }
}

/** Debian's own; the changelog of a native package has the plain name, under which others have that of their authors. */
async function readChangelog(deb: Deb): Promise<string | undefined> {
  const folder = `usr/share/doc/${deb.control.get("package") ?? ""}`;
  let native: Buffer | undefined;
  for await (const { entry, data } of deb.files()) {
    if (entry.kind !== "file" || !entry.path.startsWith(`${folder}/changelog`)) continue;
    if (entry.path === `${folder}/changelog.Debian.gz`) return await plainText(await collect(data, MAX_CHANGELOG_BYTES, entry.path));
    if (entry.path === `${folder}/changelog.gz`) native = await collect(data, MAX_CHANGELOG_BYTES, entry.path);
  }
  return native === undefined ? undefined : await plainText(native);
}

async function plainText(bytes: Buffer): Promise<string> {
  return (await collect(decompress(bytesOf(bytes)), MAX_CHANGELOG_BYTES, "a changelog")).toString("utf8");
}
