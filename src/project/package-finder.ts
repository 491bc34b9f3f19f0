/** Which Debian packages would close a gap: asks the archive of the image's own release, and only when there is a gap. */
import type { RunAuditOptions } from "../audit/index.ts";
import { createArchive, debianArchitecture, debianRelease, debianSources, loadKeyring } from "../debian/index.ts";
import { isDecantError } from "../errors.ts";
import type { Emit } from "../events.ts";
import type { Platform } from "../oci/index.ts";
import type { OsRelease } from "../facts/index.ts";
import { step } from "../step.ts";
import { archiveAccess } from "./open-base.ts";
import type { DebianSettings } from "./types.ts";
import type { Session } from "../context/index.ts";

/** What is looked up with. */
interface PackageFinderContext {
  readonly session: Session;
  /** Of the project file. */
  readonly debian: DebianSettings;
  readonly platform: Platform;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

const VERTEX = "packages";
/** A day: which package brings a library changes rarely. */
const MAX_AGE_MS = 24 * 60 * 60 * 1000;

/** For `runAudit`. If the archive is unreachable, it warns, and the audit still reports the gap. */
export function packageFinder(context: PackageFinderContext): NonNullable<RunAuditOptions["whoHas"]> {
  return async (queries, os) => {
    const codename = codenameOf(os);
    if (codename === undefined) return new Map();
    const { emit, signal } = context;
    try {
      return await step(emit, { vertex: VERTEX, name: `looking up packages of Debian ${codename}` }, signal, () =>
        ask(context, codename, queries),
      );
    } catch (error) {
      signal.throwIfAborted();
      if (!isDecantError(error)) throw error;
      emit({
        type: "warning",
        code: "PackagesUnknown",
        message: `The packages that would close gaps are not known: ${error.message}`,
      });
      return new Map();
    }
  };
}

async function ask(
  { session, debian, platform, emit, signal }: PackageFinderContext,
  codename: string,
  queries: readonly string[],
): Promise<ReadonlyMap<string, readonly string[]>> {
  const { mirrors, keyring, offline = false, acceptExpired = false } = archiveAccess(debian, session, { emit, signal, vertex: VERTEX });
  const archive = createArchive(session.store, debianSources(codename, mirrors), {
    ...(keyring === undefined ? {} : { keyring: await loadKeyring(keyring) }),
    offline,
    acceptExpired,
    maxAgeMs: MAX_AGE_MS,
    emit,
    vertex: VERTEX,
    network: session.network,
    signal,
  });
  return await archive.whoHas(queries, debianArchitecture(platform));
}

function codenameOf(os: OsRelease | undefined): string | undefined {
  if (os?.id !== "debian") return undefined;
  const { codename, versionId = "" } = os;
  // Google's distroless images have no code name in theirs.
  return codename ?? debianRelease(versionId)?.codename;
}
