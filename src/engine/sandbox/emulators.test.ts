import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { hostPlatform, parsePlatform } from "../../oci/index.ts";
import { emulationOf } from "./emulators.ts";

const HOST = hostPlatform({ arch: process.arch });
/** Needs no loader, so any root can run it. */
const STATIC = "/usr/bin/busybox";
const DYNAMIC = process.execPath;

function entry(interpreter: string, flags: string): string {
  const magic = "magic 7f454c4602020100000000000000000000020016\nmask ffffffffffffff00fffffffffffffffffffeffff\n";
  return `enabled\ninterpreter ${interpreter}\nflags: ${flags}\noffset 0\n${magic}`;
}

describe("emulationOf()", () => {
  const rows: readonly { readonly name: string; readonly entries: readonly string[]; readonly want: readonly string[] | undefined }[] = [
    { name: "mounts nothing for an emulator that the kernel holds open", entries: [entry("/gone", "OCF")], want: [] },
    { name: "mounts a static emulator that it does not hold open", entries: [entry(STATIC, "OC")], want: [STATIC] },
    { name: "takes no emulator that would need a loader in the root", entries: [entry(DYNAMIC, "")], want: undefined },
    { name: "takes no emulator that is not there", entries: [entry("/nonexistent/qemu", "")], want: undefined },
    { name: "mounts what may be chosen of several", entries: [entry("/gone", "F"), entry(STATIC, ""), entry(DYNAMIC, "")], want: [STATIC] },
    { name: "takes none for another processor", entries: [entry("/gone", "F").replace("0016\n", "00b7\n")], want: undefined },
  ];
  for (const { name, entries, want } of rows)
    it(name, async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), "decant-"));
      for (const [at, text] of entries.entries()) writeFileSync(join(folder.path, `entry-${at}`), text);
      const found = await emulationOf(parsePlatform("linux/s390x", HOST), folder.path);
      assert.deepEqual(
        found?.mounts.map(({ target }) => target),
        want,
      );
    });

  it("needs none for this machine", async () => {
    assert.deepEqual(await emulationOf(HOST, "/nonexistent"), { mounts: [] });
  });
});
