/** What of a project a program does not need to run, by the file that its tools keep in its root (package.json, go.mod …). */
import { displayPath, joinTreePath, type TreePath } from "../paths.ts";
import type { LayerIndex } from "../tree/index.ts";
import { sizeBelow } from "./sizes.ts";
import type { CopiedPart } from "./types.ts";

/** Where a built project has what it made. */
const MADE = ["dist", "build", "out", ".next", ".output"];

/** A part of a project by its place in it. */
export interface KnownPart {
  readonly name: string;
  readonly kind: CopiedPart["kind"];
  /** Only where the project has what it made, so that this is what it was made of. */
  readonly ifMade?: boolean;
}

const TESTS: readonly KnownPart[] = ["test", "tests", "__tests__", "spec", "e2e", "coverage"].map((name) => ({ name, kind: "tests" }));
/** By the file that says what kind of project a directory is. */
export const PROJECTS: ReadonlyMap<string, readonly KnownPart[]> = new Map([
  ["package.json", [...["src", "source"].map((name): KnownPart => ({ name, kind: "sources", ifMade: true })), ...TESTS]],
  ["go.mod", [...["vendor", "cmd", "internal", "pkg"].map((name): KnownPart => ({ name, kind: "sources" })), ...TESTS]],
  [
    "Cargo.toml",
    [
      { name: "src", kind: "sources" },
      ...["target/debug", "target/release/build", "target/release/deps", "target/release/incremental", "target/release/.fingerprint"].map(
        (name): KnownPart => ({ name, kind: "intermediate files" }),
      ),
      ...TESTS,
    ],
  ],
  ["pom.xml", ["src/main/java", "src/main/kotlin", "src/test"].map((name): KnownPart => ({ name, kind: "sources" }))],
  ["build.gradle", [{ name: "src", kind: "sources" }]],
  ["build.gradle.kts", [{ name: "src", kind: "sources" }]],
  ["CMakeLists.txt", [{ name: "src", kind: "sources" }, { name: "CMakeFiles", kind: "intermediate files" }, ...TESTS]],
]);

/** The parts of the project in `root` that are there and not empty. */
export function projectParts(index: LayerIndex, root: TreePath, known: readonly KnownPart[]): CopiedPart[] {
  const isMade = MADE.some((name) => isDirectory(index, joinTreePath(root, name)));
  const seen = new Set<TreePath>();
  return known.flatMap(({ name, kind, ifMade }) => {
    const path = joinTreePath(root, name);
    if (seen.has(path) || (ifMade === true && !isMade) || !isDirectory(index, path)) return [];
    seen.add(path);
    return partOf(index, path, kind);
  });
}

/** A directory as a part; nothing for an empty one. */
export function partOf(index: LayerIndex, path: TreePath, kind: CopiedPart["kind"]): CopiedPart[] {
  const bytes = sizeBelow(index, path);
  return bytes === 0 ? [] : [{ path: displayPath(path), kind, sizeBytes: bytes, largest: [], count: 0, wholeBytes: bytes }];
}

function isDirectory(index: LayerIndex, path: TreePath): boolean {
  const position = index.find(path);
  return position >= 0 && index.kind(position) === "dir";
}
