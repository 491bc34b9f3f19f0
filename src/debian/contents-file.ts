/** The lines of a Contents file: a path without leading slash, blanks, and the packages that bring it ("section/name,section/name"). Pure. */
import type { ByteStream } from "../bytes.ts";
import { archiveError } from "./errors.ts";
import { scanParts } from "./scan-parts.ts";

/** A path and the names of its packages. */
interface ContentsLine {
  /** As `mergedPath` gives it. */
  readonly path: string;
  readonly packages: readonly string[];
}

const MAX_LINE_BYTES = 1024 * 1024;
const PACKAGE = /^[A-Za-z0-9][A-Za-z0-9+.-]*$/;
const MERGED = /^usr\/(?=(?:bin|sbin|lib|lib32|lib64|libx32)\/)/;
const COMMON = /^(?:s?bin|usr\/games|lib(?:32|64|x32)?(?:\/[a-z0-9_]+-linux-gnu[a-z0-9_]*)?)\/[^/]+$/;
const LIBRARY = /^lib(?:64)?(?:\/[a-z0-9_]+-linux-gnu[a-z0-9_]*)?\/[^/]+$/;

/** The form that paths are compared in, whichever side of the /usr merge they were written on. */
export function mergedPath(path: string): string {
  return path.replace(MERGED, "");
}

/** Is it directly in a directory of programs or libraries? `path` is merged. */
export function isCommon(path: string): boolean {
  return COMMON.test(path);
}

/** Is it directly in a directory that the loader searches? `path` is merged. */
export function isInLibraryDirectory(path: string): boolean {
  return LIBRARY.test(path);
}

/** The lines whose merged path `isWanted`. Throws `DEBIAN_ARCHIVE`. */
export function contentsLines(
  source: ByteStream,
  url: string,
  isWanted: (path: string) => boolean,
): AsyncGenerator<ContentsLine, void, undefined> {
  const tooLong = (bytes: number): Error => archiveError(url, `it has a line of more than ${bytes} bytes`);
  return scanParts(source, { separator: "\n", maxPartBytes: MAX_LINE_BYTES, tooLong }, (text, start, end) =>
    readLine(text, start, end, isWanted),
  );
}

function readLine(text: string, start: number, end: number, isWanted: (path: string) => boolean): ContentsLine | undefined {
  // The last column has no blanks; the path may. Lines are many: nothing is cut out before it is wanted.
  let blank = end - 1;
  while (blank > start && !isBlank(text.charCodeAt(blank))) blank -= 1;
  if (blank <= start) return undefined;
  let pathEnd = blank;
  while (isBlank(text.charCodeAt(pathEnd - 1))) pathEnd -= 1;
  const path = mergedPath(text.slice(start, pathEnd));
  if (!isWanted(path)) return undefined;
  const packages = text
    .slice(blank + 1, end)
    .split(",")
    .map((one) => one.slice(one.lastIndexOf("/") + 1))
    .filter((name) => PACKAGE.test(name));
  return { path, packages };
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
