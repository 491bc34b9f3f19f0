/** What may stand for a value or an argument: read off the words that help shows for it, as in `--file FILE` and `decant push IMAGE [NAME]`. */

/** Names that Decant can look up. */
export type NameKind = "images" | "containers" | "bases";

/** What completes a word. */
export interface WordSource {
  /** Paths of files, or of folders only. */
  readonly paths?: "files" | "folders";
  readonly names?: readonly NameKind[];
  /** Fixed words. */
  readonly words?: readonly string[];
}

const PLATFORMS = ["linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/riscv64", "linux/s390x"];

/** By the word of the help text. Words that are not here, such as NAME, stand for what nobody can guess. */
const SOURCES: Readonly<Record<string, WordSource>> = {
  FILE: { paths: "files" },
  DIR: { paths: "folders" },
  FOLDER: { paths: "folders" },
  DIRECTORY: { paths: "files" },
  CONTEXT: { paths: "folders" },
  "OS/ARCH": { words: PLATFORMS },
  IMAGE: { names: ["images"] },
  CONTAINER: { names: ["containers"] },
  "RECIPE[:VARIANT]": { names: ["bases"], paths: "files" },
  RECIPE: { names: ["bases"], paths: "files" },
  BEFORE: { names: ["bases", "images"], paths: "files" },
  AFTER: { names: ["bases", "images"], paths: "files" },
};

/** What `FILE`, or `auto|off|FILE`, stands for; words in small letters stand for themselves. */
export function sourceOf(label: string): WordSource {
  const parts = label.split("|").map((part) => SOURCES[part] ?? (/^[a-z]+$/.test(part) ? { words: [part] } : {}));
  const names = parts.flatMap((part) => part.names ?? []);
  const words = parts.flatMap((part) => part.words ?? []);
  const paths = parts.find((part) => part.paths !== undefined)?.paths;
  return { names, words, ...(paths === undefined ? {} : { paths }) };
}

/** What stands for argument number `at` (from 0) of a command with this usage: "IMAGE [NAME]", "CONTAINER…". Undefined behind the last one. */
export function argumentSource(usage: string, at: number): WordSource | undefined {
  const labels = usage.split(" ").filter((label) => label !== "");
  const label = labels[at] ?? (labels.at(-1)?.endsWith("…") === true ? labels.at(-1) : undefined);
  if (label === undefined) return undefined;
  // "[NAME]" may be left out; the brackets of "RECIPE[:VARIANT]" are part of it.
  return sourceOf(label.replace(/…\]?$/, "").replace(/^\[(.*?)\]?$/, "$1"));
}
