/** What is kept, what is not fetched for it, and what a hostile layer cannot do. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { fc } from "../../test/support/property.ts";
import { elfFile } from "../../test/support/elf-file.ts";
import { bytesOf } from "../bytes.ts";
import { sha256 } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { type Entry, importLayerBlob, type Layer, type LayerItem } from "../tree/index.ts";
import { file, item, tempStore } from "../tree/testdata/support.ts";
import { readCopyFacts } from "./copy-facts.ts";
import { copyFactsOf, treeFactsOf } from "./kept-facts.ts";
import { layer, program } from "../../test/support/fact-layers.ts";
import { readTreeFacts } from "./tree-facts.ts";

const signal = new AbortController().signal;
const CONFIG = { Env: ["PATH=/opt/tool/bin:/usr/bin"] };

test("treeFactsOf() and copyFactsOf() keep what they found, and open no layer again", async () => {
  await using at = await tempStore();
  const made = await layer(at, program("usr/bin/gcc"), file("app/package.json", "{}"));
  const source = { key: made.contentDigest, diffId: made.diffId, load: () => Promise.resolve(made) };
  const before = [await treeFactsOf(at.store, [source], CONFIG, signal), await copyFactsOf(at.store, source, signal)];
  assert.equal(at.store.records.ids("facts").length, 2);
  const asked = { ...source, created: "2026-01-01T00:00:00Z", load: () => Promise.reject(new Error("opened again")) };
  assert.deepEqual(await copyFactsOf(at.store, asked, signal), before[1]);
  assert.deepEqual(await treeFactsOf(at.store, [source], CONFIG, signal), before[0]);
});

test("treeFactsOf() remembers which names of a large layer are those of programs", async () => {
  await using at = await tempStore();
  const many = Array.from({ length: 2100 }, (_, number) => file(`lib/${number}`, ""));
  const made = await layer(at, ...many, program("usr/bin/gcc"), program("opt/own/npm"));
  const source = { key: made.contentDigest, diffId: made.diffId, load: () => Promise.resolve(made) };
  const toolsFor = async (path: string): Promise<readonly string[] | undefined> =>
    (await treeFactsOf(at.store, [source], { Env: [`PATH=${path}`] }, signal))?.tools.map(({ name }) => name);
  assert.deepEqual(await toolsFor("/usr/bin"), ["gcc"]);
  assert.equal(at.store.records.ids("facts-names").length, 1);
  assert.deepEqual(await toolsFor("/opt/own"), ["gcc", "npm"]);
  assert.equal(at.store.records.ids("facts-names").length, 1);
});

test("treeFactsOf() downloads nothing, and unpacks nothing", async () => {
  await using at = await tempStore();
  const elsewhere = { key: sha256("x"), diffId: sha256("x"), load: () => Promise.reject(new Error("downloaded")) };
  assert.equal(await treeFactsOf(at.store, [elsewhere], CONFIG, signal), undefined);

  await using other = await tempStore();
  const made = await layer(other, file("usr/lib/libc.so.6", elfFile({ versionDefinitions: ["GLIBC_2.36"] })), program("usr/bin/gcc"));
  assert.ok(made.diffId !== undefined);
  const tar = await other.store.blobs.read(made.diffId, 1_000_000);
  const packed = gzipSync(tar);
  const descriptor = { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: sha256(packed), size: packed.byteLength };
  const pulled = await importLayerBlob(at.store, { descriptor, diffId: made.diffId, open: () => bytesOf(packed) });
  const facts = await treeFactsOf(
    at.store,
    [{ key: made.diffId, diffId: made.diffId, load: () => Promise.resolve(pulled) }],
    CONFIG,
    signal,
  );
  assert.deepEqual(facts?.libcs, [{ kind: "glibc" }]);
  assert.deepEqual(
    facts?.tools.map(({ name }) => name),
    ["gcc"],
  );
  assert.equal(at.store.blobs.size(made.diffId), undefined);
});

const names = fc.constantFrom(
  "bin",
  "usr",
  "lib",
  "sh",
  "gcc",
  "npm",
  "libc.so.6",
  "etc",
  "os-release",
  "node_modules",
  ".package-lock.json",
  "package.json",
  "x.node",
  ".git",
);
const targets = fc.constantFrom("", "/", "..", "../..", "usr", "/bin", "sh", "nowhere", "../../../../x", ".");
const anyItem = fc
  .tuple(
    fc.array(names, { minLength: 1, maxLength: 4 }),
    fc.constantFrom("file", "dir", "symlink", "fifo", "whiteout") satisfies fc.Arbitrary<Entry["kind"]>,
    targets,
    fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc.constant(Buffer.from("\x7fELF\x02\x01\x01")),
      fc.constantFrom('{"packages":{"":{}}}', '{"devDependencies":1}', "PRETTY_NAME=").map((text) => Buffer.from(text)),
    ),
  )
  .map(([path, kind, link, content]): LayerItem => {
    const at = path.join("/");
    if (kind === "file") return file(at, content, { mode: 0o755 });
    return item(at, kind, kind === "symlink" ? { link } : {});
  });

test("readTreeFacts() and readCopyFacts() take whatever a layer holds", async () => {
  await using at = await tempStore();
  let read = 0;
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(anyItem, { maxLength: 12, selector: ({ entry }) => entry.path }), async (items) => {
      let made: Layer;
      try {
        made = await layer(at, ...items);
      } catch (error) {
        // Entries that contradict one another are no layer.
        if (isDecantError(error)) return;
        throw error;
      }
      read += 1;
      await readTreeFacts([made], {
        config: { Env: ["PATH=/usr/bin:/bin:relative:/..:/:"], WorkingDir: "usr" },
        readable: new Set([made]),
      });
      await readCopyFacts(made, signal);
    }),
    { numRuns: 150 },
  );
  assert.ok(read > 20, `only ${read} were layers`);
});
