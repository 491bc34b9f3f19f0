/**
 * How esbuild gets our sources. It makes a chunk for each set of entries that reach a file, and every file that a process loads costs as much as
 * 20 kB of code. So it must neither see more than a file needs, nor make many chunks of what starts together.
 */
import { globSync, readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";
import type { Plugin } from "esbuild";

const IMPORT = /^import \{([^}]*)\} from "([^"]+\/index\.ts)";$/gm;
const EXPORT = /^export \{([^}]*)\} from "([^"]+)";$/gm;
const LATE_IMPORT = /\bimport\("(\.[^"]+\.ts)"\)/g;

const REQUIRE = /\brequire\("([a-z_/:]+)"\)/g;

/** Where a name is defined, and what it is called there. */
interface Origin {
  readonly path: string;
  readonly name: string;
}

/** Which files are one chunk. */
interface SourcesOptions {
  /** The folder that holds src. */
  readonly root: string;
  /** What starts most often: all that it imports is loaded at its start, and becomes one chunk. */
  readonly core: string;
  /** Globs of what must start without the core, though it is loaded on use. */
  readonly light: readonly string[];
}

/**
 * Gives esbuild our sources. Imports from a face (an index.ts, which only passes on what its room has) become imports from the files themselves.
 * Whatever is loaded on use imports the core as well: it is there by then, and so it stays one chunk.
 */
export function ourSources({ root, core, light }: SourcesOptions): Plugin {
  const onUse = lateFiles(root);
  const alone = new Set([core, ...globSync([...light], { cwd: root })].map((path) => join(root, path)));
  const faces = new Map<string, ReadonlyMap<string, Origin>>();

  const originsOf = (face: string): ReadonlyMap<string, Origin> => {
    const known = faces.get(face);
    if (known !== undefined) return known;
    const origins = new Map<string, Origin>();
    for (const [, names = "", from = ""] of readFileSync(face, "utf8").matchAll(EXPORT))
      for (const { name, as } of valuesIn(names)) origins.set(as, originOf({ path: join(dirname(face), from), name }));
    faces.set(face, origins);
    return origins;
  };
  /** Of `export *` the face itself is asked. */
  const originOf = (asked: Origin): Origin => (asked.path.endsWith("/index.ts") ? (originsOf(asked.path).get(asked.name) ?? asked) : asked);
  const direct = (file: string, names: string, face: string): string => {
    const imports = valuesIn(names).map(({ name, as }) => {
      const origin = originOf({ path: join(dirname(file), face), name });
      return `import { ${origin.name} as ${as} } from "${pathFrom(file, origin.path)}";`;
    });
    return imports.join(" ");
  };

  return {
    name: "our sources",
    setup(build) {
      build.onLoad({ filter: /\/src\/.*\.ts$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8").replaceAll(IMPORT, (_all, names: string, face: string) => direct(path, names, face));
        const first = onUse.has(path) && !alone.has(path) ? `import "${pathFrom(path, join(root, core))}";\n` : "";
        return { contents: first + text, loader: "ts" };
      });
      // CommonJS in a bundle of ES modules has no require for what Node brings.
      build.onLoad({ filter: /\/node_modules\/@sigstore\/.*\.js$/ }, ({ path }) => {
        const text = readFileSync(path, "utf8").replaceAll(REQUIRE, (call, name: string) =>
          isBuiltin(name) ? `process.getBuiltinModule("${name}")` : call,
        );
        return { contents: text, loader: "js" };
      });
    },
  };
}

/** Files that some file imports when it needs them. */
function lateFiles(root: string): ReadonlySet<string> {
  const found = new Set<string>();
  for (const file of globSync("src/**/*.ts", { cwd: root, exclude: ["**/*.test.ts", "**/testdata/**"] })) {
    const path = join(root, file);
    for (const [, to = ""] of readFileSync(path, "utf8").matchAll(LATE_IMPORT)) found.add(join(dirname(path), to));
  }
  return found;
}

function pathFrom(file: string, to: string): string {
  const path = relative(dirname(file), to);
  return path.startsWith(".") ? path : `./${path}`;
}

/** The values of an import or export; types are nothing at run time. */
function valuesIn(list: string): { readonly name: string; readonly as: string }[] {
  const items = list.split(",").map((item) => item.trim());
  return items
    .filter((item) => item !== "" && !item.startsWith("type "))
    .map((item) => {
      const [name = "", as = name] = item.split(" as ");
      return { name, as };
    });
}
