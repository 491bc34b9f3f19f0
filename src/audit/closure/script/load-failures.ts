/** What a program could not load, and which of it the program dies of. */
import { type Missed, objectOf, ScriptThrow, UNKNOWN } from "./values.ts";

/** Collects while a program runs. */
export interface LoadFailures {
  /** The error that Node.js throws for something that cannot be loaded; `how`: it was looked for so, and neither it nor its package is there. */
  miss(missed: Missed, how?: "import" | "require"): ScriptThrow;
  /** The program asked for this path, and heard that nothing is there. */
  absent(path: string): void;
  /** A package asks a program over the network instead of what it missed so far. */
  doubt(from: string): void;
  readonly doubtful: readonly Missed[];
  /** All that could not be loaded, whatever came of it. */
  readonly missed: readonly Missed[];
  /** A promise failed, and nobody takes its error. */
  unhandled(error: ScriptThrow): void;
  /** The first of these. */
  firstUnhandled(): ScriptThrow | undefined;
  /** What the program dies of when this is thrown to its end. An error of the program's own counts when its package missed something just before. */
  fatal(error: ScriptThrow): readonly Missed[];
}

const MAX_TOLD = 12;
/** What only a native add-on is called: the add-on itself, or the package of a platform. */
const ADDON_PATH = /\.node$|\/node_modules\/(?:@[^/]+\/)?[^/]*(?:linux|darwin|win32)[^/]*$/;
/** Packages that choose among prebuilt add-ons for others. */
const FINDER = /\/node-gyp-build(?:-optional-packages)?$/;

/** What Node.js says of a module that is not there. */
const CODES = { import: "ERR_MODULE_NOT_FOUND", require: "MODULE_NOT_FOUND" } as const;

/** Makes a collection for the program that begins with `main`. `arch`: Node's word. */
export function createLoadFailures({ main, arch }: { readonly main: string; readonly arch: string }): LoadFailures {
  const missed: Missed[] = [];
  const doubtful: Missed[] = [];
  const absent: string[] = [];
  let unhandled: ScriptThrow | undefined;
  const lastIn = (folder: string): readonly Missed[] => missed.filter((one) => packageOf(one.from) === folder).slice(-MAX_TOLD);
  return {
    doubtful,
    missed,
    unhandled(error) {
      unhandled ??= error;
    },
    firstUnhandled: () => unhandled,
    miss(one, how) {
      missed.push(one);
      const code = how === undefined ? UNKNOWN : CODES[how];
      return new ScriptThrow(objectOf({ code }, { isOpen: true }), { missed: one });
    },
    absent(path) {
      if (ADDON_PATH.test(path)) absent.push(path);
    },
    doubt(from) {
      doubtful.push(...lastIn(packageOf(from)));
    },
    fatal({ missed: own, cause, from }) {
      if (own !== undefined) return [own];
      // What a program of one's own throws, it may throw for anything else.
      if (from === undefined || packageOf(from) === "") return cause === undefined ? [] : [cause];
      // It looks through directories, and throws when nothing in them fits.
      if (FINDER.test(packageOf(from)))
        return [{ specifier: `./prebuilds/linux-${arch}`, from: main, why: "missing" }, ...missed.slice(-1)];
      const last = missed.at(-1);
      if (last !== undefined && packageOf(last.from) === packageOf(from)) return lastIn(packageOf(from));
      // Some look for files before they load one.
      return absent.slice(-MAX_TOLD).map((path) => ({ specifier: specifierOf(path), from, why: "missing" }));
    },
  };
}

/** The package that would be at a path, else the path. */
function specifierOf(path: string): string {
  return /\/node_modules\/((?:@[^/]+\/)?[^/]+)$/.exec(path)?.[1] ?? path;
}

function packageOf(path: string): string {
  return /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? "";
}
