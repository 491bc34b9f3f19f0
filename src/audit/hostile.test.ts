/** Properties: whatever is in a tree and a configuration, an audit ends with a report. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fc } from "../../test/support/property.ts";
import { memoryTree, type TreeSpec } from "../../test/support/memory-tree.ts";
import type { ContainerConfig } from "../oci/index.ts";
import { runAudit } from "./run-audit.ts";
import { auditSarif } from "./sarif.ts";

/** Names that checks look at. */
const NAMES = [
  "app",
  "bin",
  "sh",
  "usr",
  "lib",
  "etc",
  "passwd",
  "group",
  "tmp",
  "node_modules",
  "package.json",
  ".package-lock.json",
  "a",
  "b",
  "é",
  ".git",
  "HEAD",
  "config",
  ".env",
  ".npmrc",
  "x.a",
  "x.h",
  "include",
  "var",
  "dpkg",
  "status",
  "os-release",
  "ld.so.cache",
  "ld.so.conf",
];
const TEXTS = [
  "",
  "#!/bin/sh\n",
  "#!",
  "\u007fELF\u0002\u0001\u0001",
  "{",
  '{"packages":{"node_modules/a":{"dev":true},"node_modules/../x":{"dev":true}}}',
  '{"dependencies":{"a":1},"devDependencies":{"..":1,"a/b":1,"__proto__":1}}',
  "root:x:0:0",
  ":::::",
  "app:x:99999999999:1",
  "Package: x\nStatus: install ok installed\nVersion: 1\n",
  "require('./a')",
  "-----BEGIN PRIVATE KEY-----",
  "glibc-ld.so.cache1.1\u0000\u00ff\u00ff\u00ff\u00ff",
  "include /etc/*.conf\n/lib",
];

const path = fc.array(fc.constantFrom(...NAMES), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
const mode = fc.constantFrom("000", "644", "755", "4755", "1777", "777", "700");
const entry = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(mode, fc.constantFrom(...TEXTS)).map(([bits, text]) => `file ${bits} 0:0 ${text}`) },
  { weight: 1, arbitrary: mode.map((bits) => `dir ${bits} 7:7`) },
  {
    weight: 2,
    arbitrary: fc
      .oneof(
        path,
        path.map((to) => `/${to}`),
        fc.constantFrom(".", "..", "/", "../../..", ""),
      )
      .map((to) => `link ${to}`),
  },
);
/** A path below a file cannot be made: the first of both stays. */
const tree = fc.dictionary(path, entry, { maxKeys: 14 }).map((spec): TreeSpec => {
  const paths = Object.keys(spec);
  return Object.fromEntries(
    Object.entries(spec).filter(
      ([name]) => !paths.some((other) => name.startsWith(`${other}/`) && spec[other]?.startsWith("dir") !== true),
    ),
  );
});
const word = fc.oneof(
  path,
  path.map((text) => `/${text}`),
  fc.constantFrom("", "/", "..", "0", "65532:x", "app:app", "a\u0000b", "node", "sh", "python3", "java", "-c", "-m", "-jar", "80/tcp"),
);
const words = fc.array(word, { maxLength: 4 });
const empty = fc.dictionary(word, fc.constant({}), { maxKeys: 3 });
const config = fc.record(
  {
    User: word,
    WorkingDir: word,
    Entrypoint: fc.option(words),
    Cmd: fc.option(words),
    Env: fc.array(
      fc
        .tuple(fc.constantFrom("PATH", "LD_LIBRARY_PATH", "LD_PRELOAD", "NODE_PATH", "DB_PASSWORD"), word)
        .map(([name, value]) => `${name}=${value}`),
    ),
    Volumes: empty,
    ExposedPorts: empty,
    Shell: words,
    Healthcheck: words.chain((rest) => fc.constantFrom("CMD", "CMD-SHELL", "NONE", "").map((kind) => ({ Test: [kind, ...rest] }))),
  },
  { requiredKeys: [] },
);

test("runAudit() gives a report of any tree and configuration", async () => {
  await fc.assert(
    fc.asyncProperty(tree, config, async (spec, told) => {
      const subject = {
        name: "x",
        platform: { os: "linux", architecture: "amd64" },
        tree: memoryTree(spec),
        layers: [],
        history: [],
      } as const;
      // JSON of a stranger: what image-spec forbids never gets here, all else does.
      const report = await runAudit(
        { ...subject, config: told satisfies ContainerConfig },
        { secrets: [{ id: "s", value: Buffer.from("glibc-ld.so") }] },
      );
      assert.equal(report.verdict, report.counts.error === 0 ? "complete" : "incomplete");
      assert.ok(JSON.stringify(auditSarif([report])).length > 0);
    }),
    { numRuns: 300 },
  );
});

test("runAudit() bounds the findings of one kind", async () => {
  const files = Object.fromEntries(Array.from({ length: 1500 }, (_, index) => [`d/${index}`, "file 666 0:0 x"]));
  const subject = {
    name: "x",
    platform: { os: "linux", architecture: "amd64" },
    config: {},
    tree: memoryTree(files),
    layers: [],
    history: [],
    isDirectory: true,
  } as const;
  const found = (await runAudit(subject)).findings.filter(({ id }) => id === "world-writable-file");
  assert.equal(found.length, 1001);
  assert.equal(found.find(({ path: place }) => place === undefined)?.message, "500 more findings of this kind");
});
