/** The bundled command as a process: which Node it takes, exit codes, streams. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, mkdir, mkdtempDisposable, readFile, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { test } from "node:test";
import { DECANT } from "../support/command.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const BUNDLE = join(ROOT, "dist/decant.js");

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
  const done = spawnSync(program, args, { encoding: "utf8", env, cwd: options.cwd });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

test("decant version works from the bundle", () => {
  const { code, out, err } = run(DECANT, ["version"]);
  assert.deepEqual({ code, err }, { code: 0, err: "" });
  assert.match(out, /^decant \d+\.\d+\.\d+ \(node 24/);
});

test("bin/decant finds its own Node through a link from anywhere, with an older one on PATH", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-test-"));
  await symlink(DECANT, join(folder.path, "decant"));
  await writeFile(join(folder.path, "node"), "#!/bin/sh\necho too old >&2\nexit 1\n", { mode: 0o755 });
  const { code, out } = run(join(folder.path, "decant"), ["version"], { cwd: "/", env: { PATH: `${folder.path}:/usr/bin:/bin` } });
  assert.equal(code, 0);
  assert.match(out, /\(node 24/);
});

/** Folders with a `decant` in them: a link to the one of this checkout, and what npm makes of the published package. */
async function waysToStart(folder: string): Promise<readonly string[]> {
  const installed = join(folder, "node_modules");
  await mkdir(join(installed, ".bin"), { recursive: true });
  const packed = run("npm", ["pack", "--silent", "--ignore-scripts", "--pack-destination", folder], { cwd: ROOT });
  assert.equal(packed.code, 0, packed.err);
  const unpacked = run("tar", ["xzf", join(folder, packed.out.trim()), "-C", installed]);
  assert.equal(unpacked.code, 0, unpacked.err);
  const manifest = JSON.parse(await readFile(join(installed, "package/package.json"), "utf8")) as { bin: { decant: string } };
  await symlink(join("../package", manifest.bin.decant), join(installed, ".bin/decant"));
  await symlink(DECANT, join(folder, "decant"));
  return [join(folder, "decant"), join(installed, ".bin/decant")];
}

test("U1: nothing that follows the command reaches the Node of the host", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-test-"));
  const { path } = folder;
  const cwd = join(path, "work");
  await mkdir(cwd);
  const foreign = join(path, "foreign.mjs");
  await writeFile(foreign, "console.error('code of a stranger');\n");
  await writeFile(join(cwd, ".env"), `NODE_OPTIONS="--import ${foreign}"\n`);
  await writeFile(join(cwd, "node.config.json"), JSON.stringify({ nodeOptions: { import: foreign } }));
  const options = [
    "--env-file=.env",
    "--env-file=.missing",
    "--env-file-if-exists=.env",
    "--experimental-config-file=node.config.json",
    "--experimental-default-config-file",
    `--import=${foreign}`,
    "--version",
    "--",
    "-e",
    "an argument\nof two lines",
    "",
    ":",
  ];
  for (const way of await waysToStart(path)) {
    for (const option of options) {
      const done = run(way, ["run", "--root", join(path, "store"), "app", "node", option, "server.js"], { cwd });
      assert.deepEqual({ way, option, code: done.code, out: done.out }, { way, option, code: 1, out: "" });
      assert.match(done.err, /^ERROR: Cannot find image "app"/, `${way} ${option}`);
    }
  }
});

test("U1: every argument that Node sees has a colon before it, and the main module takes no other", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-test-"));
  const { path } = folder;
  for (const name of ["bin", "dist", "path"]) await mkdir(join(path, name));
  await cp(DECANT, join(path, "bin/decant"));
  await writeFile(join(path, "dist/decant.js"), "");
  await writeFile(join(path, "path/node"), "#!/bin/sh\nshift 2\nprintf '[%s]' \"$@\"\n", { mode: 0o755 });
  const { out } = run(join(path, "bin/decant"), ["-a", "--env-file", "b c", "", "\n", "--"], {
    env: { PATH: `${path}/path:/usr/bin:/bin` },
  });
  assert.equal(out, "[:-a][:--env-file][:b c][:][:\n][:--]");
  const direct = run(process.execPath, [BUNDLE, ":version", "-x"]);
  assert.equal(direct.code, 1);
  assert.match(direct.err, /^ERROR: Cannot start decant by its main module: .*\nHint: run the command decant /);
});

test(
  "dist/decant.js says clearly that an older Node will not do",
  { skip: existsSync("/usr/bin/node") ? false : "there is no other Node" },
  () => {
    const { out: version } = run("/usr/bin/node", ["-p", "process.versions.node"]);
    const { code, out, err } = run("/usr/bin/node", [BUNDLE, ":version"]);
    if (Number(version.split(".")[0]) >= 24) return assert.equal(code, 0);
    assert.deepEqual({ code, out }, { code: 1, out: "" });
    assert.match(err, /^ERROR: Cannot start decant with Node \d+\.\d+\.\d+: it needs Node 24\.15 or newer\nHint: /);
  },
);

test("decant exits with 1 and one message for a wrong flag, and writes nothing to standard output", () => {
  const { code, out, err } = run(DECANT, ["build", "--taget", "x", "."]);
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
  const first = run(DECANT, [...args], { cwd: path });
  assert.equal(first.code, 0, first.err);
  assert.match(first.err, /^#\d+ \[.*\] COPY hello \/$/m);
  const second = run(DECANT, [...args], { cwd: path });
  assert.equal(second.code, 0, second.err);
  assert.match(second.err, /^#\d+ CACHED$/m);
  assert.match(await readFile(join(path, "id"), "utf8"), /^sha256:[0-9a-f]{64}$/);
  const metadata: Record<string, unknown> = JSON.parse(await readFile(join(path, "meta.json"), "utf8"));
  assert.equal(metadata["containerimage.config.digest"], await readFile(join(path, "id"), "utf8"));
  const listed = spawnSync("tar", ["tf", join(path, "out.tar")], { encoding: "utf8" });
  assert.match(listed.stdout, /^oci-layout$/m);
});

test("A9: decant prune says what holds the rest, and what to type to free it", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-test-"));
  await writeFile(join(folder.path, "Dockerfile"), "FROM scratch\nCOPY Dockerfile /\n");
  const decant = (...args: readonly string[]): string => {
    const { code, out, err } = run(DECANT, args, { env: { DECANT_ROOT: join(folder.path, "store") } });
    assert.equal(code, 0, err);
    return out;
  };
  decant("build", "-t", "app", folder.path);
  const cache =
    "Hint: To free the build cache, too, run: decant prune --all; or only what was not used for a week: decant prune --older-than 7d";
  const [freed = "", kept = "", hint] = decant("prune").split("\n");
  assert.match(freed, /^Freed 0 B: 0 blobs, 0 directories, 0 records$/);
  assert.match(kept, /^Kept \S+ k?B: [1-9]\S* k?B of images, [1-9]\S* k?B of build cache$/);
  assert.equal(hint, cache);
  decant("rmi", "app");
  const [, rest = "", again] = decant("prune").split("\n");
  assert.match(rest, /^Kept \S+ k?B: 0 B of images, [1-9]\S* k?B of build cache$/);
  assert.equal(again, cache);
  assert.match(decant("prune", "--all"), /^Freed [1-9]\S* k?B: .*\n$/, "nothing is left, and nothing is said of it");
});

test("decant build prints a Dockerfile's mistake once, with its line", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-test-"));
  await writeFile(join(folder.path, "Dockerfile"), "FROM scratch\nCOPPY a /\n");
  const { code, err } = run(DECANT, ["build", "--root", join(folder.path, "store"), folder.path]);
  assert.equal(code, 1);
  assert.equal(err.match(/ERROR/g)?.length, 1, err);
  assert.match(err, /> 2 \| COPPY a \//);
});
