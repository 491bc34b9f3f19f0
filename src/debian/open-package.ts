/** A .deb of an archive: fetched into the store by its hash, opened, and compared with what the index says of it. */
import type { RandomAccess } from "./ar.ts";
import type { BinaryPackage } from "./binary-package.ts";
import { type ArchiveContext, fetchFile } from "./context.ts";
import { type Deb, openDeb } from "./deb.ts";
import { packageError } from "./errors.ts";
import { packageUrl } from "./sources.ts";

/** Throws `DEBIAN_ARCHIVE`, `DEBIAN_PACKAGE`. */
export async function openPackage(context: ArchiveContext, binary: BinaryPackage, elsewhere: readonly string[]): Promise<Deb> {
  const urls = [binary.uri, ...elsewhere].map((uri) => packageUrl(uri, binary.filename));
  await fetchFile(context, urls, binary);
  const { blobs } = context.store;
  const file: RandomAccess = {
    name: binary.filename.slice(binary.filename.lastIndexOf("/") + 1),
    size: binary.size,
    read: (start, length) => blobs.open(binary.digest, { start, length }),
  };
  const deb = await openDeb(file);
  for (const [field, value] of [
    ["Package", binary.name],
    ["Version", binary.version],
    ["Architecture", binary.architecture],
  ] as const) {
    const actual = deb.control.get(field.toLowerCase()) ?? "";
    if (actual !== value) throw packageError(file.name, `its control file says ${field} "${actual}"; the index says "${value}"`);
  }
  return deb;
}
