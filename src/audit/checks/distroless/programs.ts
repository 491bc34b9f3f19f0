/** Programs that an image which only runs has no use for, each file once with all its names. */
import { findPrograms, type FoundProgram, type ProgramKind } from "../../../facts/index.ts";
import { baseName, displayPath, type TreePath } from "../../../paths.ts";
import type { AuditCheck, Finding } from "../../types.ts";
import { DISTROLESS } from "./findings.ts";

const MAX_NAMES = 20;
const WORDS: Readonly<Record<ProgramKind, { readonly what: string; readonly remedy: string }>> = {
  shell: { what: "Shell", remedy: "Copy what runs into a base without a shell, e.g. gcr.io/distroless/base-debian13" },
  "package-manager": { what: "Package manager", remedy: "Install packages in a build stage, and copy the result into a base without one" },
  compiler: { what: "Compiler or build tool", remedy: "Build in a stage of its own, and copy only the result" },
};

/** The check. */
export const programsCheck: AuditCheck = {
  group: "distroless",
  async run({ tree, config }, { files }) {
    // One file may be of two kinds: rustup is cargo and rustc.
    const found = Map.groupBy(findPrograms(files.entries, { tree, config }), ({ kind, file }) => `${kind} ${file.path}`);
    return [...found.values()].flatMap(toldOf);
  },
};

function toldOf(programs: readonly FoundProgram[]): Finding[] {
  const [first] = programs;
  if (first === undefined) return [];
  const { kind, file } = first;
  const { what, remedy } = WORDS[kind];
  const names = programs.map((one) => one.path);
  const others = names.filter((name) => name !== file.path);
  return [
    DISTROLESS.found(kind, {
      path: displayPath(file.path),
      message: `${what} "${baseName(names.includes(file.path) ? file.path : first.path)}" is in the image${also(others)}`,
      remedy,
      details: { names: names.slice(0, MAX_NAMES).map(displayPath) },
    }),
  ];
}

function also(names: readonly TreePath[]): string {
  return names.length === 0 ? "" : `, also as ${names.slice(0, 3).map(displayPath).join(", ")}${names.length > 3 ? " …" : ""}`;
}
