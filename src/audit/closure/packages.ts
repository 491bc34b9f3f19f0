/** Which Debian packages have what an image lacks: one question for all gaps of a check, and none where no archive may be asked. */
import type { AuditContext, Finding } from "../types.ts";

/** Something that is missing, and the finding about it once its packages are known. */
export interface Gap {
  /** A path ("/usr/bin/env") or the name of a library ("libpq.so.5"), as `whoHas` takes them; absent: nothing to ask. */
  readonly query?: string;
  readonly finding: (packages: readonly string[]) => Finding;
}

/** More names help nobody. */
const MAX_NAMES = 3;
const MAX_QUERIES = 500;

/** The findings of all gaps. Throws what `whoHas` throws. */
export async function findingsOf(gaps: readonly Gap[], { whoHas }: AuditContext): Promise<readonly Finding[]> {
  const queries = [...new Set(gaps.flatMap(({ query }) => (query === undefined ? [] : [query])))].slice(0, MAX_QUERIES);
  const answers = whoHas === undefined || queries.length === 0 ? undefined : await whoHas(queries);
  return gaps.map(({ query, finding }) => finding(query === undefined ? [] : (answers?.get(query) ?? [])));
}

/** "Add the Debian package libpq5, or ‹otherwise›"; without packages ‹otherwise› alone. */
export function addPackage(packages: readonly string[], otherwise: string): string {
  const [only, ...more] = packages.slice(0, MAX_NAMES);
  if (only === undefined) return otherwise;
  const names = more.length === 0 ? `package ${only}` : `packages ${[only, ...more].join(" or ")}`;
  return `Add the Debian ${more.length === 0 ? names : `${names} (one of them)`}, or ${otherwise.charAt(0).toLowerCase()}${otherwise.slice(1)}`;
}

/** For `details`: nothing where nothing is known. */
export function packageDetails(packages: readonly string[]): { readonly packages?: readonly string[] } {
  return packages.length === 0 ? {} : { packages };
}
