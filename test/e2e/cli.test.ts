/** The bundled command as a process: which Node it takes, exit codes, streams. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtempDisposable, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";

const ROOT = resolve(import.meta.dirname, "../..");
const BUNDLE = join(ROOT, "dist/decant.js");
const WRAPPER = join(ROOT, "bin/decant");

interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Record<string, string> } = {},
): Done {
  const env = { ...process.env, NO_COLOR: "1", ...options.env };
  const done = spawnSync(program, args, { encoding: "utf8", env, ...(options.cwd === undefined ? {} : { cwd: options.cwd }) });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

test("decant version works from the bundle", () => {
  const { code, out, err } = run(process.execPath, [BUNDLE, "version"]);
  assert.deepEqual({ code, err }, { code: 0, err: "" });
  assert.match(out, /^decant \d+\.\d+\.\d+ \(node 24/);
});

test("bin/decant finds its own Node through a link from anywhere, with an older one on PATH", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-test-"));
  await symlink(WRAPPER, join(folder.path, "decant"));
  await writeFile(join(folder.path, "node"), "#!/bin/sh\necho too old >&2\nexit 1\n", { mode: 0o755 });
  const { code, out } = run(join(folder.path, "decant"), ["version"], { cwd: "/", env: { PATH: `${folder.path}:/usr/bin:/bin` } });
  assert.equal(code, 0);
  assert.match(out, /\(node 24/);
});

test(
  "dist/decant.js says clearly that an older Node will not do",
  { skip: existsSync("/usr/bin/node") ? false : "there is no other Node" },
  () => {
    const { out: version } = run("/usr/bin/node", ["-p", "process.versions.node"]);
    const { code, out, err } = run("/usr/bin/node", [BUNDLE, "version"]);
    if (Number(version.split(".")[0]) >= 24) return assert.equal(code, 0);
    assert.deepEqual({ code, out }, { code: 1, out: "" });
    assert.match(err, /^ERROR: Cannot start decant with Node \d+\.\d+\.\d+: it needs Node 24\.15 or newer\nHint: /);
  },
);

test("decant exits with 1 and one message for a wrong flag, and writes nothing to standard output", () => {
  const { code, out, err } = run(process.execPath, [BUNDLE, "build", "--taget", "x", "."]);
  assert.deepEqual({ code, out }, { code: 1, out: "" });
  assert.equal(err, 'ERROR: Cannot use option --taget: "decant build" has no such option\n\nHint: Did you mean --target?\n');
});

test("decant build builds from scratch into an OCI layout, writes its files, and finds everything cached the second time", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-test-"));
  const { path } = folder;
  await writeFile(join(path, "Dockerfile"), "FROM scratch\nCOPY hello /\nLABEL a=b\n");
  await writeFile(join(path, "hello"), "hello\n");
  const args = [
    "build",
    "--root",
    join(path, "store"),
    "--iidfile",
    "id",
    "--metadata-file",
    "meta.json",
    "-o",
    "type=oci,dest=out.tar",
    "-t",
    "x",
    ".",
  ];
  const first = run(process.execPath, [BUNDLE, ...args], { cwd: path });
  assert.equal(first.code, 0, first.err);
  assert.match(first.err, /^#\d+ \[.*\] COPY hello \/$/m);
  const second = run(process.execPath, [BUNDLE, ...args], { cwd: path });
  assert.equal(second.code, 0, second.err);
  assert.match(second.err, /^#\d+ CACHED$/m);
  assert.match(await readFile(join(path, "id"), "utf8"), /^sha256:[0-9a-f]{64}$/);
  const metadata: Record<string, unknown> = JSON.parse(await readFile(join(path, "meta.json"), "utf8"));
  assert.equal(metadata["containerimage.config.digest"], await readFile(join(path, "id"), "utf8"));
  const listed = spawnSync("tar", ["tf", join(path, "out.tar")], { encoding: "utf8" });
  assert.match(listed.stdout, /^oci-layout$/m);
});

test("decant build prints a Dockerfile's mistake once, with its line", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-test-"));
  await writeFile(join(folder.path, "Dockerfile"), "FROM scratch\nCOPPY a /\n");
  const { code, err } = run(process.execPath, [BUNDLE, "build", "--root", join(folder.path, "store"), folder.path]);
  assert.equal(code, 1);
  assert.equal(err.match(/ERROR/g)?.length, 1, err);
  assert.match(err, /> 2 \| COPPY a \//);
});
