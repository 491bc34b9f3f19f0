/** U10: images and inspect with names, filters and templates. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DECANT } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-listing-"));
writeFileSync(join(folder, "Dockerfile"), "FROM scratch\nARG FILE=one\nCOPY ${FILE} /file\nLABEL file=${FILE}\nENV A=1 B=2\n");
writeFileSync(join(folder, "one"), "1".repeat(5000));
writeFileSync(join(folder, "two"), "2".repeat(2000));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function decant(store: string, ...args: readonly string[]): Done {
  const env = { ...process.env, NO_COLOR: "1", DECANT_ROOT: join(folder, store) };
  const done = spawnSync(DECANT, args, { encoding: "utf8", cwd: folder, env });
  return { code: done.status, out: done.stdout.trim(), err: done.stderr };
}

function ok(...args: readonly string[]): string {
  const { code, out, err } = decant("store", ...args);
  assert.equal(code, 0, err);
  return out;
}

ok("build", "-q", "-t", "app:1", "-t", "team/app:1", ".");
ok("build", "-q", "-t", "app:2", "--build-arg", "FILE=two", ".");
ok("build", "-q", "--build-arg", "FILE=two", "--label", "late=yes", ".");

const NAMES = "{{.Repository}}:{{.Tag}}";
const rows: readonly (readonly [args: readonly string[], want: string])[] = [
  [[], "app:1 app:2 team/app:1 <none>:<none>"],
  [["-a"], "app:1 app:2 team/app:1 <none>:<none>"],
  [["app"], "app:1 app:2"],
  [["app:2"], "app:2"],
  [["*/app", "app:1"], "app:1 team/app:1"],
  [["--filter", "reference=team/*"], "team/app:1"],
  [["--filter", "dangling=true"], "<none>:<none>"],
  [["-f", "dangling=false"], "app:1 app:2 team/app:1"],
  [["--filter", "label=file=two"], "app:2 <none>:<none>"],
  [["--filter", "label=file=two", "--filter", "label=late"], "<none>:<none>"],
  [["--filter", "since=app:1"], "app:2 <none>:<none>"],
  [["--filter", "before=app:2"], "app:1 team/app:1"],
  [["nothing"], ""],
];
for (const [args, want] of rows) {
  test(`U10: images ${args.join(" ")}`, () => {
    assert.equal(ok("images", ...args, "--format", NAMES).replaceAll("\n", " "), want);
  });
}

test("U10: images -q, --no-trunc, --digests and --format", () => {
  const id = ok("inspect", "-f", "{{.Id}}", "app:1");
  const digest = ok("inspect", "-f", "{{.Digest}}", "app:1");
  assert.equal(ok("images", "-q", "app:1"), id);
  assert.match(ok("images", "--no-trunc", "app:1"), new RegExp(`app:1 +${id} `));
  assert.match(ok("images", "--digests", "app:1"), new RegExp(`^NAME +DIGEST +IMAGE ID .*\n.*app:1 +${digest} +${id.slice(7, 19)} `));
  assert.equal(ok("images", "--format", "table {{.ID}}\\t{{.Tag}}", "app:1"), `ID            TAG\n${id.slice(7, 19)}  1`);
  assert.equal(JSON.parse(ok("images", "--format", "{{json .}}", "app:1")).Repository, "app");
  assert.equal(JSON.parse(ok("images", "--format", "json", "app:1"))[0].sizeBytes, 5000);
});

test("U10: images says which size it shows, and it is the same for an image that came from elsewhere", () => {
  ok("build", "-q", "-o", "type=oci,dest=app.tar,compression=zstd", "-t", "app:1", ".");
  assert.equal(decant("other", "load", "-q", "-i", "app.tar").code, 0);
  for (const store of ["store", "other"]) {
    const { out } = decant(store, "images", "app:1");
    assert.match(out, /UNPACKED SIZE\n.* 5 kB$/);
    assert.equal(decant(store, "inspect", "-f", "{{.Size}}", "app:1").out, "5000");
  }
});

test("U10: inspect takes several names and templates", () => {
  assert.equal(
    ok("inspect", "-f", "{{index .RepoTags 0}} {{json .Config.Labels}}", "app:1", "app:2"),
    'app:1 {"file":"one"}\napp:2 {"file":"two"}',
  );
  assert.equal(ok("inspect", "-f", "{{range .Config.Env}}{{println .}}{{end}}", "app:1").split("\n").slice(-2).join(" "), "A=1 B=2");
  assert.match(ok("inspect", "app:1", "app:2"), /app:1\n[\s\S]*\n\nName +docker.io\/library\/app:2\n/);
  const { code, out, err } = decant("store", "inspect", "-f", "{{.Os}}", "app:1", "nothing", "app:2");
  assert.deepEqual([code, out], [1, "linux\nlinux"]);
  assert.match(err, /Cannot find image "nothing"/);
});

test("U10: what images and inspect do not understand is named", () => {
  for (const [args, want] of [
    [["images", "--filter", "until=24h"], /--filter until is not supported yet\n\nHint: Use one of reference, dangling/],
    [["images", "--filter", "dangling"], /wanted KEY=VALUE/],
    [["images", "--format", "yaml"], /Cannot use --format "yaml": wanted table, json, or a template/],
    [["images", "--format", "{{.SharedSize}}"], /there is no field \.SharedSize; there are \.Name, /],
    [["images", "a[b"], /it is no pattern/],
    [["inspect", "-f", "{{.GraphDriver}}", "app:1"], /there is no field \.GraphDriver/],
  ] as const)
    assert.match(decant("store", ...args).err, want, args.join(" "));
});
