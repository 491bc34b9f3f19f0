/** The conformance cases as another user: BuildKit's image, without root. `--all` of npm run test:rootless takes all of them, else those of steps. */
import assert from "node:assert/strict";
import { join, resolve } from "node:path";
import { describe, it } from "node:test";
import { otherUser } from "../support/other-user.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const TOPICS = process.env["DECANT_ROOTLESS"] === "all" ? [] : ["run", "mounts", "layers"];

describe("H1: conformance without root", { timeout: 1_200_000 }, () => {
  it("H1: gives the images that BuildKit gives", () => {
    using user = otherUser();
    const { code, out, err } = user.run([process.execPath, join(ROOT, "test/conformance/run.ts"), ...TOPICS], {
      PATH: `${user.env["PATH"] ?? ""}:${join(ROOT, "node_modules/.bin")}`,
    });
    assert.equal(code, 0, `${out}\n${err}`);
    assert.match(out, /\d{2,} cases: \d+ agree, 0 differ/);
  });
});
