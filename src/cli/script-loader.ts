/**
 * Loads the scripts of the bundle (scripts/as-scripts.ts), with the code that V8 compiled of them in the last runs of the same command (code-cache.ts).
 * Node's own cache of modules holds no function that is compiled when it first runs; these are most of the time that a build with nothing to do needs.
 */
import { type KeptCode, readCodes, writeCodes } from "./code-cache.ts";

const WRAPPER = ["(function (exports, require, module, __filename, __dirname) {", "\n})"] as const;
/** Runs of a command do not all call the same functions: so many add theirs to the code of the first, and one a day later. */
const WRITERS = 3;
const FRESH_MS = 24 * 3_600_000;

/** Loads scripts of one folder. */
interface ScriptLoader {
  /** What the script of this name exports, as "./process.cjs". Other names are those of packages. */
  load(name: string): unknown;
  /** Writes the code of all scripts so far, if the cache has too little of it. From then on no code is read or written. Never fails. */
  keep(): void;
}

/** Which scripts, and where their code is. */
interface ScriptLoaderOptions {
  /** The absolute path of the folder that holds the scripts. */
  readonly folder: string;
  /** The folder that holds code of all commands; undefined: none is kept. */
  readonly cache: string | undefined;
  /** What the process does. Each command calls functions of its own, so it has its own code. */
  readonly command: string;
}

/** Loads scripts of one folder. */
export function createScriptLoader({ folder, cache, command }: ScriptLoaderOptions): ScriptLoader {
  const fs = process.getBuiltinModule("node:fs");
  const { Script } = process.getBuiltinModule("node:vm");
  const { createRequire } = process.getBuiltinModule("node:module");
  const { crc32 } = process.getBuiltinModule("node:zlib");
  const packages = createRequire(`${folder}/`);
  const loaded = new Map<string, { exports: unknown }>();
  const owner = /^[a-z-]{1,20}$/.test(command) ? command : "other";
  const file = `${owner}-${process.version}-${process.arch}-${crc32(folder).toString(16)}`;
  const kept = cache === undefined ? undefined : readCodes(cache, file);
  const codes = new Map(kept?.codes.map((code) => [code.name, code]));
  const scripts: { readonly script: InstanceType<typeof Script>; readonly name: string; readonly source: number }[] = [];
  let isKept = cache === undefined;
  let writers = kept?.writers ?? 0;

  const pathOf = (name: string): string => folder + name.slice(1);
  const compile = (name: string): InstanceType<typeof Script> => {
    const bytes = fs.readFileSync(pathOf(name));
    const text = WRAPPER.join(bytes.toString());
    const place = { filename: pathOf(name), columnOffset: -WRAPPER[0].length };
    if (isKept) return new Script(text, place);
    const source = crc32(bytes);
    const known = codes.get(name);
    const isSame = known?.source === source;
    const script = new Script(text, isSame ? { ...place, cachedData: known.code } : place);
    if (!isSame || script.cachedDataRejected === true) writers = 0;
    scripts.push({ script, name, source });
    return script;
  };
  const load = (name: string): unknown => {
    if (!name.startsWith("./")) return packages(name) as unknown;
    const known = loaded.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} as unknown };
    loaded.set(name, module);
    const run = compile(name).runInThisContext() as (...values: readonly unknown[]) => void;
    run(module.exports, load, module, pathOf(name), folder);
    return module.exports;
  };

  return {
    load,
    keep() {
      const isOld = kept !== undefined && kept.ageMs > FRESH_MS;
      if (!isKept && cache !== undefined && (writers < WRITERS || isOld)) {
        const now = scripts.map(({ script, name, source }): KeptCode => ({ name, source, code: script.createCachedData() }));
        // Scripts of other runs of this command.
        for (const { name } of now) codes.delete(name);
        const others = [...codes.values()].filter(({ name }) => fs.existsSync(pathOf(name)));
        writeCodes(cache, file, [...now, ...others], writers + 1);
      }
      isKept = true;
    },
  };
}
