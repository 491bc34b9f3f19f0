/** The distribution in the words of scanners. */
import type { OsRelease } from "../facts/index.ts";

/** The value of `distro` as scanners look it up: "debian-13"; "debian-sid" where there is no version. */
export function distroOf(os: OsRelease | undefined): string | undefined {
  if (os === undefined) return undefined;
  const version = os.versionId ?? os.codename;
  return version === undefined ? os.id : `${os.id}-${version}`;
}
