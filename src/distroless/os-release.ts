/** /usr/lib/os-release of a base: what Debian's says, and which base this is. Pure. */
import { debianRelease } from "../debian/index.ts";
import { formatOsRelease } from "../facts/index.ts";

/** The text for a recipe of a suite. Scanners choose their data by ID, VERSION_ID and VERSION_CODENAME. */
export function osRelease({ suite, name }: { readonly suite: string; readonly name: string }): string {
  const version = debianRelease(suite)?.version;
  return formatOsRelease([
    ["PRETTY_NAME", "Distroless"],
    ["NAME", "Debian GNU/Linux"],
    ["ID", "debian"],
    ...(version === undefined ? [] : [["VERSION_ID", version] as const, ["VERSION", `Debian GNU/Linux ${version} (${suite})`] as const]),
    ["VERSION_CODENAME", suite],
    ["VARIANT", name],
    ["VARIANT_ID", name.toLowerCase().replaceAll(/[^a-z0-9._-]/g, "-")],
    ["HOME_URL", "https://www.debian.org/"],
    ["SUPPORT_URL", "https://www.debian.org/support"],
    ["BUG_REPORT_URL", "https://bugs.debian.org/"],
  ]);
}
