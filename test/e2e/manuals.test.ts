/** The manual pages, judged by the two programs that show manual pages. */
import assert from "node:assert/strict";
import { mkdtempDisposable, readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { COMMANDS } from "../../src/cli/commands.ts";
import { runProcess } from "../../src/sys/index.ts";
import { manualPages } from "../../scripts/manual-pages.ts";

const EPOCH = "1700000000";

describe("manual pages", async () => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-manuals-"));
  const env = { ...process.env, SOURCE_DATE_EPOCH: EPOCH, MANWIDTH: "80", LANG: "C.UTF-8" };
  const made = await runProcess({ argv: [process.execPath, "scripts/make-manuals.ts", folder.path], env });
  assert.equal(made.exitCode, 0, made.stderr.toString());
  const files = await readdir(folder.path);
  const shown = new Map<string, string>();
  const complaints: string[] = [];
  for (const file of files) {
    const path = join(folder.path, file);
    const lint = await runProcess({ argv: ["mandoc", "-T", "lint", "-W", "style", path], env });
    complaints.push(...lint.stdout.toString().split("\n"));
    const man = await runProcess({ argv: ["man", "--warnings", "-l", path], env });
    complaints.push(...man.stderr.toString().split("\n"));
    shown.set(file, man.stdout.toString());
  }

  it("U11: are correct mdoc for mandoc and groff", () => {
    // The pages name each other, and are not installed.
    assert.deepEqual(
      complaints.filter((line) => line !== "" && !/referenced manual not found: Xr decant\b/.test(line)),
      [],
    );
  });

  it("U11: have a page for each command, with its date", async () => {
    const pages = ["decant", ...Object.keys(COMMANDS).map((name) => `decant-${name.replace(" ", "-")}`)];
    assert.deepEqual(files.toSorted(), pages.map((name) => `${name}.1`).toSorted());
    assert.deepEqual([...(await manualPages(new Date(Number(EPOCH) * 1000))).keys()].toSorted(), files.toSorted());
    // npm links what the list of the package names.
    const { man }: { readonly man?: readonly string[] } = JSON.parse(await readFile("package.json", "utf8"));
    assert.deepEqual(
      man,
      files.toSorted().map((file) => `./dist/man/${file}`),
    );
    for (const text of shown.values()) assert.match(text, /November 14, 2023/);
  });

  it("U11: show every option and example of the table", async () => {
    for (const [name, { load }] of Object.entries(COMMANDS)) {
      const { spec } = (await load()).command;
      const page = shown.get(`decant-${name.replace(" ", "-")}.1`) ?? "";
      for (const option of Object.keys(spec.options)) assert.match(page, new RegExp(`^ +(?:-\\w, )?--${option}\\b`, "m"), name);
      const examples = /^Examples:\n([\s\S]*)/m.exec(spec.notes ?? "")?.[1] ?? "";
      for (const line of examples.split("\n")) assert.ok(page.includes(line.trim()), `${name}: ${line}`);
      assert.ok(shown.get("decant.1")?.includes(`decant-${name.replace(" ", "-")}(1)`), name);
    }
  });
});
