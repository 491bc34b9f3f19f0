/** What a program could not load, and which of it the program dies of. */
import { given } from "../../../given.ts";
import { type Missed, objectOf, ScriptThrow } from "./values.ts";

/** Collects while a program runs. */
export interface LoadFailures {
  /** The error that Node.js throws for something that cannot be loaded; `path`: the file that is there. */
  miss(specifier: string, from: string, why: Missed["why"], path?: string): ScriptThrow;
  /** The program asked for this path, and heard that nothing is there. */
  absent(path: string): void;
  /** A package asks a program over the network instead of what it missed so far. */
  doubt(from: string): void;
  readonly doubtful: readonly Missed[];
  /** What the program dies of when this is thrown to its end. An error of the program's own counts when its package missed something just before. */
  fatal(error: ScriptThrow): readonly Missed[];
}

const MAX_TOLD = 12;
/** What only a native add-on is called: the add-on itself, or the package of a platform. */
const ADDON_PATH = /\.node$|\/node_modules\/(?:@[^/]+\/)?[^/]*(?:linux|darwin|win32)[^/]*$/;
/** Packages that choose among prebuilt add-ons for others. */
const FINDER = /\/node-gyp-build(?:-optional-packages)?$/;

/** Makes a collection for the program that begins with `main`. `arch`: Node's word. */
export function createLoadFailures({ main, arch }: { readonly main: string; readonly arch: string }): LoadFailures {
  const missed: Missed[] = [];
  const doubtful: Missed[] = [];
  const absent: string[] = [];
  const lastIn = (folder: string): readonly Missed[] => missed.filter((one) => packageOf(one.from) === folder).slice(-MAX_TOLD);
  return {
    doubtful,
    miss(specifier, from, why, path) {
      const one: Missed = { specifier, from, why, ...given({ path }) };
      missed.push(one);
      const code = why === "missing" ? "MODULE_NOT_FOUND" : "ERR_DLOPEN_FAILED";
      return new ScriptThrow(objectOf({ code }, { isOpen: true }), { missed: one });
    },
    absent(path) {
      if (ADDON_PATH.test(path)) absent.push(path);
    },
    doubt(from) {
      doubtful.push(...lastIn(packageOf(from)));
    },
    fatal({ missed: own, from }) {
      if (own !== undefined) return [own];
      // It looks through directories, and throws when nothing in them fits.
      if (from !== undefined && FINDER.test(packageOf(from)))
        return [{ specifier: `./prebuilds/linux-${arch}`, from: main, why: "missing" }, ...missed.slice(-1)];
      if (from === undefined) return [];
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
