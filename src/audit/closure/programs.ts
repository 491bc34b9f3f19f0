/** Programs that run, with their loader and everything that it loads. */
import { createShared } from "../../async.ts";
import { type ElfMachine, isForMachine } from "../../elf/index.ts";
import { absolutePath, fileAt, workingDirectory } from "../../facts/index.ts";
import type { AuditFiles, AuditSubject } from "../types.ts";
import { type ClosureRoot, closeOver } from "./close.ts";
import { elfFiles } from "./elf-files.ts";
import { librarySearch } from "./loader.ts";
import type { Closure, LibrarySearch } from "./types.ts";

/** A loader of the image. */
export interface Loader {
  readonly root: ClosureRoot;
  readonly search: LibrarySearch;
}

/** What starting an ELF program comes to. */
export type ProgramClosure =
  /** No loader is needed. */
  | { readonly kind: "static" }
  | { readonly kind: "no-loader"; readonly interpreter: string; readonly why: string }
  | { readonly kind: "loaded"; readonly loader: Loader; readonly closure: Closure };

/** The loaders of one subject, and closures by them. */
export interface Programs {
  /** What a program loads. Never throws for what the files hold. */
  close(program: ClosureRoot): Promise<ProgramClosure>;
  /** The loader at a path, or why there is none. */
  loaderAt(path: string): Promise<Loader | { readonly why: string }>;
}

/** Makes the loaders of a subject on use. */
export function programsOf(subject: AuditSubject, files: AuditFiles, machine: ElfMachine): Programs {
  const loaders = createShared<string, Loader | { readonly why: string }>({ cancel: "never" });
  const from = workingDirectory(subject.config);

  const load = async (path: string): Promise<Loader | { readonly why: string }> => {
    const entry = fileAt(files, absolutePath(path, from));
    if (entry === undefined) return { why: "is not in the image" };
    const head = await elfFiles(files).head(entry);
    if (head.kind !== "elf") return { why: head.kind === "damaged" ? `is damaged: ${head.problem}` : "is no ELF file" };
    if (!isForMachine(head.elf, machine)) return { why: "is for another architecture" };
    const root: ClosureRoot = { path, entry, elf: head.elf };
    return { root, search: await librarySearch(subject, files, machine, root) };
  };
  const loaderAt: Programs["loaderAt"] = (path) => loaders.run(path, () => load(path));

  return {
    loaderAt,
    async close(program) {
      const { interpreter } = program.elf;
      if (interpreter === undefined) return { kind: "static" };
      const loader = await loaderAt(interpreter);
      if ("why" in loader) return { kind: "no-loader", interpreter, why: loader.why };
      // $ORIGIN of a program is where the kernel found the file, links followed; of a library, where the loader opened it.
      const start = { ...program, path: `/${program.entry.path}` };
      return { kind: "loaded", loader, closure: await closeOver(start, loader.search, { loader: loader.root }) };
    },
  };
}
