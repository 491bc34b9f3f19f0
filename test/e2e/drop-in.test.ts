/** I4: Decant under the names of docker: a plugin of docker, and words of buildx. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DECANT } from "../support/command.ts";

describe("I4: Decant under the names of docker", { timeout: 600_000 }, () => {
  it("answers as a plugin of docker, and takes what docker puts before its name", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-plugin-"));
    const plugin = join(folder.path, "docker-decant");
    symlinkSync(DECANT, plugin);
    mkdirSync(join(folder.path, "decant"));
    writeFileSync(join(folder.path, "decant", "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
    const env = { PATH: process.env["PATH"], HOME: folder.path, DECANT_ROOT: join(folder.path, "store") };
    const asPlugin = { ...env, DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND: "docker" };
    const run = (words: readonly string[], variables: NodeJS.ProcessEnv) =>
      spawnSync(plugin, words, { env: variables, cwd: folder.path, encoding: "utf8" });
    for (const variables of [env, asPlugin]) {
      const { SchemaVersion, Vendor, Version } = JSON.parse(run(["docker-cli-plugin-metadata"], variables).stdout) as Readonly<
        Record<string, string>
      >;
      assert.deepEqual([SchemaVersion, Vendor], ["0.1.0", "Decant"]);
      assert.match(Version ?? "", /^\d+\.\d+\.\d+/);
    }
    const built = run(["--context", "default", "decant", "build", "-o", "out", "decant"], asPlugin);
    assert.equal(built.status, 0, built.stderr);
    assert.match(readFileSync(join(folder.path, "out", "Dockerfile"), "utf8"), /^FROM scratch/);
    // By hand, a word that is the plugin's name is a word like others.
    const own = run(["buildx", "build", "-o", "own", "decant"], env);
    assert.equal(own.status, 0, own.stderr);
    assert.match(run(["help", "decant"], asPlugin).stdout, /Usage/i);
  });

  it("bake without docker buildx says what is missing, and what to do", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-bake-"));
    const env = { PATH: `${folder.path}:/usr/bin:/bin`, HOME: folder.path, DECANT_ROOT: join(folder.path, "store") };
    for (const words of [["bake"], ["buildx", "bake", "--print"]]) {
      const { status, stderr } = spawnSync(DECANT, words, { env, cwd: folder.path, encoding: "utf8" });
      assert.equal(status, 1);
      assert.match(stderr, /docker buildx is not installed/);
      assert.match(stderr, /decant build for each target/);
    }
    assert.match(spawnSync(DECANT, ["bake", "--help"], { env, encoding: "utf8" }).stdout, /All words go to docker/);
  });
});
