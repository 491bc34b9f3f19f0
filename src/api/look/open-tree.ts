/** What the functions of this folder look at: the files of an image of the store, a registry, a layout or an archive, or of a folder. */
import { hostTree, loadTree, type Tree } from "../../tree/index.ts";
import type { Emit } from "../../events.ts";
import { openNamedSource, type NamedSource } from "../../project/index.ts";
import { platformOf, type Session, type StoreOptions } from "../../context/index.ts";
import { workingDirectory } from "../../working-directory.ts";

/** Options that the functions share. */
export interface LookOptions extends StoreOptions {
  /** An image of the store or, where it is not there, of its registry; "oci:PATH", "docker-archive:FILE"; "dir:PATH". */
  readonly image: string;
  /** Default: the host's. */
  readonly platform?: string | undefined;
  /** Where relative paths start. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** What is open for a look. */
export interface LookContext {
  readonly session: Session;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** Opens what `options.image` names; `command` is for hints. Throws as `openNamedSource`. */
export function openLook(options: LookOptions, command: string, { session, emit, signal }: LookContext): Promise<NamedSource> {
  const platform = platformOf(session, options.platform);
  const cwd = options.cwd ?? workingDirectory();
  return openNamedSource(options.image, { session, platform, cwd, command, emit, signal });
}

/** Its files. */
export function lookTree(source: NamedSource, signal: AbortSignal): Promise<Tree> {
  return source.kind === "directory" ? Promise.resolve(hostTree(source.path)) : loadTree(source.image.layers, signal);
}
