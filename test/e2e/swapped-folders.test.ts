/** Somebody exchanges a folder with a link that leads out, again and again, while builds read it and outputs go to it. */
import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isDecantError } from "../../src/index.ts";
import { removeWhole } from "../../src/sys/index.ts";
import { holds, workshop } from "../support/build.ts";
import { startSwapping } from "../support/swapper.ts";

const ROUNDS = 25;
const FILES = Array.from({ length: 60 }, (_, at) => `f${at}`);
/** As long as what the context has, so that no size gives it away. */
const [INSIDE, OUTSIDE] = ["inside of it", "kept outside"];

/** A folder `place` with `d` and the link `l` to a folder of the same files, which is not in it. */
function lay(place: string, outside: string): void {
  layFiles(outside, OUTSIDE);
  layInside(place, outside);
}

function layInside(place: string, outside: string): void {
  layFiles(join(place, "d"), INSIDE);
  symlinkSync(outside, join(place, "l"));
}

function layFiles(folder: string, text: string): void {
  mkdirSync(folder, { recursive: true });
  for (const name of FILES) writeFileSync(join(folder, name), text);
}

/** All that a call could change. */
function state(folder: string): string {
  const names = [".", ...readdirSync(folder).sort()];
  return names
    .map((name) => {
      const { mode, uid, gid, ino, ctimeMs } = lstatSync(join(folder, name));
      return `${name} ${mode} ${uid} ${gid} ${ino} ${ctimeMs} ${name === "." ? "" : readFileSync(join(folder, name), "utf8")}`;
    })
    .join("\n");
}

test("H: no build reads outside of its context, whatever takes the place of its folders", async () => {
  using shop = workshop();
  const outside = join(shop.folder, "outside");
  lay(shop.context, outside);
  {
    await using _swapper = await startSwapping(join(shop.context, "d"), join(shop.context, "l"));
    for (let round = 0; round < ROUNDS; round += 1) {
      const lines = ["COPY . /all/", "COPY d* /some/", "COPY d/f1* l/f2* /few/"];
      const dest = join(shop.folder, "result.tar");
      try {
        await shop.build(`FROM scratch\n${lines[round % lines.length]}\n`, { noCache: round % 2 === 0, outputs: [{ type: "tar", dest }] });
        assert.ok(!readFileSync(dest).includes(OUTSIDE));
      } catch (error) {
        assert.ok(isDecantError(error, "CONTEXT") || isDecantError(error, "COPY_SOURCE_MISSING"), String(error));
      }
    }
  }
  assert.deepEqual(holds(shop.root, OUTSIDE), []);
});

test("H: type=local writes nothing outside of its destination, whatever takes the place of its folders", async () => {
  using shop = workshop();
  const [outside, dest] = [join(shop.folder, "outside"), join(shop.folder, "out")];
  for (const name of FILES) shop.write({ [`d/${name}`]: "written" });
  lay(dest, outside);
  const before = state(outside);
  for (let round = 0; round < ROUNDS / 2; round += 1) {
    removeWhole(dest);
    layInside(dest, outside);
    await using _swapper = await startSwapping(join(dest, "d"), join(dest, "l"));
    try {
      await shop.build("FROM scratch\nCOPY --chmod=0777 d /d\n", { outputs: [{ type: "local", dest }] });
    } catch (error) {
      assert.ok(isDecantError(error, "EXPORT"), String(error));
    }
  }
  assert.equal(state(outside), before);
});
