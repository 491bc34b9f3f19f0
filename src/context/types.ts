/** Options of the public API about what is built, and where. */
import type { ByteStream } from "../bytes.ts";

/** Options of every call that works on a store. */
export interface StoreOptions {
  /** Folder of the store. Default: DECANT_ROOT, else /var/lib/decant for root, else ~/.local/share/decant. */
  readonly root?: string | undefined;
  /** Environment to read DOCKER_CONFIG, CA bundles, SOURCE_DATE_EPOCH … from. Default: process.env. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What is built, and what it may be fetched with. */
export interface ContextOptions extends StoreOptions {
  /**
   * A folder; "-" for an archive or a bare Dockerfile from `stdin`; a git reference (`https://host/x.git#ref:subdir`, `git@host:path` …); the
   * URL of an archive or a Dockerfile.
   */
  readonly context: string;
  /**
   * The Dockerfile: for a folder relative to the working directory, else a path in the context; "-" reads it from `stdin`; or a URL.
   * Default: `Dockerfile` in the context.
   */
  readonly file?: string | undefined;
  /** For `context: "-"` and `file: "-"`. */
  readonly stdin?: ByteStream | undefined;
  /** Folder that relative paths in options start from. Default: the working directory. */
  readonly cwd?: string | undefined;
  readonly buildArgs?: Readonly<Record<string, string>> | undefined;
  /**
   * Named contexts: what stands in for images, stages and `--from` of that name (`name::linux/arm64`: on that platform). A folder, a git
   * reference, the URL of an archive or file, `docker-image://REF`, `oci-layout://PATH[:TAG|@DIGEST]`, `distroless:RECIPE[:VARIANT]`.
   */
  readonly buildContexts?: Readonly<Record<string, string>> | undefined;
  /** Secrets for `RUN --mount=type=secret`, and credentials of what has to be fetched. Their values are never stored. */
  readonly secrets?: readonly SecretSpec[] | undefined;
  /**
   * "git": files of context folders have the modes that git keeps (0644, 0755), so that machines with another umask have the same keys and layers.
   * Default "keep": their own.
   */
  readonly contextModes?: "keep" | "git" | undefined;
  /** SSH agents for `RUN --mount=type=ssh`, and for git over ssh. */
  readonly ssh?: readonly SshSpec[] | undefined;
}

/** A secret and where it is: `value`, the file `src`, the variable `env`; with none of them the variable, else the file, named like `id`. */
export interface SecretSpec {
  readonly id: string;
  /** At most 500 KiB. */
  readonly src?: string | undefined;
  readonly env?: string | undefined;
  readonly value?: string | Uint8Array | undefined;
  /**
   * A new value runs the steps that use it anew: their keys have a slow, salted digest of it (scrypt), never the value. Default false: as BuildKit,
   * keys know nothing of values.
   */
  readonly cacheKey?: boolean | undefined;
}

/** An SSH agent. Steps may list its keys and have something signed; they cannot add, remove or lock any. */
export interface SshSpec {
  /** What `--mount=type=ssh,id=` names; "default" without. */
  readonly id: string;
  /** Its socket, or files of private keys without passphrase. Default: the socket in SSH_AUTH_SOCK. */
  readonly paths?: readonly string[] | undefined;
}
