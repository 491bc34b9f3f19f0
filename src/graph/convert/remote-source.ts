/** What ADD fetches: git repositories, and files of http(s) (rules S91 to S93). */
import type { AddInstruction, CopyInstruction } from "../../dockerfile/index.ts";
import { withSource } from "../../errors.ts";
import { isDigest } from "../../digest.ts";
import { given } from "../../given.ts";
import type { SourceRange } from "../../source.ts";
import { publicUrl } from "../../url-secrets.ts";
import { type GitRef, gitSourceOp, isChecksum, parseGitUrl } from "../git-url.ts";
import type { SourceOp } from "../ops.ts";
import { semanticError } from "./errors.ts";
import { checkImagePath } from "./image-path.ts";

/** A source that is not of this machine. */
interface RemoteSource {
  readonly op: SourceOp;
  /** What the file is called in what the op gives; absent for a repository. */
  readonly filename?: string;
}

/** A source as it is once variables are filled in. */
interface Source {
  readonly text: string;
  readonly range: SourceRange;
}

/** Reads a source; undefined for one of the context. Throws `DOCKERFILE_SEMANTIC`, also for COPY of what only ADD takes, and `GIT_SOURCE`. */
export function remoteSource(
  instruction: CopyInstruction | AddInstruction,
  source: Source,
  checksum: string | undefined,
): RemoteSource | undefined {
  const git = gitRefAt(source);
  if (git !== undefined) return { op: addedGit(instruction, git, checksum, source.range) };
  if (!isHttpUrl(source.text)) return undefined;
  if (instruction.kind === "copy")
    throw semanticError(`Cannot copy "${publicUrl(source.text)}": source can't be a URL for COPY`, source.range, "Use ADD");
  const filename = urlFilename(source.text);
  checkImagePath(filename, source.range);
  const attrs = { "http.filename": filename, ...given({ "http.checksum": checksum }) };
  return { op: { kind: "source", identifier: source.text, attrs }, filename };
}

/** Does `--checksum` fit the sources? Throws `DOCKERFILE_SEMANTIC` where not. */
export function checkChecksum(checksum: string, range: SourceRange | undefined, sources: readonly Source[]): void {
  const [only] = sources;
  if (sources.length !== 1 || only === undefined)
    throw semanticError("Cannot check several sources: checksum can't be specified for multiple sources", range);
  const isGit = parseGitUrl(only.text) !== undefined;
  if (!isHttpUrl(only.text) && !isGit)
    throw semanticError(
      "Cannot check a local source: checksum requires HTTP(S) or Git sources",
      range,
      "Leave --checksum out: files of the context are compared by their content anyway",
    );
  if (isGit && !isChecksum(checksum))
    throw semanticError(`Cannot use checksum "${checksum}": wanted the id of a commit, or how it begins`, range);
  if (!isDigest(checksum) && !isGit)
    throw semanticError(`Cannot use checksum "${checksum}": wanted sha256: and 64 hexadecimal digits`, range);
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text);
}

function gitRefAt(source: { readonly text: string; readonly range: SourceRange }): GitRef | undefined {
  try {
    return parseGitUrl(source.text);
  } catch (error) {
    throw withSource(error, source.range);
  }
}

/** The flags of ADD joined to what the reference itself says. */
function addedGit(instruction: CopyInstruction | AddInstruction, git: GitRef, checksum: string | undefined, range: SourceRange): SourceOp {
  const shown = publicUrl(git.remote);
  if (instruction.kind === "copy") throw semanticError(`Cannot copy "${shown}": source can't be a git ref for COPY`, range, "Use ADD");
  if (checksum !== undefined && git.checksum !== undefined && checksum !== git.checksum)
    throw semanticError(`Cannot use --checksum=${checksum}: the reference itself wants "${git.checksum}"`, range);
  const keepGitDir = instruction.keepGitDir?.value ?? git.keepGitDir;
  if (git.keepGitDir !== undefined && git.keepGitDir !== keepGitDir)
    throw semanticError(
      `Cannot use --keep-git-dir=${keepGitDir}: the reference itself says ${git.keepGitDir} (inconsistent keep-git-dir configuration)`,
      range,
    );
  // ADD gives files the times of its own, as in BuildKit: mtime is for contexts.
  return gitSourceOp({ ...git, mtime: "checkout", ...given({ checksum: checksum ?? git.checksum, keepGitDir }) }, "default");
}

/** As Go's path.Base of the decoded path: "a%2Fb" is "b". BuildKit calls what cannot be a name "__unnamed__", and ".." "download". */
export function urlFilename(text: string): string {
  const last = decoded(URL.parse(text)?.pathname ?? "")
    .split("/")
    .findLast((part) => part !== "");
  if (last === undefined || last === ".") return "__unnamed__";
  return last === ".." ? "download" : last;
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
