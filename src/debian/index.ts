/** Debian archives: verified indexes, versions, control files and packages. */
export { type RandomAccess } from "./ar.ts";
export { type Archive, createArchive } from "./archive.ts";
export { type ArchiveOptions } from "./context.ts";
export { parseRelations, parseStanza, parseStanzas, type Relation, scanPackages, type Stanza, type VersionOperator } from "./control.ts";
export { type Deb, type DebLimits, openDeb } from "./deb.ts";
export { download, type HttpOptions } from "./http.ts";
export { type Release } from "./release.ts";
export { type CurrentRelease } from "./releases.ts";
export { type BinaryPackage, type PackageIndex, selectPackages } from "./resolve.ts";
export { DEFAULT_KEYRING, type Keyring, keyringOf, loadKeyring, type SignedText, type Signer, verifyInline } from "./signature.ts";
export { type ArchiveSource, debianArchitecture, debianSources, type Mirrors } from "./sources.ts";
export { compareVersions, type DebianVersion, parseVersion, satisfiesVersion } from "./version.ts";
export { watchTransfer } from "./watch-transfer.ts";
