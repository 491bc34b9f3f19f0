import assert from "node:assert/strict";
import { mkdir, mkdtempDisposable, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { treePath } from "../paths.ts";
import { hostTree } from "../tree/index.ts";
import { runAudit } from "./run-audit.ts";
import { directorySubject } from "./subject.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };

test("an audit does not go into other file systems, and says so", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-audit-"));
  await mkdir(join(folder.path, "proc"));
  await writeFile(join(folder.path, "proc/sh"), "x", { mode: 0o755 });
  const subject = directorySubject("dir", hostTree(folder.path), PLATFORM, (path) => path === "proc");
  const report = await runAudit(subject);
  assert.deepEqual(
    report.findings.map(({ id, path, details }) => [id, path, details]),
    [["not-examined", "/proc", { paths: ["/proc"] }]],
  );
});

test("readableTree() gives nothing for a file that was removed meanwhile, and says so", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-audit-"));
  await writeFile(join(folder.path, ".env"), "DB_PASSWORD=correcthorse");
  const subject = directorySubject("dir", hostTree(folder.path), PLATFORM, () => false);
  const entry = subject.tree.lookup(treePath(".env"));
  assert.ok(entry !== undefined);
  await rm(join(folder.path, ".env"));
  assert.deepEqual(await subject.tree.data(entry), { kind: "slice", path: "/dev/zero", offset: 0 });
  assert.deepEqual([...(subject.refused ?? [])], [".env"]);
});
