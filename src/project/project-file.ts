/**
 * decant.yaml, the settings of a project: replacements of base images, so that Dockerfiles stay as they are, and what is wanted of images.
 *
 *     images:
 *       "node:18": "registry.example/mirror/node:18"
 *       "gcr.io/distroless/nodejs:18": "distroless:nodejs18-debian12:nonroot"
 *     assemble: [gcr.io/distroless/*]
 *     builder: docker://
 *     debian: { mirror: http://mirror.example/debian }
 *     audit:
 *       findings: { shell: error }
 *     signatures:
 *       - { images: registry.example/team-*, key: team.pub }
 */
import { dirname, resolve } from "node:path";
import type { AuditPolicy } from "../audit/index.ts";
import { DecantError, isDecantError, unsupported } from "../errors.ts";
import { formatReference, parseReference } from "../oci/index.ts";
import type { SourceFile, SourceRange } from "../source.ts";
import { type BaseName, isRecipeFile, parseBaseName } from "../distroless/index.ts";
import { given } from "../given.ts";
import { readAuditPolicy } from "./audit-policy.ts";
import { type NamedBy, namedPlace, readAssemble, readDebian } from "./project-bases.ts";
import { readSignatureRules, type SignatureRule } from "./signature-rules.ts";
import type { DebianSettings } from "./types.ts";
import { type FilePlace, pathOfPlace, placeOf, readNamedFile } from "../sys/index.ts";
import { configError, mappingEntries, readYaml, scalarOf, type YamlEntry, type YamlReading } from "./yaml-reading.ts";

const FILE_NAME = "decant.yaml";
const MAX_BYTES = 1024 * 1024;
const DISTROLESS = "distroless:";

/** The project's settings. */
export interface ProjectFile {
  readonly path: string;
  /** The folder that what it names must be in; absent for a file that the user named and that is in no context. */
  readonly within?: string;
  /**
   * What stands in for base images, by canonical reference ("docker.io/library/node:18"): an image name, or "distroless:" and the name of a
   * recipe, or "distroless:" and the absolute path of a recipe's file.
   */
  readonly images: ReadonlyMap<string, string>;
  /** Patterns of images that are assembled instead of pulled. */
  readonly assemble: readonly string[];
  /** Builders elsewhere whose machines run the steps, with commas between them. */
  readonly builder?: string;
  /** How Debian's archive is reached. */
  readonly debian: DebianSettings;
  /** Which bases must be signed, and by whom. */
  readonly signatures: readonly SignatureRule[];
  /** Absent: as if it were empty. */
  readonly audit?: AuditPolicy;
}

/**
 * Reads the project file: `file` when given, else decant.yaml in `context`, else in `cwd`; undefined when there is none.
 * Throws `NOT_FOUND` for a given file that is not there, `CONFIG_FILE`, `UNSUPPORTED`.
 */
export async function findProjectFile(options: {
  readonly file: string | undefined;
  /** The context's folder, if there is one: what is in it stays in it. */
  readonly context: string | undefined;
  readonly cwd: string;
}): Promise<ProjectFile | undefined> {
  const { file, context, cwd } = options;
  if (file !== undefined) {
    const place = placeOf(resolve(cwd, file), context === undefined ? [] : [context]);
    const text = await readIfThere(place);
    if (text === undefined) throw new DecantError("NOT_FOUND", `Cannot read project file "${file}": there is no such file`);
    return parseProjectFile(pathOfPlace(place), { name: file, text }, place.within);
  }
  for (const within of new Set([context ?? cwd, cwd])) {
    const place: FilePlace = { path: FILE_NAME, within };
    const text = await readIfThere(place);
    if (text !== undefined) return parseProjectFile(pathOfPlace(place), { name: FILE_NAME, text }, within);
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

/** Parses the text of a project file; what it names must be in `within`, when that is given. Throws `CONFIG_FILE` and `UNSUPPORTED` with the place. */
export async function parseProjectFile(path: string, file: SourceFile, within?: string): Promise<ProjectFile> {
  const read = await readYaml(file);
  const named: NamedBy = { folder: dirname(path), within };
  const images = new Map<string, string>();
  let audit: AuditPolicy | undefined;
  let builder: string | undefined;
  let assemble: readonly string[] = [];
  let debian: DebianSettings = {};
  let signatures: readonly SignatureRule[] = [];
  for (const entry of mappingEntries(read, read.document.contents, "the project file")) {
    const { key, value, range } = entry;
    switch (key) {
      case "images":
        readImages(read, value, named, images);
        break;
      case "builder":
        builder = builderOf(read, entry);
        break;
      case "audit":
        audit = readAuditPolicy(read, value);
        break;
      case "assemble":
        assemble = readAssemble(read, entry);
        break;
      case "debian":
        debian = readDebian(read, entry, named);
        break;
      case "signatures":
        signatures = readSignatureRules(read, entry, named);
        break;
      default:
        throw configError(`it has no key "${key}"; wanted images, assemble, builder, debian, audit or signatures`, range);
    }
  }
  return { path, ...given({ within, builder }), images, assemble, debian, signatures, ...given({ audit }) };
}

function builderOf(read: YamlReading, { value, valueRange }: YamlEntry): string {
  const text = scalarOf(read, value);
  if (typeof text !== "string" || text === "")
    throw configError('the "builder" is no text; wanted an address such as docker://', valueRange);
  return text;
}

function readImages(read: YamlReading, node: unknown, named: NamedBy, images: Map<string, string>): void {
  for (const entry of mappingEntries(read, node, '"images"')) {
    const name = canonical(entry.key, entry.range);
    if (images.has(name)) throw configError(`"${name}" is replaced twice`, entry.range);
    const text = scalarOf(read, entry.value);
    if (typeof text !== "string") throw configError(`the replacement of "${entry.key}" is no text; wanted an image name`, entry.valueRange);
    images.set(name, replacementFrom(text, named, entry.valueRange));
  }
}

function replacementFrom(text: string, named: NamedBy, source: SourceRange): string {
  if (text.startsWith(DISTROLESS)) {
    const base = baseName(text.slice(DISTROLESS.length), source);
    const recipe = isRecipeFile(base.recipe) ? pathOfPlace(namedPlace(named, base.recipe, source)) : base.recipe;
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
    throw new DecantError("CONFIG_FILE", error.message, { source: [source], hint: error.hint });
  }
}

async function readIfThere(place: FilePlace): Promise<string | undefined> {
  const read = await readNamedFile(place, { maxBytes: MAX_BYTES, pipes: place.within === undefined });
  if ("bytes" in read) return read.bytes.toString("utf8");
  if (read.isMissing) return undefined;
  throw new DecantError("CONFIG_FILE", `Cannot read project file "${pathOfPlace(place)}": ${read.problem}`);
}
