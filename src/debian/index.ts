/** Debian archives: verified indexes, versions, control files and packages. */
export { type Archive, createArchive } from "./archive.ts";
export { type BinaryPackage } from "./binary-package.ts";
export { changelogOf } from "./changelog.ts";
export { type ContentsQuery } from "./contents.ts";
export { parseRelations, parseStanza, type Stanza, type VersionConstraint } from "./control.ts";
export { debianRelease } from "./debian-releases.ts";
export { type Deb, type ScriptName } from "./deb.ts";
export { download, type HttpOptions } from "./http.ts";
export { loadKeyring } from "./keyring.ts";
export { type CurrentRelease } from "./releases.ts";
export { type Ignored, type VersionConstraints } from "./resolution.ts";
export { type ArchiveSource, debianArchitecture, debianSources, type Mirrors, snapshotUri } from "./sources.ts";
export { compareVersions, parseVersion } from "./version.ts";
export { watchTransfer } from "./watch-transfer.ts";
