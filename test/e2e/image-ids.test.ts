/** U5: IDs that commands print are what other commands take; images without a name stay until they age. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { removeImages } from "../../src/index.ts";
import { DECANT } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-ids-"));
const root = join(folder, "store");
writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nARG FILE=one\nCOPY ${FILE} /file\nLABEL file=${FILE}\n");
for (const name of ["one", "two"]) writeFileSync(join(folder, name), name);
after(() => rmSync(folder, { recursive: true, force: true }));

function decant(...args: readonly string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const env = { ...process.env, NO_COLOR: "1", DECANT_ROOT: root };
  const done = spawnSync(DECANT, args, { encoding: "utf8", cwd: folder, env });
  return { code: done.status, out: done.stdout.trim(), err: done.stderr };
}

function built(...args: readonly string[]): string {
  const { code, out, err } = decant("build", "-q", ...args, ".");
  assert.equal(code, 0, err);
  assert.match(out, /^sha256:[0-9a-f]{64}$/);
  return out;
}

test("U5: build without a name prints an ID, --iidfile has it, and every command takes it", () => {
  const id = built("--iidfile", "iid");
  assert.equal(decant("images", "-q").out, id);
  const { err } = decant("build", "--progress=plain", ".");
  assert.match(err, new RegExp(`^=> image ${id}$`, "m"));
  assert.match(decant("images").out, new RegExp(`<none> +${id.slice(7, 19)} `));
  for (const text of [id, id.slice(7), id.slice(7, 19), id.slice(0, 19)]) {
    const details = JSON.parse(decant("inspect", "--format", "json", text).out) as { configDigest: string; names: string[] };
    assert.deepEqual([details.configDigest, details.names], [id, []]);
    assert.match(decant("sbom", text).out, /"spdxVersion": "SPDX-2.3"/);
    assert.match(decant("audit", "--offline", "--format", "json", text).out, /"verdict"/);
    assert.match(decant("run", text).err, /Cannot run ".*": it has neither ENTRYPOINT nor CMD/);
    assert.match(decant("push", text).err, /it is the ID of an image; wanted a name to push to/);
  }
});

test("U5: an image without a name stays for a prune, and goes with the cache", async () => {
  const id = built("--build-arg", "FILE=two");
  assert.equal(decant("prune").code, 0);
  assert.equal(decant("prune", "--older-than", "1h").code, 0);
  assert.equal(decant("inspect", id).code, 0);
  assert.equal(decant("prune", "--all").code, 0);
  const { code, err } = decant("inspect", id);
  assert.equal(code, 1);
  assert.match(err, /Cannot find image "sha256:[0-9a-f]{64}" in the local store/);
  await assert.rejects(removeImages({ root, images: [id] }), /Cannot find image/);
});

test("U5: an ID names its image also when it has names, and survives their move", () => {
  const one = built("-t", "app:1", "-t", "app:2");
  const two = built("-t", "app:1", "-t", "app:2", "--build-arg", "FILE=two");
  assert.notEqual(one, two);
  assert.deepEqual(decant("images", "-q").out.split("\n"), [two, two, one]);
  assert.equal(decant("inspect", one).code, 0);
  const details = JSON.parse(decant("inspect", "--format", "json", two.slice(7, 19)).out) as { names: string[] };
  assert.deepEqual(details.names, ["docker.io/library/app:1", "docker.io/library/app:2"]);
});

test("U5: a pull and a Dockerfile want names, not IDs", () => {
  const id = built();
  assert.match(decant("pull", id).err, /Cannot pull "sha256:.*": it is the ID of an image; wanted a name/);
  writeFileSync(join(folder, "From"), `FROM ${id}\n`);
  assert.match(decant("build", "-f", "From", ".").err, /it is the ID of an image; wanted a name/);
});
