/** COPY --parents through whole builds (rule S84). */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { isDecantError } from "../../src/index.ts";
import { workshop, type Workshop } from "../support/build.ts";

async function files(shop: Workshop, line: string): Promise<(name: string) => string | undefined> {
  const dest = join(shop.folder, "out");
  await shop.build(`FROM scratch\n${line}`, { outputs: [{ type: "local", dest }] });
  return (name) => (existsSync(join(dest, name)) ? readFileSync(join(dest, name), "utf8") : undefined);
}

test("S84: COPY --parents keeps the path of each source", async () => {
  using shop = workshop();
  shop.write({ "a/b/x.txt": "1", "a/y.txt": "2", "c/x.txt": "3" });
  const read = await files(shop, "COPY --parents ./a/b/x.txt c/*.txt /to/");
  assert.deepEqual(["to/a/b/x.txt", "to/a/y.txt", "to/c/x.txt"].map(read), ["1", undefined, "3"]);
});

test("S84: /./ is where the kept path begins, and ** crosses directories", async () => {
  using shop = workshop();
  shop.write({ "src/a/b/x.go": "1", "src/m.go": "2", "src/a/readme": "3" });
  const read = await files(shop, "COPY --parents src/./**/*.go /to/");
  assert.deepEqual(["to/a/b/x.go", "to/m.go", "to/a/readme"].map(read), ["1", "2", undefined]);
});

test("S84: a literal path that is missing is an error, a wildcard that matches nothing is not", async () => {
  using shop = workshop();
  shop.write({ "a/x": "1" });
  const build = (line: string): Promise<unknown> => shop.build(`FROM scratch\n${line}`);
  await assert.rejects(
    build("COPY --parents a/missing /"),
    (error) => isDecantError(error, "COPY_SOURCE_MISSING") && error.source[0]?.start.line === 2,
  );
  await assert.rejects(build("COPY --parents missing/./x /"), (error) => isDecantError(error, "COPY_SOURCE_MISSING"));
  await build("COPY --parents a/*.missing /to/");
});

test("S84: a parent that is a file where it is copied to is an error", async () => {
  using shop = workshop();
  shop.write({ "a/x": "1", f: "2" });
  const done = shop.build("FROM scratch\nCOPY f /to/a\nCOPY --parents a/x /to/");
  await assert.rejects(done, (error) => isDecantError(error, "COPY_CONFLICT") && error.source[0]?.start.line === 3);
});
