import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { debOf, type TarMember } from "../../test/support/archive.ts";
import { bytesOf } from "../bytes.ts";
import { changelogOf } from "./changelog.ts";
import { openDeb } from "./deb.ts";

const entry = (version: string): string =>
  `a (${version}) trixie; urgency=medium\n\n  * Change ${version}.\n\n -- N <n@e.org>  Sun, 01 Mar 2026 00:00:00 +0000\n`;
const log = gzipSync([entry("1.10-1"), entry("1.9-2"), entry("1.9-1")].join("\n"));

async function changes(files: readonly TarMember[], since: string): Promise<string | undefined> {
  const bytes = debOf({ name: "a", files });
  const file = {
    name: "a.deb",
    size: bytes.length,
    read: (start: number, length: number) => bytesOf(bytes.subarray(start, start + length)),
  };
  return await changelogOf(await openDeb(file), since);
}

describe("changelogOf()", () => {
  const debian: TarMember = { path: "./usr/share/doc/a/changelog.Debian.gz", content: log };
  const authors: TarMember = { path: "./usr/share/doc/a/changelog.gz", content: gzipSync("anything") };
  const rows: readonly { name: string; files: readonly TarMember[]; since: string; want: string | undefined }[] = [
    { name: "gives what is newer, newest first", files: [debian], since: "1.9-1", want: [entry("1.10-1"), entry("1.9-2")].join("\n").trim() },
    { name: "gives nothing when nothing is newer", files: [debian], since: "1.10-1", want: "" },
    { name: "gives everything since long ago", files: [debian], since: "0.1", want: [entry("1.10-1"), entry("1.9-2"), entry("1.9-1")].join("\n").trim() },
    { name: "prefers Debian's to that of the authors", files: [authors, debian], since: "1.9-2", want: entry("1.10-1").trim() },
    { name: "reads that of a native package", files: [{ ...debian, path: authors.path }], since: "1.9-2", want: entry("1.10-1").trim() },
    { name: "knows packages without one", files: [{ path: "./usr/share/doc/a", type: "symlink", link: "b" }], since: "1", want: undefined },
  ]; // prettier-ignore
  for (const row of rows) it(row.name, async () => assert.equal(await changes(row.files, row.since), row.want));

  it("refuses one that is a bomb", async () => {
    await assert.rejects(changes([{ ...debian, content: gzipSync(Buffer.alloc(17 * 1024 * 1024)) }], "1"), { code: "DEBIAN_PACKAGE" });
  });
});
