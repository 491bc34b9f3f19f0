/**
 * A build, `inspect` and an audit say the same of the same image: its warnings, the shells and package managers of `inspect`, and the findings of the audit are
 * asked about the same layers, generated over the whole table of programs.
 */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { layer, program } from "../../test/support/fact-layers.ts";
import { PLATFORM, planOf } from "../../test/support/plan.ts";
import { runChecks } from "../dockerfile/index.ts";
import { contentsOf, copyFactsOf, type CopyFacts, type TreeFacts, treeFactsOf } from "../facts/index.ts";
import { MULTI_CALL, PROGRAM_NAMES, type ProgramKind, programName } from "../facts/program-names.ts";
import type { ContainerConfig } from "../oci/index.ts";
import { compareTreePaths, treePath } from "../paths.ts";
import { followPath, type Layer, type LayerItem, layerSource, layerTree, type Tree } from "../tree/index.ts";
import { file, item, tempStore, type TempStore } from "../tree/testdata/support.ts";
import { runAudit } from "./run-audit.ts";
import { imageSubject } from "./subject.ts";
import type { ReportedFinding } from "./report.ts";

const KINDS = ["shell", "package-manager", "compiler"] as const;
const TEXT = "FROM base\nUSER 1\nCMD run me\n";

/** What each of the three says. */
interface Answers {
  readonly tree: Tree;
  readonly facts: TreeFacts;
  readonly warnings: readonly string[];
  readonly shells: readonly string[];
  readonly packageManagers: readonly string[];
  readonly findings: readonly ReportedFinding[];
}

async function ask(at: TempStore, layers: readonly Layer[], config: ContainerConfig): Promise<Answers> {
  const { signal } = new AbortController();
  const facts = await treeFactsOf(
    at.store,
    layers.map((one) => layerSource(one)),
    config,
    signal,
  );
  assert.ok(facts !== undefined);
  const built = { target: facts, layers: layers.map(() => undefined), copies: new Map<never, CopyFacts>() };
  const { warnings } = runChecks(planOf(TEXT, { everyStage: false }), { purpose: "result", built });
  const tree = layerTree(layers);
  const { shells, packageManagers } = contentsOf({ tree, config });
  const own = layers.map((one) => ({ layer: one, createdBy: "COPY" }));
  const shellForm = { ...config, Cmd: ["/bin/sh", "-c", "run me"] };
  const report = await runAudit(imageSubject({ name: "x", platform: PLATFORM, config: shellForm, layers: own, history: [] }));
  return {
    tree,
    facts,
    warnings: warnings.map(({ code, message }) => `${code} ${message}`),
    shells,
    packageManagers,
    findings: report.findings,
  };
}

/** Every path that the audit tells as one of a kind. */
function told(findings: readonly ReportedFinding[], kind: ProgramKind): readonly string[] {
  return findings.flatMap(({ id, details }) => (id === kind ? (details?.["names"] as readonly string[]) : [])).toSorted();
}

/** Where a path leads: two names of one program are one answer. */
function real(tree: Tree, path: string): string {
  return followPath(tree, treePath(path))?.path ?? path;
}

function check({ tree, facts, warnings, shells, packageManagers, findings }: Answers): void {
  // inspect and the audit: all paths of shells, all names of package managers.
  assert.deepEqual(shells, told(findings, "shell"));
  const names = told(findings, "package-manager").map((path) => path.slice(path.lastIndexOf("/") + 1));
  assert.deepEqual(packageManagers, [...new Set(names)].toSorted());
  for (const kind of ["package-manager", "compiler"] as const) {
    // The build and the audit: every tool of the build is one of a finding, and every finding has its tool.
    const paths = told(findings, kind);
    const tools = facts.tools.filter((tool) => tool.kind === kind);
    assert.ok(tools.every(({ path }) => paths.includes(path)));
    const mine = new Set(tools.map(({ name }) => name));
    const toolOf = (path: string): string | undefined =>
      [real(tree, path), path].map((each) => programName(each.slice(each.lastIndexOf("/") + 1))).find((each) => each?.kind === kind)?.tool;
    assert.deepEqual(mine, new Set(paths.map(toolOf)));
    const code = kind === "compiler" ? "RuntimeHoldsBuildTools" : "RuntimeHoldsPackageManager";
    assert.equal(
      warnings.some((warning) => warning.startsWith(`${code} `)),
      findings.some(({ id }) => id === kind),
      `${code} and ${kind}`,
    );
  }
  const hasShell = !warnings.some((warning) => warning.startsWith("ShellFormWithoutShell "));
  assert.equal(hasShell, facts.hasShell);
  if (hasShell) assert.ok(shells.some((path) => real(tree, path) === real(tree, "/bin/sh")));
  assert.equal(
    findings.some(({ id }) => id === "shell-form-without-shell" || id === "program-not-executable"),
    !hasShell,
  );
}

/** What a layer needs to have entries for its directories. */
function withDirectories(items: readonly LayerItem[]): LayerItem[] {
  const byPath = new Map(items.map((each) => [String(each.entry.path), each]));
  for (const {
    entry: { path },
  } of items)
    for (let slash = path.indexOf("/"); slash > 0; slash = path.indexOf("/", slash + 1))
      if (!byPath.has(path.slice(0, slash))) byPath.set(path.slice(0, slash), item(path.slice(0, slash), "dir"));
  return [...byPath.values()].toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path));
}

function chunksOf<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));
}

/** A hard link to nothing, or to a link, is no layer. */
function isFileOf(items: readonly LayerItem[], path: string): boolean {
  return items.some(({ entry }) => entry.path === path && entry.kind === "file");
}

const NAMES = KINDS.flatMap((kind) =>
  PROGRAM_NAMES[kind].flatMap((line) => line.split(" ").map((name) => ({ kind, name, tool: line.split(" ")[0] ?? "" }))),
);

describe("a build, inspect and an audit agree about", () => {
  for (const kind of KINDS)
    it(`every ${kind} of the table, wherever it is`, async () => {
      await using at = await tempStore();
      for (const { name, tool } of NAMES.filter((one) => one.kind === kind)) {
        for (const place of [`usr/bin/${name}`, `opt/own/${name}`, `usr/local/lib/node_modules/x/bin/${name}`]) {
          const made = await layer(at, ...withDirectories([program(place)]));
          const answers = await ask(at, [made], { Env: ["PATH=/usr/bin:/opt/own"] });
          check(answers);
          assert.deepEqual(told(answers.findings, kind), [`/${place}`]);
          if (kind === "shell") assert.deepEqual(answers.shells, [`/${place}`]);
          else {
            assert.deepEqual(
              answers.facts.tools.map((one) => `${one.kind} ${one.name} ${one.path}`),
              [`${kind} ${tool} /${place}`],
            );
            assert.ok(answers.warnings.some((warning) => warning.includes(`holds ${tool} (/${place})`)));
          }
        }
      }
    });

  it("names that are no programs: outside of any bin, without the execute bit, of a directory, and links to nowhere", async () => {
    await using at = await tempStore();
    for (const { kind, name } of NAMES) {
      const items = [
        file(`usr/bin/${name}`, "x"),
        item(`usr/sbin/${name}`, "dir"),
        item(`bin/${name}`, "symlink", { link: "/nowhere" }),
        ...(kind === "shell" ? [] : [program(`etc/cron.daily/${name}`)]),
      ];
      const answers = await ask(at, [await layer(at, ...withDirectories(items))], {});
      check(answers);
      assert.deepEqual([answers.shells, answers.packageManagers, answers.facts.tools], [[], [], []], name);
    }
  });

  it("applets of busybox and toybox, by symbolic and by hard links", async () => {
    await using at = await tempStore();
    for (const box of MULTI_CALL)
      for (const kind of ["symlink", "hardlink"] as const) {
        // No more than an audit names of one file.
        for (const names of chunksOf(
          NAMES.filter(({ name }) => name !== box && name !== "sh"),
          18,
        )) {
          const links = ["sh", ...names.map(({ name }) => name)].map((name) =>
            item(`bin/${name}`, kind, { link: kind === "symlink" ? box : `bin/${box}`, mode: 0o755 }),
          );
          const answers = await ask(at, [await layer(at, ...withDirectories([program(`bin/${box}`), ...links]))], {});
          check(answers);
          assert.deepEqual([answers.packageManagers, answers.facts.tools], [[], []]);
          assert.ok(answers.shells.includes(`/bin/${box}`) && answers.shells.includes("/bin/sh"));
        }
      }
  });

  it("one file that is a package manager and a compiler", async () => {
    await using at = await tempStore();
    const links = ["cargo", "rustc"].map((name) => item(`usr/local/cargo/bin/${name}`, "symlink", { link: "rustup" }));
    const answers = await ask(at, [await layer(at, ...withDirectories([program("usr/local/cargo/bin/rustup"), ...links]))], {});
    check(answers);
    assert.deepEqual(
      answers.facts.tools.map(({ name, kind }) => `${kind} ${name}`),
      ["compiler rustc", "package-manager cargo"],
    );
    assert.deepEqual(told(answers.findings, "compiler"), ["/usr/local/cargo/bin/rustc"]);
  });

  it("layers over layers: links, removed files, other modes, a merged /usr, any PATH", async () => {
    const names = fc.constantFrom(
      "sh",
      "bash",
      "busybox",
      "apt",
      "pip3.13",
      "cargo",
      "npx",
      "gcc-12",
      "x86_64-linux-gnu-g++",
      "cc",
      "ld",
      "x",
    );
    const folders = fc.constantFrom("bin", "usr/bin", "opt/own", "usr/libexec/gcc/x", "app/node_modules/.bin", "busybox");
    const anyItem = fc
      .tuple(folders, names, fc.constantFrom("program", "file", "symlink", "hardlink", "whiteout"), folders, names)
      .map(([folder, name, kind, otherFolder, other]): LayerItem => {
        const path = `${folder}/${name}`;
        if (kind === "program") return program(path, path);
        if (kind === "file") return file(path, "x");
        if (kind === "symlink") return item(path, "symlink", { link: `/${otherFolder}/${other}` });
        if (kind === "hardlink") return item(path, "hardlink", { link: `${otherFolder}/${other}`, mode: 0o755 });
        return item(path, "whiteout");
      });
    const anyLayer = fc.uniqueArray(anyItem, { maxLength: 10, selector: ({ entry }) => entry.path });
    const merged = item("bin", "symlink", { link: "usr/bin" });
    const paths = fc.constantFrom(undefined, "PATH=/opt/own:/usr/bin", "PATH=own:", "PATH=/busybox");
    let asked = 0;
    await using at = await tempStore();
    await fc.assert(
      fc.asyncProperty(fc.array(anyLayer, { minLength: 1, maxLength: 3 }), fc.boolean(), paths, async (lists, isMerged, path) => {
        const layers: Layer[] = [];
        for (const items of lists) {
          // Of "bin/sh" and "usr/bin/sh", which are one in a merged /usr, a layer has one.
          const usr = new Set(
            items.map(({ entry }) => entry.path.replace(/^usr\//, "")).filter((each, index, all) => all.indexOf(each) !== index),
          );
          const once = items.filter(
            ({ entry }) => !isMerged || !entry.path.startsWith("bin/") || (layers.length > 0 && !usr.has(entry.path)),
          );
          const own = isMerged && layers.length === 0 ? [merged, ...once] : once;
          const usable = own.filter(({ entry }) => entry.kind !== "hardlink" || isFileOf(own, entry.link ?? ""));
          layers.push(await layer(at, ...(layers.length === 0 ? withDirectories(usable) : usable)));
        }
        check(await ask(at, layers, { ...(path === undefined ? {} : { Env: [path] }), WorkingDir: "/opt" }));
        asked += 1;
      }),
      { numRuns: 100 },
    );
    assert.ok(asked >= 100);
  });
});

describe("a build and an audit agree about what a copy drags along", () => {
  const modules = "app/node_modules";
  const kb = (path: string, count: number): LayerItem => file(path, "x".repeat(count * 1000));
  const json = (path: string, value: unknown): LayerItem => file(path, JSON.stringify(value));
  const manifest = (value: unknown): LayerItem => json("app/package.json", value);
  const rows: readonly { readonly name: string; readonly items: readonly LayerItem[]; readonly want: readonly string[] }[] = [
    {
      name: "packages that a lock calls dev, in one another too, and not those that are also optional",
      items: [
        manifest({ devDependencies: { express: "1" } }),
        json(`${modules}/.package-lock.json`, {
          packages: {
            "node_modules/typescript": { dev: true },
            "node_modules/typescript/node_modules/inner": { dev: true },
            "node_modules/fsevents": { devOptional: true },
            "node_modules/..": { dev: true },
            "node_modules/../../etc": { dev: true },
          },
        }),
        kb(`${modules}/typescript/tsc.js`, 60),
        kb(`${modules}/typescript/node_modules/inner/x.js`, 2),
        kb(`${modules}/fsevents/x.js`, 1),
        kb("etc/x", 5),
      ],
      want: ["development packages /app/node_modules 62000, 2"],
    },
    {
      name: "a project's own lock, and node_modules without a package.json",
      items: [json("app/package-lock.json", { packages: { "node_modules/jest": { dev: true } } }), kb(`${modules}/jest/x.js`, 4)],
      want: ["development packages /app/node_modules 4000, 1"],
    },
    {
      name: "devDependencies that nothing else needs, behind pnpm's links",
      items: [
        manifest({ dependencies: { a: "1" }, devDependencies: { b: "1", vite: "5" } }),
        json(`${modules}/a/package.json`, { dependencies: { b: "1" } }),
        kb(`${modules}/b/x.js`, 3),
        item(`${modules}/vite`, "symlink", { link: ".pnpm/vite@5.0.0/node_modules/vite" }),
        kb(`${modules}/.pnpm/vite@5.0.0/node_modules/vite/x.js`, 7),
      ],
      want: ["development packages /app/node_modules 7000, 1"],
    },
    {
      name: "repositories of git, and no other folder of that name",
      items: [file("src/.git/HEAD", "ref"), kb("src/.git/objects/x", 4), kb("lib/.git/x", 1)],
      want: ["history of git /src/.git 4003"],
    },
    {
      name: "caches of package managers and build tools",
      items: [
        kb("root/.npm/_cacache/x/y", 2),
        kb("home/a/.cache/pip/x", 3),
        kb("app/.next/cache/x", 4),
        kb(`${modules}/.cache/babel/x`, 5),
        kb("app/cache/x", 6),
      ],
      want: [
        "caches /app/.next/cache 4000",
        "caches /app/node_modules/.cache 5000",
        "caches /home/a/.cache/pip 3000",
        "caches /root/.npm 2000",
      ],
    },
  ];
  const IDS: ReadonlyMap<string, string> = new Map([
    ["dev-dependency", "development packages"],
    ["git-directory", "history of git"],
    ["package-cache", "caches"],
  ]);
  for (const { name, items, want } of rows)
    it(name, async () => {
      await using at = await tempStore();
      const made = await layer(at, ...withDirectories(items));
      const facts = await copyFactsOf(at.store, layerSource(made), new AbortController().signal);
      const parts = (facts?.parts ?? []).map(
        ({ kind, path, sizeBytes, count }) => `${kind} ${path} ${sizeBytes}${count === 0 ? "" : `, ${count}`}`,
      );
      assert.deepEqual(parts.toSorted(), want);
      const { findings } = await ask(at, [made], {});
      const told = findings.flatMap(({ id, path = "", details = {} }) => {
        const packages = details["packages"];
        const count = Array.isArray(packages) ? `, ${packages.length}` : "";
        return IDS.has(id) ? [`${IDS.get(id)} ${path} ${String(details["bytes"])}${count}`] : [];
      });
      assert.deepEqual(told.toSorted(), want);
    });
});
