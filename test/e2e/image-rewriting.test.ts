/** F5: mutate and rebase make images without a build. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { commandsIn } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-rewriting-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const { decant, ok } = commandsIn(folder);

function built(name: string, dockerfile: string): void {
  writeFileSync(join(folder, "Dockerfile"), dockerfile);
  ok("build", "-q", "-t", name, ".");
}

for (const file of ["old", "new", "app"]) writeFileSync(join(folder, file), file);
built("base:1", "FROM scratch\nCOPY old /base\nENV BASE=1\nVOLUME /data\nEXPOSE 80\n");
built("base:2", "FROM scratch\nCOPY new /base\nENV BASE=2\n");
built("app:1", "FROM base:1\nCOPY app /app\nENV APP=1\n");

test("F5: mutate takes volumes, ports and variables of a base away, and keeps the layers", () => {
  const id = ok(
    "mutate",
    "-t",
    "app:plain",
    "--unset-volume",
    "/data",
    "--unset-expose",
    "80",
    "--unset-env",
    "BASE",
    "--entrypoint",
    '["/app"]',
    "app:1",
  );
  const config = JSON.parse(ok("inspect", "-f", "{{json .Config}}", "app:plain"));
  assert.deepEqual([config.Volumes, config.ExposedPorts, config.Entrypoint], [null, null, ["/app"]]);
  assert.ok(!config.Env.includes("BASE=1") && config.Env.includes("APP=1"));
  assert.equal(ok("inspect", "-f", "{{.Id}}", "app:plain"), id);
  assert.equal(ok("inspect", "-f", "{{.RootFS.Layers}}", "app:plain"), ok("inspect", "-f", "{{.RootFS.Layers}}", "app:1"));
  ok("save", "-q", "-o", "plain.tar", "app:plain");
  assert.equal(
    JSON.parse(execFileSync("skopeo", ["inspect", "--config", "docker-archive:plain.tar"], { cwd: folder, encoding: "utf8" })).config
      .Entrypoint[0],
    "/app",
  );
  assert.match(decant("mutate", "--unset-env", "BAES", "app:1").err, /Cannot take variable "BAES" away: .*\n\nHint: Did you mean "BASE"\?/);
  assert.match(decant("mutate", "--cmd", "['a']", "app:1").err, /wanted a word, or a list of JSON/);
});

test("F5: rebase puts the layers of an app on a new base", () => {
  ok("rebase", "--old-base", "base:1", "--new-base", "base:2", "-t", "app:2", "app:1");
  assert.equal(ok("cat", "app:2", "/base", "/app"), "newapp");
  const config = JSON.parse(ok("inspect", "-f", "{{json .Config}}", "app:2"));
  assert.ok(config.Env.includes("BASE=2") && config.Env.includes("APP=1") && !config.Env.includes("BASE=1"));
  assert.equal(config.Volumes, null);
  assert.match(
    decant("rebase", "--old-base", "base:2", "--new-base", "base:1", "app:1").err,
    /its first layers are not those of the old base/,
  );
  assert.match(decant("rebase", "app:1").err, /--old-base and --new-base are wanted/);
});

test("F5: rebase writes nothing when the app would not run on the new base", () => {
  built("tool:1", 'FROM base:1\nCOPY app /app\nENTRYPOINT ["/base"]\n');
  built("empty", "FROM scratch\nCOPY app /other\n");
  const { code, err } = decant("rebase", "--old-base", "base:1", "--new-base", "empty", "-t", "tool:2", "tool:1");
  assert.equal(code, 1);
  assert.match(err, /Cannot rebase the image: on the new base it has an error\n\s+- program-missing \/base/);
  assert.match(decant("inspect", "tool:2").err, /Cannot find image "tool:2"/);
});
