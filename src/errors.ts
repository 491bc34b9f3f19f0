/**
 * The one error class of Decant, and the codes its callers may test.
 * Factories live in each room's `errors.ts`; `docs/errors.md` has a heading for every code.
 */
import type { SourceRange } from "./source.ts";
import { SUPPORT } from "./support.ts";
import type { SupportId } from "./support-row.ts";

/** Stable within a major version. Test `code`, never the text of a message. */
export type ErrorCode =
  | "USAGE"
  | "UNSUPPORTED"
  | "LIMIT"
  | "NOT_FOUND"
  | "DOCKERFILE_NOT_FOUND"
  | "DOCKERFILE_SYNTAX"
  | "DOCKERFILE_SEMANTIC"
  | "DOCKERFILE_CHECK"
  | "CONTEXT"
  | "COPY_SOURCE_MISSING"
  | "COPY_CONFLICT"
  | "CONFIG_FILE"
  | "REFERENCE"
  | "DIGEST"
  | "BLOB_DIGEST"
  | "BLOB_SIZE"
  | "BLOB_MISSING"
  | "MEDIA_TYPE"
  | "MANIFEST"
  | "PLATFORM"
  | "IMAGE_NOT_FOUND"
  | "REGISTRY"
  | "REGISTRY_UNREACHABLE"
  | "REGISTRY_AUTH"
  | "REGISTRY_DENIED"
  | "REGISTRY_RATE_LIMIT"
  | "CACHE"
  | "CREDENTIAL_HELPER"
  | "TAR"
  | "ARCHIVE"
  | "ELF"
  | "PATH_ESCAPE"
  | "WHITEOUT"
  | "STORE"
  | "STORE_FULL"
  | "STORE_READ_ONLY"
  | "STORE_LOCKED"
  | "STORE_CORRUPT"
  | "NOT_CACHED"
  | "NOT_REPRODUCIBLE"
  | "REPLAY"
  | "SECRET_IN_IMAGE"
  | "RUN_FAILED"
  | "RUN_USER"
  | "CONTAINER_NOT_FOUND"
  | "RUNTIME_MISSING"
  | "RUNTIME"
  | "PRIVILEGE"
  | "SYSCALL"
  | "HTTP_SOURCE"
  | "GIT_SOURCE"
  | "CHECKSUM"
  | "LOCK"
  | "SOURCE_POLICY"
  | "DEBIAN_SIGNATURE"
  | "DEBIAN_EXPIRED"
  | "DEBIAN_ARCHIVE"
  | "DEBIAN_PACKAGE"
  | "DEBIAN_DEPENDENCY"
  | "NODE_PACKAGE"
  | "RECIPE"
  | "RECIPE_LOCK"
  | "RECIPE_DRIFT"
  | "EXPORT"
  | "BUILDER"
  | "AUDIT"
  | "SIGNATURE"
  | "SIGNING"
  | "BUDGET"
  | "INTERNAL";

/** What an error carries besides its code and message. */
interface DecantErrorOptions {
  /** An imperative that tells what to do, to be pasted where that makes sense. */
  readonly hint?: string | undefined;
  /** Where in the user's text the cause is, most important first. */
  readonly source?: readonly SourceRange[] | undefined;
  /** Plain JSON for programs. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

const MAX_MESSAGE_CHARS = 8192;

/** Every failure that a user or a library caller can meet. */
export class DecantError extends Error {
  override readonly name: string = "DecantError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly source: readonly SourceRange[];
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: DecantErrorOptions = {}) {
    super(bounded(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.source = options.source ?? [];
    this.details = options.details ?? {};
  }
}

/** What a stranger wrote is quoted in messages, and may be long: its middle goes, what is wrong with it stays. */
function bounded(message: string): string {
  if (message.length <= MAX_MESSAGE_CHARS) return message;
  const half = MAX_MESSAGE_CHARS / 2;
  return `${message.slice(0, half)} … ${message.slice(-half)}`;
}

/** A broken invariant of our own: printed with "this is a bug". */
export class InternalError extends DecantError {
  override readonly name: string = "InternalError";

  constructor(message: string, cause?: unknown) {
    super("INTERNAL", `Internal error: ${message}`, { cause });
  }
}

/** Narrows `error`; with `code`, also to that code. */
export function isDecantError(error: unknown, code?: ErrorCode): error is DecantError {
  return error instanceof DecantError && (code === undefined || error.code === code);
}

/** The `code` of a Node system error ("ENOENT", …), or undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** Adds a source range to an error that has none, and leaves every other error as it is. */
export function withSource(error: unknown, source: SourceRange): unknown {
  if (!isDecantError(error) || error.source.length > 0) return error;
  const { code, message, hint, details } = error;
  return new DecantError(code, message, {
    source: [source],
    details,
    cause: error.cause ?? error,
    hint,
  });
}

/** A call of the public API or a flag that does not fit. */
export function usageError(message: string, hint?: string): DecantError {
  return new DecantError("USAGE", message, { hint });
}

/** Something that the field has and Decant does not have yet: never skipped in silence. */
export function unsupported(
  what: string,
  options: {
    readonly hint?: string | undefined;
    readonly source?: SourceRange;
    /** Its row in src/support.ts, which gives the hint where there is none here. */
    readonly row?: SupportId;
  } = {},
): DecantError {
  const row = SUPPORT.find(({ id }) => id === options.row);
  const hint = options.hint ?? row?.hint;
  const link = row === undefined ? undefined : `docs/reference/support.md#${row.id}`;
  const advice = link === undefined ? hint : hint === undefined ? `See ${link}` : `${hint} (${link})`;
  return new DecantError("UNSUPPORTED", `${what} is not supported${row?.state === "refused" ? "" : " yet"}`, {
    hint: advice,
    source: options.source && [options.source],
    ...(row === undefined ? {} : { details: { support: row.id } }),
  });
}

/** Exhaustiveness guard at run time, for values that came over a boundary. */
export function unreachable(value: never): never {
  throw new InternalError(`unexpected value ${JSON.stringify(value)}`);
}
