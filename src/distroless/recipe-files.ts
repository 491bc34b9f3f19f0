/** The files that a recipe brings from its own folder: found inside of it only, and fixed by their digest. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { parseDigest } from "../digest.ts";
import { type FilePlace, type FileProblem, openNamedFile, placeWithin, readNamedFile } from "../sys/index.ts";
import { recipeError } from "./errors.ts";
import type { AddedCertificate, HostFile, RecipeDocument, RecipeFile, RecipeSource, RecipeVariant } from "./recipe.ts";

const MAX_FILE_BYTES = 1024 ** 3;
const MAX_PEM_BYTES = 1024 * 1024;

/** The document with the contents of its files: `source` becomes `content`, certificates become text. Throws `RECIPE`. */
export async function loadFiles(document: RecipeDocument, folder: string): Promise<RecipeDocument> {
  const { files, certificates, variants, sources } = document;
  const load = async (list: readonly RecipeFile[]): Promise<RecipeFile[]> => {
    const loaded: RecipeFile[] = [];
    for (const file of list) loaded.push(await loadFile(document.name, folder, file));
    return loaded;
  };
  const changed: [string, RecipeVariant][] = [];
  for (const [name, variant] of Object.entries(variants ?? {}))
    changed.push([name, variant.files === undefined ? variant : { ...variant, files: await load(variant.files) }]);
  return {
    ...document,
    ...(sources === undefined ? {} : { sources: await loadKeys(document.name, folder, sources) }),
    ...(files === undefined ? {} : { files: await load(files) }),
    ...(variants === undefined ? {} : { variants: Object.fromEntries(changed) }),
    ...(certificates?.add === undefined
      ? {}
      : { certificates: { ...certificates, add: await loadCertificates(document.name, folder, certificates.add) } }),
  };
}

async function loadKeys(recipe: string, folder: string, sources: readonly RecipeSource[]): Promise<RecipeSource[]> {
  const loaded: RecipeSource[] = [];
  for (const { keyring, ...source } of sources) {
    if (keyring === undefined) loaded.push(source);
    else loaded.push({ ...source, keys: await hostFile(recipe, folder, keyring) });
  }
  return loaded;
}

async function loadFile(recipe: string, folder: string, file: RecipeFile): Promise<RecipeFile> {
  const { source, ...rest } = file;
  if (source === undefined) return file;
  return { ...rest, content: await hostFile(recipe, folder, source) };
}

async function hostFile(recipe: string, folder: string, source: string): Promise<HostFile> {
  const opened = openNamedFile(placeIn(recipe, folder, source), { maxBytes: MAX_FILE_BYTES });
  if ("problem" in opened) throw unreadable(recipe, source, opened);
  using file = opened;
  const path = file.realPath;
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of file.chunks()) {
    size += chunk.byteLength;
    if (size > MAX_FILE_BYTES) throw recipeError(recipe, `the file "${source}" has more than ${MAX_FILE_BYTES} bytes`);
    hash.update(chunk);
  }
  return { path, digest: parseDigest(`sha256:${hash.digest("hex")}`), size };
}

async function loadCertificates(recipe: string, folder: string, added: readonly AddedCertificate[]): Promise<AddedCertificate[]> {
  const loaded: AddedCertificate[] = [];
  for (const one of added) {
    if ("pem" in one) {
      loaded.push(one);
      continue;
    }
    const read = await readNamedFile(placeIn(recipe, folder, one.file), { maxBytes: MAX_PEM_BYTES });
    if ("problem" in read) throw unreadable(recipe, one.file, read);
    const pem = read.bytes.toString("latin1");
    if (!pem.includes("-----BEGIN CERTIFICATE-----")) throw recipeError(recipe, `"${one.file}" is not a certificate; wanted PEM`);
    loaded.push({ pem });
  }
  return loaded;
}

/** A file below the recipe's folder, which symbolic links do not leave. */
function placeIn(recipe: string, folder: string, source: string): FilePlace {
  const place = placeWithin(join(folder, source), [folder]);
  if (place === undefined) throw recipeError(recipe, `the file "${source}" is outside of the recipe's folder; wanted a path below it`);
  return place;
}

function unreadable(recipe: string, source: string, { problem, isMissing }: FileProblem): Error {
  return recipeError(recipe, isMissing ? `there is no file "${source}" beside it` : `"${source}" cannot be read: ${problem}`);
}
