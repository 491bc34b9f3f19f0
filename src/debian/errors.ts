/** The errors of the debian room: one factory per code, so that every message starts the same way. */
import { DecantError } from "../errors.ts";

interface Extra {
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** `DEBIAN_SIGNATURE`: `what` has no signature that we can trust. */
export function signatureError(what: string, why: string, extra: Extra = {}): DecantError {
  return new DecantError("DEBIAN_SIGNATURE", `Cannot trust "${what}": ${why}`, extra);
}

/** `DEBIAN_EXPIRED`: a release file, or the key that signed it, is past its time. */
export function expiredError(what: string, why: string): DecantError {
  return new DecantError("DEBIAN_EXPIRED", `Cannot use "${what}": ${why}`, {
    hint: "Check the clock of this machine and whether the mirror is up to date; accept expired releases only for a frozen archive such as snapshot.debian.org",
  });
}

/** `DEBIAN_ARCHIVE`: an index or a mirror is not as it should be. */
export function archiveError(what: string, why: string, extra: Extra = {}): DecantError {
  return new DecantError("DEBIAN_ARCHIVE", `Cannot use "${what}": ${why}`, extra);
}

/** `DEBIAN_PACKAGE`: a .deb is damaged or hostile. */
export function packageError(what: string, why: string, extra: Extra = {}): DecantError {
  return new DecantError("DEBIAN_PACKAGE", `Cannot unpack package "${what}": ${why}`, extra);
}

/**
 * `DEBIAN_DEPENDENCY`: packages that are wanted and not in the archive. `near`: what may have been meant, as a hint; `virtual`: of which names there are only
 * providers, and which.
 */
export function missingError(
  names: readonly string[],
  architecture: string,
  { near, virtual = [] }: { readonly near: string; readonly virtual?: readonly string[] },
): DecantError {
  const list = names.map((name) => `"${name}"`).join(", ");
  const why = [`the indexes have no such package for ${architecture}`, ...virtual].join("; ");
  const general = virtual.length === 0 ? "Check the spelling, the suite and its components" : "Name one of the packages that provide it";
  return new DecantError("DEBIAN_DEPENDENCY", `Cannot find ${names.length === 1 ? "package" : "packages"} ${list}: ${why}`, {
    hint: near === "" ? general : near,
    details: { missing: names, architecture },
  });
}

/** `DEBIAN_DEPENDENCY`: something that `wanted` needs is unavailable; `why` begins with the chain. */
export function unmetError(wanted: string, why: string, extra: Extra = {}): DecantError {
  return new DecantError("DEBIAN_DEPENDENCY", `Cannot install package "${wanted}" with what it needs: ${why}`, {
    hint: "Add a source that has it, choose a package that does not need it, or ignore the dependency if you do not need it",
    ...extra,
  });
}
