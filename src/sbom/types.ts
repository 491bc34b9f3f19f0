/** What an image is made of, as its own records say. Plain data. */
import type { Digest } from "../digest.ts";
import type { OsRelease } from "../facts/index.ts";
import type { Platform } from "../oci/index.ts";
import type { TreePath } from "../paths.ts";

/** Where a package comes from. "generic": no package manager knows it (Node.js of its own). */
export type PackageKind = "deb" | "apk" | "npm" | "pypi" | "gem" | "composer" | "nuget" | "golang" | "maven" | "generic";

/** One package that is in a tree. */
export interface InventoryPackage {
  readonly kind: PackageKind;
  /** With scope or group where there is one: "@types/node", "org.slf4j:slf4j-api". */
  readonly name: string;
  readonly version: string;
  /** In the words of its package manager: "amd64", "all", "x86_64". */
  readonly architecture?: string;
  /** The source package, where the record names one or Debian's rules give one. */
  readonly source?: { readonly name: string; readonly version: string };
  /** Package URL (purl-spec): "pkg:deb/debian/libc6@2.41-12?arch=amd64&distro=debian-13". */
  readonly purl: string;
  /** CPE 2.3, where scanners match by it and not by the purl. */
  readonly cpe?: string;
  /** SPDX licence expressions as the package declares them; what SPDX has no name for, and text that no machine reads, is a LicenseRef of `Inventory.licenceTexts`. */
  readonly licences: readonly string[];
  /** Its files and links that are in the tree, sorted as layers are; directories are left out. */
  readonly files: readonly TreePath[];
  /** The file that told of it. */
  readonly location: TreePath;
  /** "Name <mail>" as written. */
  readonly maintainer?: string;
  readonly homepage?: string;
  /** The first line. */
  readonly summary?: string;
  /** What it needs: one of the names of each inner list. Versions are left out: what is there was checked when it was installed. */
  readonly requires: readonly (readonly string[])[];
  /** Other names under which packages of its kind may need it. */
  readonly provides: readonly string[];
}

/** A record that could not be used: what it describes is missing from the inventory. */
export interface UnreadRecord {
  readonly path: TreePath;
  /** A sentence's end: "its version is missing". */
  readonly why: string;
}

/** All that is known of a tree. */
export interface Inventory {
  readonly os?: OsRelease;
  /** Sorted by kind, name, version and location. */
  readonly packages: readonly InventoryPackage[];
  /** The texts behind LicenseRefs: of licences that SPDX has no name for, and of copyright files that no machine reads. */
  readonly licenceTexts: ReadonlyMap<string, string>;
  readonly unread: readonly UnreadRecord[];
}

/** What a document is about. */
export interface SbomSubject {
  /** The image's name as a person writes it, or the folder's. */
  readonly name: string;
  readonly kind: "image" | "directory";
  /** Where the image is, for its package URL: "ghcr.io/org/app:v1". */
  readonly reference?: string;
  readonly platform: Platform;
  /** The manifest's digest. */
  readonly digest?: Digest;
  /** When the image was made: RFC 3339, or seconds since 1970 as SOURCE_DATE_EPOCH. Default: 1970. */
  readonly created?: string;
}

/** How a document is written. */
export interface DocumentOptions {
  readonly subject: SbomSubject;
  /** Sums of the packages' files by path, to list them; see `fileSums`. Absent: files are not listed. */
  readonly files?: ReadonlyMap<TreePath, FileSums> | undefined;
}

/** The sums of one regular file, in hexadecimal. */
export interface FileSums {
  readonly sha256: string;
  /** SPDX wants it. */
  readonly sha1?: string;
}
