/** Our verdicts against those of real loaders when they list what they load (as ldd does), over generated trees of libraries. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtempDisposable, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { fc } from "../../../test/support/property.ts";
import { auditSubject, unwalkedFiles } from "../../../test/support/audit-subject.ts";
import { elfFile, type ElfSpec } from "../../../test/support/elf-file.ts";
import { type ElfMachine, elfMachineOf } from "../../elf/index.ts";
import { fileAt } from "../../facts/index.ts";
import { given } from "../../given.ts";
import { hostPlatform } from "../../oci/index.ts";
import { fromText } from "../../paths.ts";
import { hostTree } from "../../tree/index.ts";
import { closeOver, type ClosureRoot } from "./close.ts";
import { elfFiles } from "./elf-files.ts";
import { librarySearch } from "./loader.ts";

const run = promisify(execFile);
const platform = hostPlatform({ arch: process.arch });
const machine = machineOf();
const host = { machine: machine.machine, class: machine.class, endian: machine.endian };
/** A machine of the other word size, and one of the same. */
const FOREIGN = [
  { machine: 40, class: 32, endian: "little" },
  { machine: 243, class: 64, endian: "little" },
] as const;

function machineOf(): ElfMachine {
  const found = elfMachineOf(platform);
  assert.ok(found !== undefined, "this machine has an architecture that we know");
  return found;
}

/** A library file: where, what, and whether it is what it should be. */
interface Placed {
  readonly folder: string;
  readonly name: string;
  readonly kind: "library" | "foreign32" | "foreign64" | "link";
  readonly needed: readonly string[];
  readonly rpath: string | undefined;
  readonly runpath: string | undefined;
  readonly versions: readonly string[];
  readonly wants: readonly string[];
  readonly noDefaultLibraries: boolean;
}

interface World {
  readonly program: Placed;
  readonly libraries: readonly Placed[];
  readonly libraryPath: string | undefined;
}

const FOLDERS = ["app/bin", "app/lib", "opt/a", "opt/b"] as const;
const NAMES = ["libone.so.1", "libtwo.so.2", "libthree.so"] as const;
const PATHS = ["$ORIGIN", "$ORIGIN/../lib", "${ORIGIN}/../../opt/a", "/ROOT/opt/b:/ROOT/opt/a", "$ORIGINAL/x:opt/b", "$LIB", ":"] as const;
const VERSIONS = ["V_1", "V_2"] as const;

const maybe = <Value>(values: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(values, { nil: undefined });
const placed = (kinds: fc.Arbitrary<Placed["kind"]>, folders: readonly string[], names: readonly string[]): fc.Arbitrary<Placed> =>
  fc.record({
    folder: fc.constantFrom(...folders),
    name: fc.constantFrom(...names),
    kind: kinds,
    needed: fc.uniqueArray(fc.constantFrom<string>(...NAMES, "libc.so.6"), { maxLength: 3 }),
    rpath: maybe(fc.constantFrom(...PATHS)),
    runpath: maybe(fc.constantFrom(...PATHS)),
    versions: fc.subarray([...VERSIONS]),
    wants: fc.subarray([...VERSIONS], { maxLength: 1 }),
    noDefaultLibraries: fc.boolean(),
  });
const worlds = (kinds: readonly Placed["kind"][]): fc.Arbitrary<World> =>
  fc.record({
    program: placed(fc.constant("library"), ["app/bin"], ["program"]),
    libraries: fc.array(
      placed(
        fc.oneof({ weight: 6, arbitrary: fc.constant("library" as const) }, { weight: 1, arbitrary: fc.constantFrom(...kinds) }),
        FOLDERS,
        NAMES,
      ),
      { maxLength: 9 },
    ),
    libraryPath: maybe(fc.constantFrom("/ROOT/opt/a", "/ROOT/opt/b;/ROOT/app/lib", "opt/a:", "$ORIGIN/../lib")),
  });

/** What both say: each name with the file that it leads to or "not found", and the versions that are missing. */
type Verdict = readonly string[];

/** A loader that lists what it would load. */
interface Oracle {
  readonly name: string;
  readonly path: string;
  /** What it takes libraries for: musl's loader looks at no machine and fails later. */
  readonly kinds: readonly Placed["kind"][];
  ask(program: string, root: string, libraryPath: string | undefined): Promise<Verdict>;
}

async function listing(
  loader: string,
  args: readonly string[],
  root: string,
  env: NodeJS.ProcessEnv,
): Promise<{ stdout: string; stderr: string }> {
  return await run(loader, args, { env: { LC_ALL: "C", ...env }, cwd: root }).catch((error: unknown) => {
    assert.ok(error instanceof Error && "stdout" in error && "stderr" in error, String(error));
    return { stdout: String(error.stdout), stderr: String(error.stderr) };
  });
}

const environmentOf = (libraryPath: string | undefined): NodeJS.ProcessEnv => given({ LD_LIBRARY_PATH: libraryPath });

function foundIn(stdout: string, root: string): readonly string[] {
  return [...stdout.matchAll(/^\t(\S+) => (.+?)(?: \(0x[0-9a-f]+\))?$/gm)].map(([, name = "", path = ""]) =>
    path === "not found" ? `${name} not found` : `${name} ${normal(path, root)}`,
  );
}

/** Sorted, each line once (what is missing for several objects is listed for each), without the loaders themselves. */
function sorted(lines: readonly string[]): Verdict {
  return [...new Set(lines.filter((line) => !/ld-linux|ld-musl|^libc\.so/.test(line)))].toSorted();
}

const glibcOracle: Oracle = {
  name: "glibc's",
  path: machine.glibcLoader,
  kinds: ["foreign32", "foreign64", "link"],
  async ask(program, root, libraryPath) {
    const { stdout, stderr } = await listing(this.path, [program], root, { LD_TRACE_LOADED_OBJECTS: "1", ...environmentOf(libraryPath) });
    const versions = [...stderr.matchAll(/: version `([^']+)' not found \(required by ([^)]+)\)/g)].map(
      ([, version = "", by = ""]) => `${version} wanted by ${normal(by, root)}`,
    );
    // Where a library is missing, listing takes an empty one for it, and versions come to other verdicts than starting.
    return sorted([...foundIn(stdout, root), ...(stdout.includes("=> not found") ? [] : versions)]);
  },
};

const muslOracle: Oracle = {
  name: "musl's",
  path: `/lib/ld-musl-${machine.musl}.so.1`,
  kinds: ["link"],
  async ask(program, root, libraryPath) {
    const { stdout, stderr } = await listing(this.path, ["--list", program], root, environmentOf(libraryPath));
    const missing = [...stderr.matchAll(/^Error loading shared library ([^:]+): /gm)].map(([, name = ""]) => `${name} not found`);
    return sorted([...foundIn(stdout, root), ...missing]);
  },
};

function normal(path: string, root: string): string {
  return path.startsWith("/") ? join(path) : join(root, path);
}

async function verdict(program: string, loaderPath: string, root: string, libraryPath: string | undefined): Promise<Verdict> {
  const tree = hostTree("/");
  const files = unwalkedFiles(tree);
  const Env = libraryPath === undefined ? [] : [`LD_LIBRARY_PATH=${libraryPath}`];
  const subject = auditSubject(tree, { WorkingDir: root, Env }, platform);
  const loader = await rootAt(loaderPath);
  const search = await librarySearch(subject, files, machine, loader);
  const { objects, missing, versions } = await closeOver(await rootAt(fromText(program)), search, { loader });
  return sorted([
    ...objects.slice(1).map(({ path, elf }) => `${elf.soname ?? path.slice(path.lastIndexOf("/") + 1)} ${normal(path, root)}`),
    ...missing.map(({ name }) => `${name} not found`),
    ...(missing.length > 0 ? [] : versions).map(({ version, neededBy }) => `${version} wanted by ${normal(neededBy.path, root)}`),
  ]);

  async function rootAt(path: string): Promise<ClosureRoot> {
    const entry = fileAt(files, path);
    assert.ok(entry !== undefined, path);
    const head = await elfFiles(files).head(entry);
    assert.ok(head.kind === "elf", path);
    return { path, entry, elf: head.elf };
  }
}

async function build(world: World, root: string, loader: string): Promise<string> {
  const place = (text: string | undefined): string | undefined => text?.replaceAll("/ROOT", root);
  for (const folder of FOLDERS) await mkdir(join(root, folder), { recursive: true });
  const write = async (one: Placed, extra: ElfSpec): Promise<string> => {
    const path = join(root, one.folder, one.name);
    if (one.kind === "link") {
      await symlink(join("../../opt/b", one.name), path);
      return path;
    }
    const rpath = place(one.rpath);
    const runpath = place(one.runpath);
    const target = one.kind === "foreign32" ? FOREIGN[0] : one.kind === "foreign64" ? FOREIGN[1] : host;
    const needs = one.needed.filter((name) => name !== "libc.so.6");
    const bytes = elfFile({
      ...target,
      needed: one.needed,
      ...given({ rpath, runpath }),
      noDefaultLibraries: one.noDefaultLibraries && !one.needed.includes("libc.so.6"),
      versionDefinitions: one.versions,
      versionNeeds: needs
        .slice(0, one.wants.length)
        .map((library) => ({ library, versions: one.wants.map((name) => ({ name, weak: false })) })),
      ...extra,
    });
    await writeFile(path, bytes, { flag: "wx" });
    await chmod(path, 0o755);
    return path;
  };
  const taken = new Set<string>();
  for (const library of world.libraries) {
    const key = `${library.folder}/${library.name}`;
    // A link to itself is no library, and the loader says something else for it.
    if (taken.has(key) || (library.kind === "link" && library.folder === "opt/b")) continue;
    taken.add(key);
    await write(library, { soname: library.name });
  }
  return await write(world.program, { interpreter: loader, isPie: true });
}

describe("the closure of a program", () => {
  for (const oracle of [glibcOracle, muslOracle]) {
    it(`is what ${oracle.name} own loader says, over generated trees`, async () => {
      await using folder = await mkdtempDisposable(join(tmpdir(), "decant-closure-"));
      let number = 0;
      await fc.assert(
        fc.asyncProperty(worlds(oracle.kinds), async (world) => {
          number += 1;
          const root = join(folder.path, String(number));
          const program = await build(world, root, oracle.path);
          const libraryPath = world.libraryPath?.replaceAll("/ROOT", root);
          assert.deepEqual(await verdict(program, oracle.path, root, libraryPath), await oracle.ask(program, root, libraryPath));
        }),
        { numRuns: 100 },
      );
    });
  }

  it("is what this machine's own loader says of the Node that runs this test", async () => {
    const root = dirname(process.execPath);
    const { path } = glibcOracle;
    assert.deepEqual(await verdict(process.execPath, path, root, undefined), await glibcOracle.ask(process.execPath, root, undefined));
  });
});
