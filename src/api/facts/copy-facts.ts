/**
 * What one COPY brought, from its own layer: how much, and what of it a program does not need to run. Projects are known by the files that
 * their tools keep in their root (package.json, go.mod …).
 */
import { type CopiedPart, type CopyFacts, isNewerVersion, type LibcNeed } from "../../dockerfile/index.ts";
import { baseName, joinTreePath, parentOf, type TreePath, displayPath } from "../../paths.ts";
import { type Layer, type LayerIndex, layerTree } from "../../tree/index.ts";
import { developmentPackages } from "./development-packages.ts";
import { libcNeed } from "./libc.ts";
import { sizeBelow } from "./sizes.ts";

const MAX_PROJECTS = 50;
const MAX_PARTS = 20;
/** Heads of so many files are read at most. */
const MAX_PROGRAMS = 2000;
/** Never an ELF file, whatever its mode: packages of npm have thousands that are executable. */
const TEXT = /\.(?:[cm]?[jt]sx?|json|map|md|txt|html?|css|sh|bash|py|rb|pl|php|lua|ya?ml|toml|h|c|cc|cpp|java|class|jar)$/;
const LIBRARY = /\.(?:so(?:\.[0-9.]+)?|node)$/;
/** Where a built project has what it made. */
const MADE = ["dist", "build", "out", ".next", ".output"];

interface Known {
  readonly name: string;
  readonly kind: CopiedPart["kind"];
  /** Only where the project has what it made, so that this is what it was made of. */
  readonly ifMade?: boolean;
}

const ANYWHERE: readonly Known[] = [{ name: ".git", kind: "history of git" }];
const TESTS: readonly Known[] = ["test", "tests", "__tests__", "spec", "e2e", "coverage"].map((name) => ({ name, kind: "tests" }));
const PROJECTS: ReadonlyMap<string, readonly Known[]> = new Map([
  [
    "package.json",
    [
      ...["src", "source"].map((name): Known => ({ name, kind: "sources", ifMade: true })),
      ...["node_modules/.cache", ".next/cache", ".turbo", ".parcel-cache", ".npm", ".yarn/cache"].map((name): Known => ({
        name,
        kind: "caches",
      })),
      ...TESTS,
    ],
  ],
  ["go.mod", [...["vendor", "cmd", "internal", "pkg"].map((name): Known => ({ name, kind: "sources" })), ...TESTS]],
  [
    "Cargo.toml",
    [
      { name: "src", kind: "sources" },
      ...["target/debug", "target/release/build", "target/release/deps", "target/release/incremental", "target/release/.fingerprint"].map(
        (name): Known => ({ name, kind: "intermediate files" }),
      ),
      ...TESTS,
    ],
  ],
  ["pom.xml", ["src/main/java", "src/main/kotlin", "src/test"].map((name): Known => ({ name, kind: "sources" }))],
  [
    "build.gradle",
    [
      { name: "src", kind: "sources" },
      { name: ".gradle", kind: "caches" },
    ],
  ],
  [
    "build.gradle.kts",
    [
      { name: "src", kind: "sources" },
      { name: ".gradle", kind: "caches" },
    ],
  ],
  ["CMakeLists.txt", [{ name: "src", kind: "sources" }, { name: "CMakeFiles", kind: "intermediate files" }, ...TESTS]],
]);

/** Measures the layer of a COPY. */
export async function readCopyFacts(layer: Layer, signal: AbortSignal): Promise<CopyFacts> {
  const { index } = layer;
  let sizeBytes = 0;
  let files = 0;
  const projects = new Map<TreePath, Known[]>();
  const programs: number[] = [];
  for (let position = 0; position < index.count; position += 1) {
    const kind = index.kind(position);
    const path = index.path(position);
    const name = baseName(path);
    const known = kind === "file" ? PROJECTS.get(name) : kind === "dir" && name === ".git" ? ANYWHERE : undefined;
    if (known !== undefined && projects.size < MAX_PROJECTS && !`/${path}`.includes("/node_modules/")) {
      const root = parentOf(path);
      projects.set(root, [...(projects.get(root) ?? []), ...known]);
    }
    if (kind !== "file") continue;
    const { size, mode } = index.at(position);
    sizeBytes += size;
    files += 1;
    const mayRun = (mode & 0o111) !== 0 ? !TEXT.test(name) : LIBRARY.test(name);
    if (mayRun && size > 0 && programs.length < MAX_PROGRAMS) programs.push(position);
  }
  const parts: CopiedPart[] = [];
  for (const [root, known] of projects) parts.push(...knownParts(index, root, known), ...(await developmentPackages(layer, root)));
  signal.throwIfAborted();
  return {
    sizeBytes,
    files,
    parts: parts.toSorted((a, b) => b.sizeBytes - a.sizeBytes || (a.path < b.path ? -1 : 1)).slice(0, MAX_PARTS),
    needs: await libcNeeds(layer, programs, signal),
  };
}

function knownParts(index: LayerIndex, root: TreePath, known: readonly Known[]): CopiedPart[] {
  const isMade = MADE.some((name) => isDirectory(index, joinTreePath(root, name)));
  const seen = new Set<TreePath>();
  return known.flatMap(({ name, kind, ifMade }) => {
    const path = joinTreePath(root, name);
    if (seen.has(path) || (ifMade === true && !isMade) || !isDirectory(index, path)) return [];
    seen.add(path);
    const bytes = sizeBelow(index, path);
    return bytes === 0 ? [] : [{ path: displayPath(path), kind, sizeBytes: bytes, largest: [], count: 0, wholeBytes: bytes }];
  });
}

function isDirectory(index: LayerIndex, path: TreePath): boolean {
  const position = index.find(path);
  return position >= 0 && index.kind(position) === "dir";
}

/** Of the files that need the same library in the same way, the most demanding. */
async function libcNeeds(layer: Layer, positions: readonly number[], signal: AbortSignal): Promise<readonly LibcNeed[]> {
  const found = new Map<string, LibcNeed>();
  const tree = layerTree([layer]);
  for (const position of positions) {
    signal.throwIfAborted();
    const entry = layer.index.at(position);
    const need = await libcNeed(tree, entry);
    // Packages bring a file for each C library, and say so in its name.
    if (need === undefined || (need.loader === undefined && /musl|glibc|gnu/.test(entry.path))) continue;
    const key = JSON.stringify([need.kind, need.loader, need.architecture]);
    const before = found.get(key);
    if (before === undefined || (need.version !== undefined && isNewerVersion(need.version, before.version ?? "0"))) found.set(key, need);
  }
  return [...found.values()];
}
