/** Mounts in a throw-away namespace: a child under unshare(1) says what it sees. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { runProcess } from "./process.ts";

const SCRIPT = `
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mountBind, mountOverlay, mountTmpfs, unmount } from ${JSON.stringify(new URL("./mount.ts", import.meta.url).href)};
const { calls, folder, lowers } = JSON.parse(process.argv[1]);
const at = (name) => folder + "/" + name;
mountOverlay({ target: at("target"), lowers, changes: { upper: at("upper"), work: at("work") }, userXattr: false, names: at("names"), calls });
writeFileSync(at("target/new"), "new");
const seen = [readdirSync(at("target")).length, readFileSync(at("target/shared"), "utf8"), readdirSync(at("upper")).join()];
mountBind(at("target"), at("names-2"), { readOnly: true });
try { writeFileSync(at("names-2/denied"), ""); } catch (error) { seen.push(error.code); }
unmount(at("target"));
mountTmpfs(at("target"), "mode=0700");
seen.push(readdirSync(at("target")).length, readdirSync(folder).includes("names"));
console.log(JSON.stringify(seen));
`;

const overlays = [
  ["new", 300],
  ["old", 300],
  ["new", 970],
  ["old", 970],
] as const;

for (const [calls, count] of overlays) {
  it(
    `R12: mountOverlay() joins ${count} layers with the ${calls} calls`,
    { skip: process.getuid?.() === 0 ? false : "needs root" },
    async () => {
      await using temporary = await mkdtempDisposable(join(tmpdir(), "decant-mount-"));
      const folder = join(temporary.path, "a, path: with \\ all");
      for (const name of ["target", "upper", "work", "names-2"]) mkdirSync(join(folder, name), { recursive: true });
      const lowers = Array.from({ length: count }, (_, number) => {
        const lower = join(folder, `layer-${"0123456789abcdef".repeat(4)}-${number}`);
        mkdirSync(lower);
        writeFileSync(join(lower, `file-${number}`), "");
        writeFileSync(join(lower, "shared"), `${number}`);
        return lower;
      });
      // Hides a file of the lowest.
      await runProcess({ argv: ["mknod", join(lowers.at(-2) ?? "", `file-${count - 1}`), "c", "0", "0"] });
      const argument = JSON.stringify({ calls, folder, lowers });
      const { stdout, stderr } = await runProcess({
        argv: ["unshare", "-m", process.execPath, "--input-type=module", "-e", SCRIPT, argument],
      });
      assert.equal(stderr.toString(), "");
      assert.deepEqual(JSON.parse(stdout.toString()), [count + 1, "0", "new", "EROFS", 0, false]);
    },
  );
}

const DESCRIPTOR_SCRIPT = `
import { closeSync, openSync, readFileSync, renameSync, symlinkSync } from "node:fs";
import { mountDescriptor } from ${JSON.stringify(new URL("./mount.ts", import.meta.url).href)};
const folder = process.argv[1];
const fd = openSync(folder + "/secret", "r");
renameSync(folder + "/secret", folder + "/moved");
symlinkSync("/etc/passwd", folder + "/secret");
mountDescriptor(fd, folder + "/target");
closeSync(fd);
console.log(readFileSync(folder + "/target", "utf8"));
`;

it(
  "mountDescriptor() shows what was opened, whatever its path has become",
  { skip: process.getuid?.() === 0 ? false : "needs root" },
  async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-mount-"));
    for (const name of ["secret", "target"]) writeFileSync(join(folder.path, name), name);
    const { stdout, stderr } = await runProcess({
      argv: ["unshare", "-m", process.execPath, "--input-type=module", "-e", DESCRIPTOR_SCRIPT, folder.path],
    });
    assert.deepEqual([stdout.toString(), stderr.toString()], ["secret\n", ""]);
  },
);
