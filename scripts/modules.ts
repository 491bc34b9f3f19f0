/** What the files of src/ import from each other and export, read by pattern: enough for code that oxfmt has formatted. */
import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";

/** Names that a file takes from another one; "*" is all of them. */
export interface Taken {
  readonly from: string;
  readonly names: readonly string[];
  /** `export … from`: the names are passed on. */
  readonly passesOn: boolean;
  /** `import type`: nothing is loaded. */
  readonly isTypes: boolean;
}

/** A file. */
export interface Module {
  readonly file: string;
  readonly text: string;
  readonly isTest: boolean;
  /** Of files in src/; paths from the root of the repository. */
  readonly taken: readonly Taken[];
  /** Packages and node: modules. */
  readonly packages: readonly string[];
  /** Names that it declares and exports. */
  readonly declares: readonly string[];
}

const IMPORT =
  /(?:^|\n)\s*(import|export)\s+(type\s+)?(?:(\*(?:\s+as\s+\w+)?|\w+)\s*,?\s*)?(?:\{([^}]*)\}\s*)?from\s+"([^"]+)"|import\(\s*"([^"]+)"\s*\)|new URL\(\s*"(\.[^"]+\.ts)"/g;
const DECLARED = /^export (?:declare )?(?:abstract )?(?:async )?(?:function\*?|const|let|class|interface|type|enum) (\w+)/gm;

/** Reads the files that match. */
export function readModules(patterns: string | string[] = "src/**/*.ts"): Module[] {
  return globSync(patterns).toSorted().map(readModule);
}

function readModule(file: string): Module {
  const text = readFileSync(file, "utf8");
  const taken: Taken[] = [];
  const packages: string[] = [];
  for (const [, keyword, types, star, names, plain, dynamic, url] of text.matchAll(IMPORT)) {
    const target = plain ?? dynamic ?? url ?? "";
    if (!target.startsWith(".")) {
      packages.push(target);
      continue;
    }
    const from = normalize(join(dirname(file), target));
    const all = star !== undefined || names === undefined;
    taken.push({ from, names: all ? ["*"] : namesOf(names), passesOn: keyword === "export", isTypes: types !== undefined });
  }
  const declares = Array.from(text.matchAll(DECLARED), ([, name = ""]) => name);
  return { file, text, isTest: isTest(file), taken, packages, declares };
}

/** Tests, what stands beside them, and everything outside of src/. */
function isTest(file: string): boolean {
  return file.endsWith(".test.ts") || file.includes("/testdata/") || !file.startsWith("src/");
}

function namesOf(list: string): string[] {
  return list
    .split(",")
    .map((name) =>
      name
        .trim()
        .replace(/^type /, "")
        .replace(/ as \w+$/, ""),
    )
    .filter((name) => name !== "");
}

/** Circles of imports, each as the files in it, the shortest way round. */
export function circles(modules: readonly Module[]): string[][] {
  const next = new Map(modules.map(({ file, taken }) => [file, [...new Set(taken.map(({ from }) => from))]]));
  const found = new Map<string, string[]>();
  for (const start of next.keys()) {
    const way = wayBack(start, next);
    if (way !== undefined) found.set(way.toSorted().join(), way);
  }
  return [...found.values()];
}

/** From a file back to itself, by the fewest imports. */
function wayBack(start: string, next: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const before = new Map<string, string>();
  const queue = [start];
  for (let at = 0; at < queue.length; at += 1) {
    const file = queue[at] ?? "";
    for (const to of next.get(file) ?? []) {
      if (to === start) {
        const way = [file];
        for (let step = file; step !== start;) way.unshift((step = before.get(step) ?? start));
        return way;
      }
      if (before.has(to)) continue;
      before.set(to, file);
      queue.push(to);
    }
  }
  return undefined;
}

/**
 * Exports that nobody needs, as "file: name": no other file of the program takes them, and they are of no use in their own file, or no test
 * takes them either. `isTaken` keeps those that somebody outside takes.
 */
export function deadExports(modules: readonly Module[], isTaken: (file: string, name: string) => boolean): string[] {
  const byProgram = usesOf(modules.filter((module) => !module.isTest));
  const byTests = usesOf(modules.filter((module) => module.isTest));
  return modules.flatMap(({ file, text, isTest: test, declares, taken }) => {
    const used = byProgram.get(file);
    if (test || used?.has("*") === true) return [];
    const passed = taken.flatMap(({ names, passesOn }) => (passesOn ? names.filter((name) => name !== "*") : []));
    const isTested = (name: string): boolean => byTests.get(file)?.has(name) === true && isUsedInside(text, name);
    return [...passed, ...declares.filter((name) => !isTested(name))]
      .filter((name) => used?.has(name) !== true && !isTaken(file, name))
      .map((name) => `${file}: ${name}`);
  });
}

/** What is taken of each file. */
function usesOf(modules: readonly Module[]): Map<string, Set<string>> {
  const uses = new Map<string, Set<string>>();
  for (const { from, names } of modules.flatMap(({ taken }) => taken)) {
    const used = uses.get(from) ?? new Set();
    for (const name of names) used.add(name);
    uses.set(from, used);
  }
  return uses;
}

function isUsedInside(text: string, name: string): boolean {
  return (text.match(new RegExp(`\\b${name}\\b`, "g")) ?? []).length > 1;
}
