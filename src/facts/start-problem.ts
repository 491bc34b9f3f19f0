/** Why a file of a tree does not start, where the file itself is the cause: shells and kernels say "not found" of a program that is there. */
import { elfMachineOf, isForMachine, machineName, treeElfHead } from "../elf/index.ts";
import { formatPlatform, type Platform } from "../oci/index.ts";
import { toText } from "../paths.ts";
import { type Entry, readTreeFile, type Tree } from "../tree/index.ts";
import { entryAt, pathFiles } from "./image-paths.ts";
import { libcOfLoader } from "./libc.ts";
import { HEAD_BYTES, parseScriptLine } from "./script-line.ts";

/** What is wrong, and what to do. */
interface StartProblem {
  /** Goes on after the name of the file: "needs the loader …", without a full stop. */
  readonly why: string;
  readonly hint: string;
  /** The file that is not there: a loader or an interpreter. */
  readonly missing?: string;
}

/** Who tried to start a file. */
export type Starter = "kernel" | "shell" | "refused shell";

const EXECUTE_BITS = 0o111;
const MAX_SCRIPT_BYTES = 1024 * 1024;

/**
 * Looks at a file that did not start. `by`: the kernel takes less for a script than a shell does, and a shell that was refused the start says so
 * by its exit code. Undefined where the file is not to blame. Throws what reading the tree throws.
 */
export async function startProblem(
  tree: Tree,
  file: Entry,
  { platform, by }: { readonly platform: Platform; readonly by: Starter },
): Promise<StartProblem | undefined> {
  if (by !== "shell" && (file.mode & EXECUTE_BITS) === 0)
    return { why: "has no execute bit", hint: "Set its mode with COPY --chmod=755 or RUN chmod +x" };
  const head = await treeElfHead(tree, file);
  if (head.kind === "damaged")
    return { why: `is a program that is damaged: ${head.problem}`, hint: "Get it again: it may not have come to its end" };
  if (head.kind === "other") return await scriptProblem(tree, file, by);
  const { elf } = head;
  const machine = elfMachineOf(platform);
  if (machine !== undefined && !isForMachine(elf, machine)) {
    const wanted = formatPlatform(platform);
    return {
      why: `is a program for ${machineName(elf)}, and the step is for ${wanted}`,
      hint: `Take the program for ${wanted}: the build argument TARGETARCH has the name of the processor`,
    };
  }
  const { interpreter } = elf;
  return interpreter === undefined || isThere(tree, interpreter) ? undefined : loaderMissing(interpreter);
}

function loaderMissing(loader: string): StartProblem {
  const libc = libcOfLoader(loader);
  return {
    missing: loader,
    why: `needs the loader "${toText(loader)}", which is not in the image${libc === undefined ? "" : `: it was linked for ${libc}`}`,
    hint:
      libc === "glibc"
        ? "Take an image with glibc (as Debian has), a build of the program for musl, or one that is linked statically"
        : libc === "musl"
          ? "Take an image with musl (as Alpine has), a build of the program for glibc, or one that is linked statically"
          : "Install what it is linked to, or link it statically",
  };
}

async function scriptProblem(tree: Tree, file: Entry, by: Starter): Promise<StartProblem | undefined> {
  if (file.size > MAX_SCRIPT_BYTES) return undefined;
  const bytes = await readTreeFile(tree, file.path, MAX_SCRIPT_BYTES);
  const [first = ""] = bytes.toString("latin1").split("\n", 1);
  if (first.endsWith("\r"))
    return {
      why: "has the line ends of Windows (CR LF), and each CR becomes part of a word or of the interpreter's name",
      hint: `Convert it, with sed -i 's/\\r$//' in the image, or for good with "*.sh text eol=lf" in .gitattributes`,
    };
  const line = parseScriptLine(bytes.subarray(0, HEAD_BYTES));
  if (line.kind === "unusable") return { why: `has a first line that Linux does not take: ${line.why}`, hint: "Begin it with #!/bin/sh" };
  if (line.kind === "none")
    return by === "kernel"
      ? { why: "is no program, and does not begin with #!", hint: "Begin it with #!/bin/sh, or start it by a shell" }
      : undefined;
  if (isThere(tree, line.interpreter)) return undefined;
  return {
    missing: line.interpreter,
    why: `is for the interpreter "${toText(line.interpreter)}", which is not in the image`,
    hint: "Install it, or change the first line of the script to one that the image has",
  };
}

/** Is there something at a path that the kernel opens? */
function isThere(tree: Tree, path: string): boolean {
  return entryAt(pathFiles(tree), path) !== undefined;
}
