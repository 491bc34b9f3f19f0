/** Finds and reads the Dockerfile of a build (rule S14). */
import { basename, resolve } from "node:path";
import { DecantError } from "../errors.ts";
import { type FilePlace, type FileProblem, pathOfPlace, placeOf, readNamedFile } from "../sys/index.ts";

/** A Dockerfile's text and place. */
export interface DockerfileText {
  /** Absolute. */
  readonly path: string;
  /** As messages show it. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** As much as a Dockerfile may have, wherever it comes from. */
export const MAX_DOCKERFILE_BYTES: number = 16 * 1024 * 1024;

/**
 * Reads `file` (relative to `cwd`), or `Dockerfile`, else `dockerfile`, of the context. One in the context stays in it, whatever its links say;
 * another may be anywhere. Throws `DOCKERFILE_NOT_FOUND`.
 */
export async function readDockerfile(context: string, file: string | undefined, cwd: string): Promise<DockerfileText> {
  const found = ["Dockerfile", "dockerfile"].map((path): FilePlace => ({ path, within: context }));
  return await readFirst(file === undefined ? found : [placeOf(resolve(cwd, file), [context])], file, cwd);
}

/** Reads a file of this machine by its absolute path. Throws `DOCKERFILE_NOT_FOUND`. */
export async function readLocalDockerfile(file: string): Promise<DockerfileText> {
  return await readFirst([placeOf(file, [])], file, "/");
}

async function readFirst(places: readonly FilePlace[], file: string | undefined, cwd: string): Promise<DockerfileText> {
  const problems: { readonly path: string; readonly why: FileProblem }[] = [];
  for (const place of places) {
    const path = file === undefined ? pathOfPlace(place) : resolve(cwd, file);
    const read = await readNamedFile(place, { maxBytes: MAX_DOCKERFILE_BYTES, pipes: place.within === undefined });
    if ("bytes" in read) return { path, name: file ?? basename(path), bytes: read.bytes };
    problems.push({ path, why: read });
    if (read.errno !== "ENOENT" && read.errno !== "ENOTDIR") break;
  }
  // A link that leads nowhere says more than a name that is not there.
  const told = problems.find(({ why }) => !why.isMissing) ?? problems[0];
  const hint =
    file === undefined
      ? "Name it with --file, or give the folder that holds it as the context"
      : "The path of --file starts at the working directory, not at the context";
  const message = `Cannot read Dockerfile "${told?.path}": ${told?.why.problem}`;
  throw new DecantError("DOCKERFILE_NOT_FOUND", message, told?.why.isMissing === false ? {} : { hint });
}
