/**
 * Which package brings a file: the Contents files of an archive (https://wiki.debian.org/DebianRepository/Format, "Contents" indices). Programs and
 * libraries, which are asked for often, are kept as a table; for any other path the whole file is read, and the answer is kept.
 */
import * as v from "valibot";
import { pool } from "../async.ts";
import { fromText } from "../paths.ts";
import type { ArchiveContext } from "./context.ts";
import { contentsLines, isCommon, isInLibraryDirectory, mergedPath } from "./contents-file.ts";
import { keptTable } from "./kept-table.ts";
import { listedFile, type ListedFile, readListed } from "./listed-file.ts";
import type { CurrentRelease } from "./releases.ts";
import { formatSortedLines, type SortedLines } from "./sorted-lines.ts";

/**
 * What is looked for: a full path ("/usr/bin/psql"; /bin, /sbin and /lib count as merged into /usr), or a name without slash ("libpq.so.5"),
 * which is looked for in the directories that the loader searches.
 */
export type ContentsQuery = string;

/** Raised when the same file gives another table. */
const FORMAT = "contents-1";
const ANSWERS = "debian-contents";
const MAX_CONTENTS_BYTES = 4 * 1024 ** 3;

const answerSchema = v.array(v.string());

/**
 * The names of the packages that bring each file, sorted; none when nobody does. The file of packages of architecture "all" is read only for paths that
 * the architecture's own does not have. Throws `DEBIAN_ARCHIVE`.
 */
export async function whoHas(
  context: ArchiveContext,
  releases: readonly CurrentRelease[],
  queries: readonly ContentsQuery[],
  architecture: string,
): Promise<Map<ContentsQuery, readonly string[]>> {
  const answers = new Map<ContentsQuery, readonly string[]>(queries.map((query) => [query, []]));
  const ask = async (wanted: readonly ContentsQuery[], name: string): Promise<void> => {
    if (wanted.length === 0) return;
    const files = releases.flatMap((release) => contentsFiles(context, release, name));
    for (const found of await pool(2, files, (file) => look(context, file, wanted), context.signal))
      for (const [query, packages] of found) answers.set(query, [...new Set([...(answers.get(query) ?? []), ...packages])].toSorted());
  };
  await ask([...answers.keys()], architecture);
  const missing = [...answers].flatMap(([query, packages]) => (packages.length === 0 && query.includes("/") ? [query] : []));
  await ask(missing, "all");
  return answers;
}

/** A file for each component, or one for the suite as older archives have it. Suites without any, such as security, answer nothing. */
function contentsFiles(context: ArchiveContext, release: CurrentRelease, architecture: string): ListedFile[] {
  const name = `Contents-${architecture}`;
  const found = release.source.components.flatMap((component) => {
    const file = listedFile(context, release, `${component}/${name}`, MAX_CONTENTS_BYTES);
    return file === undefined ? [] : [file];
  });
  const whole = found.length > 0 ? undefined : listedFile(context, release, name, MAX_CONTENTS_BYTES);
  return whole === undefined ? found : [whole];
}

async function look(
  context: ArchiveContext,
  file: ListedFile,
  queries: readonly ContentsQuery[],
): Promise<Map<ContentsQuery, readonly string[]>> {
  const keys = new Map(queries.map((query) => [query, mergedPath(fromText(query.replace(/^\/+/, "")))]));
  const common = queries.filter((query) => !query.includes("/") || isCommon(keys.get(query) ?? ""));
  const table = common.length === 0 ? undefined : await commonFiles(context, file);
  const others = await otherFiles(
    context,
    file,
    [...keys].flatMap(([query, key]) => (common.includes(query) ? [] : [key])),
  );
  return new Map([...keys].map(([query, key]) => [query, common.includes(query) ? (table?.get(key) ?? []) : (others.get(key) ?? [])]));
}

/** Programs and libraries by path, libraries also by name. */
function commonFiles(context: ArchiveContext, file: ListedFile): Promise<SortedLines> {
  return keptTable(context, `${FORMAT} ${file.content}`, async () => {
    const lines: [string, string][] = [];
    for await (const { path, packages } of contentsLines(readListed(context, file), file.url, isCommon)) {
      for (const name of packages) {
        lines.push([path, name]);
        if (isInLibraryDirectory(path)) lines.push([path.slice(path.lastIndexOf("/") + 1), name]);
      }
    }
    return formatSortedLines(lines);
  });
}

async function otherFiles(context: ArchiveContext, file: ListedFile, paths: readonly string[]): Promise<Map<string, readonly string[]>> {
  const { records } = context.store;
  const idOf = (path: string): string => `${file.content} ${path}`;
  const answers = new Map<string, readonly string[]>();
  const wanted = new Map<string, string[]>();
  for (const path of paths) {
    const known = v.safeParse(answerSchema, records.get(ANSWERS, idOf(path)));
    if (known.success) answers.set(path, known.output);
    else wanted.set(path, []);
  }
  if (wanted.size === 0) return answers;
  for await (const { path, packages } of contentsLines(readListed(context, file), file.url, (one) => wanted.has(one)))
    wanted.get(path)?.push(...packages);
  records.batch(() => {
    // No refs: the answers outlive the file.
    for (const [path, packages] of wanted) records.put(ANSWERS, idOf(path), packages);
  });
  for (const [path, packages] of wanted) answers.set(path, packages);
  return answers;
}
