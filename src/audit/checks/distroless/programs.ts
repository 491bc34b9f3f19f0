/** Programs that an image which only runs has no use for, each file once with all its names. */
import { baseName, displayPath, type TreePath } from "../../../paths.ts";
import { isProgram, type ProgramKind, programKind } from "../../programs.ts";
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
  async run(_subject, { files }) {
    const found = new Map<TreePath, { readonly kind: ProgramKind; readonly names: TreePath[] }>();
    for (const entry of files.entries) {
      if (entry.kind !== "file" && entry.kind !== "symlink") continue;
      const kind = programKind(entry.path);
      if (kind === undefined) continue;
      const program = entry.kind === "file" ? entry : files.resolve(entry.path);
      if (!isProgram(program)) continue;
      const known = found.get(program.path);
      if (known === undefined) found.set(program.path, { kind, names: [entry.path] });
      else known.names.push(entry.path);
    }
    return [...found].map(([path, { kind, names }]) => toldOf(path, kind, names));
  },
};

function toldOf(path: TreePath, kind: ProgramKind, names: readonly TreePath[]): Finding {
  const { what, remedy } = WORDS[kind];
  const others = names.filter((name) => name !== path);
  const also = others.length === 0 ? "" : `, also as ${others.slice(0, 3).map(displayPath).join(", ")}${others.length > 3 ? " …" : ""}`;
  return DISTROLESS.found(kind, {
    path: displayPath(path),
    message: `${what} "${baseName(names.includes(path) ? path : (names[0] ?? path))}" is in the image${also}`,
    remedy,
    details: { names: names.slice(0, MAX_NAMES).map(displayPath) },
  });
}
