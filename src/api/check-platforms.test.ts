import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { checkDockerfile } from "./check.ts";

/** Findings and errors of a text, for these platforms. */
async function check(text: string, platforms: readonly string[]): Promise<readonly string[]> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-check-"));
  await writeFile(join(folder.path, "Dockerfile"), text);
  const { warnings, errors, violations } = await checkDockerfile({ context: folder.path, platforms, lookUpImages: false });
  return [...warnings.map(({ code, message }) => `${code}: ${message}`), ...errors.map(({ message }) => message), ...violations];
}

const VAR = "FROM scratch\nARG TARGETARCH\nENV A=$NOPE\nUSER 1\n";

test("checkDockerfile() says once what every platform has", async () => {
  const want = ["UndefinedVar: Usage of undefined variable '$NOPE'"];
  assert.deepEqual(await check(VAR, ["linux/amd64"]), want);
  assert.deepEqual(await check(VAR, ["linux/amd64", "linux/arm64,linux/arm/v7"]), want);
});

test("checkDockerfile() names the platforms of what only some of them have", async () => {
  const text = "FROM scratch AS bin-amd64\nFROM scratch AS bin-arm64\nENV A=$NOPE\nFROM bin-$TARGETARCH\nWORKDIR /$TARGETARCH\n";
  const skip = "# check=skip=MissingUser,GlobalArgNotRedeclared,UnusedStage\n";
  const found = await check(`${skip}FROM scratch AS base\nARG TARGETARCH\nENV A=\${TARGETARCH#amd64} B=\${TARGETARCH:?}\nWORKDIR $A\n`, [
    "linux/amd64",
    "linux/arm64",
  ]);
  assert.deepEqual(found, [
    'WorkdirRelativePath: Relative workdir "" can have unexpected results if the base image changes (linux/amd64)',
    'WorkdirRelativePath: Relative workdir "arm64" can have unexpected results if the base image changes (linux/arm64)',
  ]);
  assert.deepEqual(await check(skip + text, ["linux/amd64", "linux/arm64"]), [
    "UndefinedVar: Usage of undefined variable '$NOPE'",
    "UndefinedVar: Usage of undefined variable '$TARGETARCH'",
  ]);
});

test("checkDockerfile() names the platforms of errors and violations", async () => {
  const found = await check("# check=error=true;skip=MissingUser\nFROM x-$TARGETARCH as a\nUSER 1\n", ["linux/amd64", "linux/arm64"]);
  assert.deepEqual(
    found.filter((line) => line.startsWith("FromAsCasing")),
    ["FromAsCasing: 'as' and 'FROM' keywords' casing do not match", "FromAsCasing"],
  );
  const errors = await check(
    "FROM scratch AS x\nARG TARGETARCH\nUSER ${TARGETARCH#amd64}${TARGETARCH/arm64/}\nENV A=${TARGETVARIANT:?none}\nUSER 1\n",
    ["linux/amd64", "linux/arm/v7"],
  );
  assert.ok(errors.some((line) => line.includes("TARGETVARIANT")));
});
