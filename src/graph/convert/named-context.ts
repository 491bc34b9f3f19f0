/** Named contexts that are files (rule of F68): directories, git repositories and archives take the place of an image or of a whole stage. */
import { given } from "../../given.ts";
import type { SourceRange } from "../../source.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { FileAction } from "../ops.ts";
import { vertex, type Vertex } from "../vertex.ts";
import type { ContextFiles, ResolvedImage } from "./context.ts";

/** All that is in the first input. */
export const COPY_ALL: Extract<FileAction, { kind: "copy" }> = {
  kind: "copy",
  input: 0,
  src: "/",
  dest: "/",
  followSymlinks: false,
  dirCopyContents: true,
  attemptUnpack: false,
  allowWildcard: false,
  allowEmptyWildcard: false,
  excludePatterns: [],
};

/** The files themselves, as COPY --from and mounts see them. */
export function filesVertex(image: ResolvedImage, files: ContextFiles, range?: SourceRange): Vertex {
  const meta = {
    name: `[context ${files.name}] load ${publicUrl(files.source.identifier)}`,
    ...given({ source: range }),
    ignoreCache: false,
    internal: true,
    slot: `context/${files.name}`,
  };
  return vertex(files.source, [], image.platform, meta);
}

/** The same as what a stage starts with: one layer, made of what is in a directory. */
export function filesBaseVertex(image: ResolvedImage, files: ContextFiles, name: string, range: SourceRange, stage: string): Vertex {
  const source = filesVertex(image, files, range);
  return vertex({ kind: "file", base: -1, actions: [{ ...COPY_ALL, range }] }, [source], image.platform, {
    name,
    ...(stage === "" ? {} : { stage }),
    source: range,
    ignoreCache: false,
    internal: false,
    slot: `context/${files.name}/base`,
  });
}
