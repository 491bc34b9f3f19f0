/** Debian archives: verified indexes, versions, control files and packages. */
export { type RandomAccess } from "./ar.ts";
export { type Archive, createArchive } from "./archive.ts";
export { type BinaryPackage } from "./binary-package.ts";
export { changelogOf } from "./changelog.ts";
export { type ContentsQuery } from "./contents.ts";
export { type ArchiveOptions } from "./context.ts";
export {
  parseRelations,
  parseStanza,
  parseStanzas,
  type Relation,
  type Stanza,
  type VersionConstraint,
  type VersionOperator,
} from "./control.ts";
export { debianRelease, type DebianRelease } from "./debian-releases.ts";
export { type Deb, type DebLimits, openDeb, type ScriptName } from "./deb.ts";
export { download, type HttpOptions } from "./http.ts";
export { DEFAULT_KEYRING, joinKeyrings, type Keyring, keyringOf, loadKeyring } from "./keyring.ts";
export { type Release } from "./release.ts";
export { type CurrentRelease } from "./releases.ts";
export { type Ignored, type Resolution, type ResolveRequest, type VersionConstraints } from "./resolution.ts";
export { type SignedText, type Signer, verifyInline } from "./signature.ts";
export { type ArchiveSource, debianArchitecture, debianSources, type Mirrors, snapshotName, snapshotUri } from "./sources.ts";
export { compareVersions, type DebianVersion, parseVersion, satisfiesVersion } from "./version.ts";
export { watchTransfer } from "./watch-transfer.ts";
