/** Finds and reads the Dockerfile of a build (rule S14). */
import { readFile } from "node:fs/promises";
import { basename, isAbsolute, join, resolve } from "node:path";
import { DecantError, errnoOf } from "../errors.ts";

/** A Dockerfile's text and place. */
export interface DockerfileText {
  /** Absolute. */
  readonly path: string;
  /** As messages show it. */
  readonly name: string;
  readonly bytes: Buffer;
}

/** Reads `file` (relative to `cwd`), or `Dockerfile`, else `dockerfile`, of the context. Throws `DOCKERFILE_NOT_FOUND`. */
export async function readDockerfile(context: string, file: string | undefined, cwd: string): Promise<DockerfileText> {
  const candidates =
    file === undefined ? [join(context, "Dockerfile"), join(context, "dockerfile")] : [isAbsolute(file) ? file : resolve(cwd, file)];
  for (const path of candidates) {
    try {
      return { path, name: file ?? basename(path), bytes: await readFile(path) };
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== "ENOENT" && errno !== "ENOTDIR") {
        const reason = errno === "EISDIR" ? "it is a directory" : errno === "EACCES" ? "permission denied" : String(errno ?? error);
        throw new DecantError("DOCKERFILE_NOT_FOUND", `Cannot read Dockerfile "${path}": ${reason}`, { cause: error });
      }
    }
  }
  const wanted = candidates[0] ?? context;
  throw new DecantError("DOCKERFILE_NOT_FOUND", `Cannot read Dockerfile "${wanted}": no such file`, {
    hint:
      file === undefined
        ? "Name it with --file, or give the folder that holds it as the context"
        : "The path of --file starts at the working directory, not at the context",
  });
}
