/**
 * Loads the scripts of the bundle (scripts/as-scripts.ts), and keeps what V8 has compiled of them for the next command. Node's own cache of
 * modules holds no function that is compiled when it first runs; these are most of the time that a build with nothing to do needs.
 * The file of a script's code: the CRC-32 of its source and of the code, how many commands wrote it, then the code. V8 checks its version and
 * flags, not the bytes.
 */

const WRAPPER = ["(function (exports, require, module, __filename, __dirname) {", "\n})"] as const;
const HEAD_BYTES = 12;
/** Commands do not all run the same functions: so many add theirs to the code of the first, and one a day later. */
const WRITERS = 3;
const FRESH_MS = 24 * 3_600_000;
/** Code of versions that nobody starts any more goes after this time. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** Loads scripts of one folder. */
interface ScriptLoader {
  /** What the script of this name exports, as "./process.cjs". Other names are those of packages. */
  load(name: string): unknown;
  /** Keeps the code of scripts that had none, or too little. `flags` names V8's flags from now on, as it takes no code that was made with others. Never fails. */
  keep(flags?: string): void;
}

/** Which scripts, and where their code is. */
interface ScriptLoaderOptions {
  /** The absolute path of the folder that holds the scripts. */
  readonly folder: string;
  /** Holds the code; undefined: it is not kept. */
  readonly cache: string | undefined;
  /** What the process does. Each command runs functions of its own, so it has its own code. */
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
  let state = owner;
  let fresh: { readonly script: InstanceType<typeof Script>; readonly sum: number; readonly path: string; readonly writers: number }[] = [];

  const load = (name: string): unknown => {
    if (!name.startsWith("./")) return packages(name) as unknown;
    const known = loaded.get(name);
    if (known !== undefined) return known.exports;
    const module = { exports: {} as unknown };
    loaded.set(name, module);
    const filename = folder + name.slice(1);
    // esbuild writes ASCII only.
    const text = fs.readFileSync(filename, "latin1");
    const sum = crc32(text);
    const path = `${cache}/${name.slice(2)}.${state}`;
    const kept = cache === undefined ? undefined : readCode(path, sum);
    const script = new Script(WRAPPER.join(text), {
      filename,
      columnOffset: -WRAPPER[0].length,
      ...(kept === undefined ? {} : { cachedData: kept.code }),
    });
    const writers = kept === undefined || script.cachedDataRejected === true ? 0 : kept.writers;
    if (cache !== undefined && writers < WRITERS) fresh.push({ script, sum, path, writers: writers + 1 });
    const run = script.runInThisContext() as (...values: readonly unknown[]) => void;
    run(module.exports, load, module, filename, folder);
    return module.exports;
  };

  const readCode = (path: string, sum: number): { readonly code: Buffer; readonly writers: number } | undefined => {
    try {
      const file = fs.readFileSync(path);
      const code = file.subarray(HEAD_BYTES);
      if (file.readUInt32LE(0) !== sum || file.readUInt32LE(4) !== crc32(code)) return undefined;
      const isOld = Date.now() - fs.statSync(path).mtimeMs > FRESH_MS;
      return { code, writers: isOld ? WRITERS - 1 : file.readUInt32LE(8) };
    } catch {
      return undefined;
    }
  };
  const writeCode = ({ script, sum, path, writers }: (typeof fresh)[number]): void => {
    const code = script.createCachedData();
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt32LE(sum, 0);
    head.writeUInt32LE(crc32(code), 4);
    head.writeUInt32LE(writers, 8);
    const temporary = `${path}.${process.pid}`;
    fs.writeFileSync(temporary, Buffer.concat([head, code]), { mode: 0o600 });
    fs.renameSync(temporary, path);
  };
  const keepAll = (into: string): void => {
    if (!fs.existsSync(into)) fs.mkdirSync(into, { mode: 0o700 });
    fresh.forEach(writeCode);
    for (const name of fs.readdirSync(into)) {
      const { mtimeMs } = fs.statSync(`${into}/${name}`);
      if (Date.now() - mtimeMs > KEPT_MS) fs.rmSync(`${into}/${name}`);
    }
  };

  return {
    load,
    keep(flags) {
      try {
        if (cache !== undefined && fresh.length > 0) keepAll(cache);
      } catch {
        // A command needs no cache: the disk may be full, or read-only.
      }
      fresh = [];
      if (flags !== undefined) state = `${owner}.${flags}`;
    },
  };
}
