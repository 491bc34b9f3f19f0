/** F5: history, ls, cat, tree and diff of images in the store, in layouts and in archives. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DECANT } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-looking-"));
after(() => rmSync(folder, { recursive: true, force: true }));
mkdirSync(join(folder, "files/d/e"), { recursive: true });
writeFileSync(join(folder, "files/d/e/f"), "hello\n");
writeFileSync(join(folder, "files/same"), "same", { mode: 0o644 });
symlinkSync("d/e", join(folder, "files/l"));
writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nCOPY --chown=5:6 files /srv/\nENV A=1\n");
writeFileSync(
  join(folder, "Dockerfile.next"),
  "FROM first\nENV A=2\nCOPY --chmod=0600 --chown=5:6 files/same /srv/same\nCOPY Dockerfile /srv/d/e/f\nCOPY Dockerfile /new\n",
);

function decant(...args: readonly string[]): { readonly code: number | null; readonly out: string; readonly err: string } {
  const env = { ...process.env, NO_COLOR: "1", DECANT_ROOT: join(folder, "store") };
  const done = spawnSync(DECANT, args, { encoding: "utf8", cwd: folder, env });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

function ok(...args: readonly string[]): string {
  const { code, out, err } = decant(...args);
  assert.equal(code, 0, err);
  return out;
}

ok("build", "-q", "-t", "first", ".");
ok("build", "-q", "-t", "second", "-f", "Dockerfile.next", ".");
ok("save", "-q", "-o", "first.tar", "first");
execFileSync("skopeo", ["copy", "-q", "docker-archive:first.tar", "oci:layout:first"], { cwd: folder });
execFileSync("skopeo", ["copy", "-q", "docker-archive:first.tar", "docker-archive:classic.tar:first:1"], { cwd: folder });

for (const image of ["first", "oci:layout:first", "oci:first.tar", "docker-archive:first.tar", "docker-archive:classic.tar"]) {
  test(`F5: ls, cat, tree and history of ${image}`, () => {
    assert.match(ok("ls", image, "srv"), /^drwxr-xr-x {2}5:6 +0 .* d\nlrwxrwxrwx .* l -> d\/e\n-rw-r--r-- {2}5:6 +4 .* same\n$/);
    assert.equal(ok("cat", image, "/srv/l/f", "/srv/same"), "hello\nsame");
    assert.equal(ok("tree", image, "/srv"), "/srv  10 B\n├── d  6 B\n│   └── e  6 B\n│       └── f  6 B\n├── l -> d/e\n└── same  4 B\n");
    const lines = ok("history", "--no-trunc", "--format", "{{.CreatedBy}} {{.Size}}", image);
    assert.equal(lines, "ENV A=1 0 B\nCOPY --chown=5:6 files /srv/ 10 B\n");
  });
}

test("F5: ls of a file, recursively and as JSON", () => {
  assert.match(ok("ls", "first", "/srv/same"), / same\n$/);
  const files: readonly { readonly path: string; readonly kind: string }[] = JSON.parse(ok("ls", "-R", "--format", "json", "first"));
  assert.deepEqual(
    files.map(({ path, kind }) => `${path} ${kind}`),
    ["/srv dir", "/srv/d dir", "/srv/d/e dir", "/srv/d/e/f file", "/srv/l symlink", "/srv/same file"],
  );
});

test("F5: diff tells configuration, files and sizes, and the exit code", () => {
  const { code, out } = decant("diff", "first", "second");
  assert.equal(code, 1);
  assert.match(out, /^Size: 10 B -> \d+ B \(\+\d+ B\)\n~ {2}Env .*"A=1"\] → .*"A=2"\]\nFiles: 3 differ/);
  assert.match(out, /\n {2}\+ \/new {2}\d+ B\n {2}~ \/srv\/d\/e\/f {2}6 B -> \d+ B\n {2}m \/srv\/same\n$/);
  assert.deepEqual([decant("diff", "first", "docker-archive:first.tar").code, decant("diff", "first", "oci:layout").code], [0, 0]);
});

test("F5: what is not there is told", () => {
  assert.match(decant("ls").err, /no image was named\n\nHint: .*to list images: decant images/);
  assert.match(decant("cat", "first", "/srv").err, /Cannot read "\/srv" of "first": it is a folder/);
  assert.match(decant("ls", "first", "/nope").err, /it has no such file\n\nHint: .*decant ls first \//);
  assert.match(decant("tree", "--depth", "x", "first").err, /wanted a number of levels/);
});
