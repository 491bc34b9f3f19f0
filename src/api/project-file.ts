/**
 * decant.yaml, the settings of a project: replacements of base images, so that Dockerfiles stay as they are, and what is wanted of images.
 *
 *     images:
 *       "node:18": "registry.example/mirror/node:18"
 *       "gcr.io/distroless/nodejs:18": "distroless:nodejs18-debian12:nonroot"
 *     assemble: [gcr.io/distroless/*]
 *     debian: { mirror: http://mirror.example/debian }
 *     audit:
 *       findings: { shell: error }
 */
import { readFile, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { AuditPolicy } from "../audit/index.ts";
import { DecantError, errnoOf, isDecantError, unsupported } from "../errors.ts";
import { formatReference, parseReference } from "../oci/index.ts";
import type { SourceFile, SourceRange } from "../source.ts";
import { type BaseName, isRecipeFile, parseBaseName } from "../distroless/index.ts";
import { readAuditPolicy } from "./audit-policy.ts";
import { readAssemble, readDebian } from "./base/project-bases.ts";
import type { DebianOptions } from "./base/types.ts";
import { configError, mappingEntries, readYaml, scalarOf, type YamlReading } from "./yaml-reading.ts";

const FILE_NAME = "decant.yaml";
const MAX_BYTES = 1024 * 1024;
const DISTROLESS = "distroless:";

/** The project's settings. */
export interface ProjectFile {
  readonly path: string;
  /**
   * What stands in for base images, by canonical reference ("docker.io/library/node:18"): an image name, or "distroless:" and the name of a
   * recipe, or "distroless:" and the absolute path of a recipe's file.
   */
  readonly images: ReadonlyMap<string, string>;
  /** Patterns of images that are assembled instead of pulled. */
  readonly assemble: readonly string[];
  /** How Debian's archive is reached. */
  readonly debian: DebianOptions;
  /** Absent: as if it were empty. */
  readonly audit?: AuditPolicy;
}

/**
 * Reads the project file: `file` when given, else decant.yaml in `context`, else in `cwd`; undefined when there is none.
 * Throws `NOT_FOUND` for a given file that is not there, `CONFIG_FILE`, `UNSUPPORTED`.
 */
export async function findProjectFile(options: {
  readonly file: string | undefined;
  readonly context: string;
  readonly cwd: string;
}): Promise<ProjectFile | undefined> {
  const { file, context, cwd } = options;
  if (file !== undefined) {
    const path = resolve(cwd, file);
    const text = await readIfThere(path);
    if (text === undefined) throw new DecantError("NOT_FOUND", `Cannot read project file "${file}": there is no such file`);
    return parseProjectFile(path, { name: file, text });
  }
  for (const path of new Set([join(context, FILE_NAME), join(cwd, FILE_NAME)])) {
    const text = await readIfThere(path);
    if (text !== undefined) return parseProjectFile(path, { name: FILE_NAME, text });
  }
  return undefined;
}

/**
 * What stands in for the image `name`, if anything. Exact: "node:18" does not replace "node:18-slim", nor "node:18@sha256:…".
 * Throws `REFERENCE`.
 */
export function replacementFor(project: ProjectFile | undefined, name: string): string | undefined {
  return project === undefined || project.images.size === 0 ? undefined : project.images.get(formatReference(parseReference(name)));
}

/** Parses the text of a project file. Throws `CONFIG_FILE` and `UNSUPPORTED` with the place. */
export async function parseProjectFile(path: string, file: SourceFile): Promise<ProjectFile> {
  const read = await readYaml(file);
  const images = new Map<string, string>();
  let audit: AuditPolicy | undefined;
  let assemble: readonly string[] = [];
  let debian: DebianOptions = {};
  for (const entry of mappingEntries(read, read.document.contents, "the project file")) {
    const { key, value, range } = entry;
    switch (key) {
      case "images":
        readImages(read, value, path, images);
        break;
      case "audit":
        audit = readAuditPolicy(read, value);
        break;
      case "assemble":
        assemble = readAssemble(read, entry);
        break;
      case "debian":
        debian = readDebian(read, entry, dirname(path));
        break;
      default:
        throw configError(`it has no key "${key}"; wanted images, assemble, debian or audit`, range);
    }
  }
  return { path, images, assemble, debian, ...(audit === undefined ? {} : { audit }) };
}

function readImages(read: YamlReading, node: unknown, path: string, images: Map<string, string>): void {
  for (const entry of mappingEntries(read, node, '"images"')) {
    const name = canonical(entry.key, entry.range);
    if (images.has(name)) throw configError(`"${name}" is replaced twice`, entry.range);
    const text = scalarOf(read, entry.value);
    if (typeof text !== "string") throw configError(`the replacement of "${entry.key}" is no text; wanted an image name`, entry.valueRange);
    images.set(name, replacementFrom(text, path, entry.valueRange));
  }
}

function replacementFrom(text: string, path: string, source: SourceRange): string {
  if (text.startsWith(DISTROLESS)) {
    const base = baseName(text.slice(DISTROLESS.length), source);
    const recipe = isRecipeFile(base.recipe) ? resolve(dirname(path), base.recipe) : base.recipe;
    return `${DISTROLESS}${recipe}${base.variant === undefined ? "" : `:${base.variant}`}`;
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//.exec(text)?.[1];
  if (scheme !== undefined) throw unsupported(`A replacement from ${scheme}://`, { source, hint: "Import or pull it, and give its name" });
  canonical(text, source);
  return text;
}

function baseName(text: string, source: SourceRange): BaseName {
  try {
    return parseBaseName(text);
  } catch (error) {
    if (!isDecantError(error, "RECIPE")) throw error;
    throw configError(`"${text}" is no recipe; wanted the name of one, or a .yaml file, with :VARIANT if wanted`, source);
  }
}

function canonical(text: string, source: SourceRange): string {
  try {
    return formatReference(parseReference(text));
  } catch (error) {
    if (!isDecantError(error, "REFERENCE")) throw error;
    throw new DecantError("CONFIG_FILE", error.message, { source: [source], ...(error.hint === undefined ? {} : { hint: error.hint }) });
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) throw new DecantError("CONFIG_FILE", `Cannot read project file "${path}": it has more than ${MAX_BYTES} bytes`);
    return await readFile(path, "utf8");
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT" || errnoOf(cause) === "ENOTDIR") return undefined;
    if (isDecantError(cause)) throw cause;
    throw new DecantError("CONFIG_FILE", `Cannot read project file "${path}"`, { cause });
  }
}
