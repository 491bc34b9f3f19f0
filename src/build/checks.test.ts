import assert from "node:assert/strict";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { planOf, PLATFORM } from "../../test/support/plan.ts";
import { parseDockerfile } from "../dockerfile/index.ts";
import { DecantError, isDecantError } from "../errors.ts";
import type { EventInput } from "../events.ts";
import type { Conversion } from "../graph/index.ts";
import type { ImageConfig } from "../oci/index.ts";
import { buildChecks } from "./checks.ts";

const IMAGE: ImageConfig = { ...PLATFORM, config: { Env: ["KNOWN=1"] }, rootfs: { type: "layers", diff_ids: [] } };

/** Checks of `text`, and what they tell. */
function checksOf(text: string, context?: string) {
  const parsed = parseDockerfile(text, { name: "Dockerfile" });
  const told: string[] = [];
  const emit = (event: EventInput): void => {
    if (event.type === "warning") told.push(`${event.code} ${event.source?.line ?? ""}`);
  };
  const checks = buildChecks({
    parsed,
    files: context === undefined ? { kind: "layers", layers: [] } : { kind: "folder", path: context },
    buildArgs: {},
    platform: PLATFORM,
    buildPlatform: PLATFORM,
  });
  const [stage] = parsed.stages;
  if (stage === undefined) throw new Error("no stage");
  const request = { name: "b", platform: PLATFORM, explicitPlatform: false, range: stage.from.range, stageNames: [] };
  /** What the conversion gives, as far as checks look at it. */
  const converted = (image?: ImageConfig): Promise<Conversion> =>
    Promise.resolve({ plan: planOf(text, { everyStage: false, image: () => image }) } as Conversion);
  return { checks, told, emit, request, converted };
}

test("buildChecks() tells what the images that were resolved make certain", async () => {
  const { checks, told, emit, request, converted } = checksOf("FROM b\nENV A=$KNOWN B=$UNKNOWN");
  const image = { identifier: "docker-image://b", config: IMAGE, platform: PLATFORM };
  assert.equal(await checks.seen(request, Promise.resolve(image)), image);
  const conversion = converted(IMAGE);
  assert.equal(await checks.around(conversion, emit), await conversion);
  assert.deepEqual(told, ["UndefinedVar 2"]);
});

test("buildChecks() tells before it passes the error of a conversion on", async () => {
  const { checks, told, emit } = checksOf("FROM b as a");
  await assert.rejects(checks.around(Promise.reject(new DecantError("REGISTRY", "x")), emit), (error) => isDecantError(error, "REGISTRY"));
  assert.deepEqual(told, ["FromAsCasing 1"]);
});

test("buildChecks() refuses what check=error=true makes an error, and options that it cannot read", async () => {
  const strict = checksOf("# check=error=true\nFROM b as a");
  await assert.rejects(strict.checks.around(strict.converted(), strict.emit), (error) => isDecantError(error, "DOCKERFILE_CHECK"));
  assert.deepEqual(strict.told, ["FromAsCasing 2"]);
  const broken = checksOf("# check=errors=true\nFROM b");
  await assert.rejects(broken.checks.around(broken.converted(), broken.emit), (error) => isDecantError(error, "DOCKERFILE_SYNTAX"));
});

test("buildChecks() reads the ignore file of the context", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-checks-"));
  await writeFile(join(folder.path, ".dockerignore"), "secret\n");
  const { checks, told, emit, converted } = checksOf("FROM scratch\nCOPY secret /", folder.path);
  await checks.around(converted(), emit);
  assert.deepEqual(told, ["CopyIgnoredFile 2"]);
});
