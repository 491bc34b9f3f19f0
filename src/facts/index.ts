/** What a file tree is: its programs, C libraries, distribution, accounts, and what builds left in it. */
export { parseAccounts, parseGroups } from "./accounts.ts";
export { contentsOf } from "./contents.ts";
export { developmentPackages, isProjectModules, type PackageFiles } from "./development-packages.ts";
export { findProgram, type ProcessPlace, processPlace, programPaths, workingDirectory } from "./find-program.ts";
export { absolutePath, entryAt, environmentPath, fileAt, folderOf, lastPart, pathFiles } from "./image-paths.ts";
export { isExecutable, isProgram } from "./is-program.ts";
export { copyFactsOf, treeFactsOf } from "./kept-facts.ts";
export { ldConf, ldConfFolders, localFolders } from "./ld-conf.ts";
export { findLibraries, loaderFolders } from "./ldconfig.ts";
export { isCache, isGitRepository, outermostFolder } from "./leftovers.ts";
export { libcOfLoader, muslLoader } from "./libc.ts";
export { isLibraryName } from "./library-name.ts";
export { formatOsRelease, type OsRelease, readOsRelease } from "./os-release.ts";
export { type ProgramKind, programName } from "./program-names.ts";
export { findPrograms, type FoundProgram } from "./programs.ts";
export { parseJson } from "./small-file.ts";
export type { BuildTool, CopiedPart, CopyFacts, Libc, LibcKind, LibcNeed, TreeFacts } from "./types.ts";
