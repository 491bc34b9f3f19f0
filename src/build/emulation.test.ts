import assert from "node:assert/strict";
import { mkdtempDisposableSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { parseDockerfile } from "../dockerfile/index.ts";
import { isDecantError } from "../errors.ts";
import { type Conversion, toGraph } from "../graph/index.ts";
import { hostPlatform, parsePlatform } from "../oci/index.ts";
import { checkEmulation } from "./emulation.ts";

const HOST = hostPlatform({ arch: process.arch });
/** As qemu-user-static registers it. */
const AARCH64 = `enabled
interpreter /usr/bin/qemu-aarch64-static
flags: OCF
offset 0
magic 7f454c460201010000000000000000000200b700
mask ffffffffffffff00fffffffffffffffffeffffff
`;

function conversionFor(platform: string): Promise<Conversion> {
  const parsed = parseDockerfile(Buffer.from("FROM scratch\nCOPY <<a /a\na\nRUN a\n"), { name: "Dockerfile" });
  return toGraph(parsed, {
    buildArgs: {},
    platform: parsePlatform(platform, HOST),
    buildPlatform: HOST,
    resolveImage: () => Promise.reject(new Error("no images")),
  });
}

describe("checkEmulation()", () => {
  const rows: readonly { readonly name: string; readonly platform: string; readonly entry?: string; readonly passes: boolean }[] = [
    { name: "passes steps of this machine", platform: "local", passes: true },
    { name: "refuses what nothing can run", platform: "linux/s390x", entry: AARCH64, passes: false },
    { name: "takes an interpreter for the architecture", platform: "linux/arm64", entry: AARCH64, passes: true },
    { name: "refuses one that is switched off", platform: "linux/arm64", entry: AARCH64.replace("enabled", "disabled"), passes: false },
    {
      name: "refuses one whose file roots would need and this machine does not have",
      platform: "linux/arm64",
      entry: AARCH64.replace("OCF", "OC").replace("/usr/bin/", "/nonexistent/"),
      passes: false,
    },
    { name: "refuses where nothing is registered", platform: "linux/arm64", passes: false },
  ];
  for (const { name, platform, entry, passes } of rows)
    it(name, async () => {
      using folder = mkdtempDisposableSync(join(tmpdir(), "decant-"));
      if (entry !== undefined) writeFileSync(join(folder.path, "any-name"), entry);
      const check = checkEmulation([await conversionFor(platform)], folder.path);
      if (passes) await check;
      else await assert.rejects(check, (error) => isDecantError(error, "PLATFORM") && error.hint?.includes("qemu-user-static") === true);
    });
  it("refuses where the registry is not there", async () => {
    await assert.rejects(checkEmulation([await conversionFor("linux/s390x")], "/nonexistent"), (error) => isDecantError(error, "PLATFORM"));
  });
});
