/** A package as an index of the archive lists it: the fields that choosing, fetching and describing it need. Pure. */
import { type Digest, parseDigest } from "../digest.ts";
import { given } from "../given.ts";
import { requiredField, type Stanza } from "./control.ts";
import { archiveError } from "./errors.ts";
import type { ArchiveSource } from "./sources.ts";
import { compareVersions, parseVersion } from "./version.ts";

/** A package with where it is. JSON-safe. Fields that the index does not have are absent. */
export interface BinaryPackage {
  readonly name: string;
  readonly version: string;
  /** As Debian names it ("amd64", "armhf") or "all". */
  readonly architecture: string;
  /** The source package that it was built from, without version. */
  readonly source: string;
  /** The source package's version, where it is not `version`. */
  readonly sourceVersion?: string;
  /** Absent is "no". */
  readonly multiArch?: "same" | "foreign" | "allowed";
  /** Present when it is `Essential: yes`. */
  readonly essential?: true;
  /** "required", "important", "standard", "optional" or "extra". */
  readonly priority?: string;
  /** The archive's estimate of what it takes on disk, in KiB. */
  readonly installedSizeKiB?: number;
  /** Dependency fields as written; `parseRelations` reads them. */
  readonly depends?: string;
  readonly preDepends?: string;
  readonly provides?: string;
  readonly conflicts?: string;
  readonly breaks?: string;
  /** Below `uri`. */
  readonly filename: string;
  /** Of the .deb, in bytes. */
  readonly size: number;
  readonly digest: Digest;
  /** The mirror and suite whose index lists it. */
  readonly uri: string;
  readonly suite: string;
  /** Its release is one whose packages are taken only where no other release has one that will do. */
  readonly notAutomatic?: true;
}

/** The fields of a Packages file that `toBinaryPackage` reads, lower-case. */
export const PACKAGE_FIELDS: readonly string[] = [
  "package", "version", "architecture", "source", "multi-arch", "essential", "priority", "installed-size",
  "depends", "pre-depends", "provides", "conflicts", "breaks", "filename", "size", "sha256",
]; // prettier-ignore

const FILENAME = /^[A-Za-z0-9][A-Za-z0-9+._~:%-]*(?:\/[A-Za-z0-9][A-Za-z0-9+._~:%-]*)*\.deb$/;
const SOURCE = /^(\S+)(?:\s+\(([^()\s]+)\))?$/;

/** Reads a paragraph of a Packages file; `url` is the file's, for messages. Throws `DEBIAN_ARCHIVE`. */
export function toBinaryPackage(stanza: Stanza, source: Pick<ArchiveSource, "uri" | "suite">, url: string): BinaryPackage {
  const name = requiredField(stanza, "Package", url);
  const where = `${url} ${name}`;
  const filename = requiredField(stanza, "Filename", where).replace(/^\.\//, "");
  const size = requiredField(stanza, "Size", where);
  if (!FILENAME.test(filename)) throw archiveError(where, `its file name "${filename}" is not a path below the mirror`);
  if (!/^\d{1,12}$/.test(size)) throw archiveError(where, `its size "${size}" is not a number of bytes`);
  const version = requiredField(stanza, "Version", where);
  parseVersion(version);
  const [, sourceName = name, sourceVersion] = SOURCE.exec(stanza.get("source") ?? "") ?? [];
  return {
    name,
    version,
    architecture: requiredField(stanza, "Architecture", where),
    source: sourceName,
    ...given({ sourceVersion }),
    ...traits(stanza),
    ...relations(stanza),
    filename,
    size: Number(size),
    digest: parseDigest(`sha256:${requiredField(stanza, "SHA256", where)}`),
    uri: source.uri,
    suite: source.suite,
  };
}

/** Below 0 when `a` is taken before `b`: releases that are to be used by themselves come first, then the highest version. */
export function comparePreference(a: BinaryPackage, b: BinaryPackage): number {
  return Number(a.notAutomatic ?? false) - Number(b.notAutomatic ?? false) || compareVersions(b.version, a.version);
}

type Traits = Pick<BinaryPackage, "multiArch" | "essential" | "priority" | "installedSizeKiB">;

function traits(stanza: Stanza): Traits {
  const multiArch = stanza.get("multi-arch");
  const priority = stanza.get("priority");
  const installedSize = stanza.get("installed-size") ?? "";
  return {
    ...(multiArch === "same" || multiArch === "foreign" || multiArch === "allowed" ? { multiArch } : {}),
    ...(stanza.get("essential") === "yes" ? { essential: true } : {}),
    ...given({ priority }),
    ...(/^\d{1,12}$/.test(installedSize) ? { installedSizeKiB: Number(installedSize) } : {}),
  };
}

type Relations = Pick<BinaryPackage, "depends" | "preDepends" | "provides" | "conflicts" | "breaks">;

function relations(stanza: Stanza): Relations {
  const fields = [
    ["depends", "depends"],
    ["preDepends", "pre-depends"],
    ["provides", "provides"],
    ["conflicts", "conflicts"],
    ["breaks", "breaks"],
  ] as const;
  const found: { -readonly [Field in keyof Relations]: Relations[Field] } = {};
  for (const [key, field] of fields) {
    const value = stanza.get(field);
    if (value !== undefined && value !== "") found[key] = value;
  }
  return found;
}
