/**
 * References to git repositories, in the forms that BuildKit knows (rule S92): `https://host/x.git`, `git://`, `ssh://`, `user@host:path`,
 * each with `#ref:subdir` or a query. Pure; nothing here may reach git that git could take for an option.
 */
import { DecantError } from "../errors.ts";
import { given } from "../given.ts";
import { publicUrl } from "../url-secrets.ts";
import type { SourceOp } from "./ops.ts";

/** A repository, and what of it is wanted. Absent fields: the repository's default. */
export interface GitRef {
  /** What git is given, credentials and all. */
  readonly remote: string;
  /** A branch, a tag, a full name ("refs/heads/x") or a commit's whole id; absent: HEAD. */
  readonly ref?: string;
  /** Without leading and trailing slash. */
  readonly subdir?: string;
  /** The commit's id, or how it begins. */
  readonly checksum?: string;
  readonly keepGitDir?: boolean;
  /** False: submodules are left out. */
  readonly submodules?: boolean;
  readonly mtime?: "checkout" | "commit";
  /** Fetch the commit of `checksum`, wherever `ref` is by now. */
  readonly fetchByCommit?: boolean;
}

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

const QUERY_KEYS = [
  "ref",
  "tag",
  "branch",
  "subdir",
  "checksum",
  "commit",
  "keep-git-dir",
  "submodules",
  "mtime",
  "fetch-by-commit",
] as const;

/** Keys that need no value: it is true then. */
const FLAG_KEYS: ReadonlySet<string> = new Set(["keep-git-dir", "submodules", "fetch-by-commit"]);

/**
 * Reads `text`; undefined when it is no git reference (a path, or the URL of a file). `asContext` also takes `github.com/owner/name`, which
 * in ADD is a path. Throws `GIT_SOURCE` for a git reference that cannot be used.
 */
export function parseGitUrl(text: string, options: { readonly asContext?: boolean } = {}): GitRef | undefined {
  if (options.asContext === true && text.startsWith("github.com/")) return parseUrl(`https://${text}`, text, true);
  if (/^(?:https?|git|ssh):\/\//i.test(text)) return parseUrl(text, text, false);
  return parseScp(text);
}

/** The op of LLB for `git`, with its attribute names. `agent` names the SSH agent that a remote over ssh needs; without, the user's own ssh is used. */
export function gitSourceOp(git: GitRef, agent?: string): SourceOp {
  const place = `${git.ref ?? ""}${git.subdir === undefined ? "" : `:${git.subdir}`}`;
  return {
    kind: "source",
    identifier: `git://${shortRemote(git.remote)}${place === "" ? "" : `#${place}`}`,
    attrs: {
      "git.fullurl": git.remote,
      ...given({ "git.checksum": git.checksum }),
      ...(git.keepGitDir === true ? { "git.keepgitdir": "true" } : {}),
      ...(git.submodules === false ? { "git.skipsubmodules": "true" } : {}),
      ...(git.mtime === "commit" ? { "git.mtime": "commit" } : {}),
      ...(git.fetchByCommit === true ? { "git.fetchbycommit": "true" } : {}),
      ...(agent === undefined || !isSshRemote(git.remote) ? {} : { "git.mountsshsock": agent }),
    },
  };
}

/** What `gitSourceOp` was made of. */
export function gitRefOf(op: SourceOp): GitRef {
  // Names of folders may have line breaks.
  const place = /#([^:]*)(?::(.*))?$/s.exec(op.identifier);
  const { attrs } = op;
  return {
    remote: attrs["git.fullurl"] ?? op.identifier.replace(/#.*$/s, ""),
    ...(place?.[1] === undefined || place[1] === "" ? {} : { ref: place[1] }),
    ...(place?.[2] === undefined ? {} : { subdir: place[2] }),
    ...given({ checksum: attrs["git.checksum"] }),
    ...(attrs["git.keepgitdir"] === undefined ? {} : { keepGitDir: true }),
    ...(attrs["git.skipsubmodules"] === undefined ? {} : { submodules: false }),
    ...(attrs["git.mtime"] === "commit" ? { mtime: "commit" } : {}),
    ...(attrs["git.fetchbycommit"] === undefined ? {} : { fetchByCommit: true }),
  };
}

/** True where git talks ssh. */
export function isSshRemote(remote: string): boolean {
  return remote.startsWith("ssh://") || !remote.includes("://");
}

/** A remote without credentials: for git, and for keys. Messages show `publicUrl`. */
export function withoutCredentials(remote: string): string {
  // The last "@" ends them, as URLs are read: a password may have one.
  return remote.replace(/^([a-z]+:\/\/)[^/?#]*@/i, "$1");
}

function shortRemote(remote: string): string {
  return withoutCredentials(remote)
    .replace(/^[a-z]+:\/\//i, "")
    .replace(/^[\w.-]+@([\w.-]+):/, "$1/");
}

function parseUrl(url: string, text: string, isContextForm: boolean): GitRef | undefined {
  const parsed = URL.parse(url);
  if (parsed === null) return undefined;
  const { protocol, hash, search } = parsed;
  if (/^https?:$/.test(protocol) && !isContextForm && !parsed.pathname.endsWith(".git")) return undefined;
  if (parsed.hostname === "" || parsed.hostname.startsWith("-")) throw gitError(text, "it has no usable host name");
  parsed.hash = "";
  parsed.search = "";
  return withPlace(parsed.href, text, decoded(hash.slice(1), text), search.slice(1));
}

/** `git@github.com:owner/name.git`: the user is needed, or every path with a colon would be one. */
function parseScp(text: string): GitRef | undefined {
  const found = /^([A-Za-z0-9_][\w.-]*@[A-Za-z0-9][\w.-]*:)([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text);
  if (found === null) return undefined;
  const [, host = "", path = "", query = "", fragment = ""] = found;
  if (path === "" || path.startsWith("-") || hasControl(path)) throw gitError(text, "it has no usable path");
  return withPlace(host + path, text, fragment, query);
}

function withPlace(remote: string, text: string, fragment: string, query: string): GitRef {
  const git: Mutable<GitRef> = { remote };
  const colon = fragment.indexOf(":");
  const ref = colon < 0 ? fragment : fragment.slice(0, colon);
  if (ref !== "") git.ref = ref;
  if (colon >= 0) setSubdir(git, text, fragment.slice(colon + 1));
  const given = new Set<string>();
  for (const [key, value] of new URLSearchParams(query)) {
    if (!QUERY_KEYS.some((known) => known === key))
      throw gitError(text, `unexpected query "${key}"`, `Keys of the query are: ${QUERY_KEYS.join(", ")}`);
    if (given.has(key)) throw gitError(text, `query "${key}" is given twice`);
    if (value === "" && !FLAG_KEYS.has(key)) throw gitError(text, `query "${key}" has no value`);
    given.add(key);
    applyQuery(git, text, key, value);
  }
  if (given.has("checksum") && given.has("commit")) throw gitError(text, "checksum and commit are one thing; wanted one of them");
  if (git.ref !== undefined && !isSafeRef(git.ref)) throw gitError(text, `"${git.ref}" cannot be a ref`);
  if (git.fetchByCommit === true && !isCommit(git.checksum ?? git.ref ?? ""))
    throw gitError(text, "fetch-by-commit needs the whole id of a commit", "Give it as checksum=");
  return git;
}

function applyQuery(git: Mutable<GitRef>, text: string, key: string, value: string): void {
  switch (key) {
    case "ref":
      return setRef(git, text, value);
    case "tag":
      return setRef(git, text, value.startsWith("refs/tags/") ? value : `refs/tags/${value}`);
    case "branch":
      return setRef(git, text, value.startsWith("refs/heads/") ? value : `refs/heads/${value}`);
    case "subdir":
      return setSubdir(git, text, value);
    case "checksum":
    case "commit":
      if (!isChecksum(value)) throw gitError(text, `"${value}" is no commit id; wanted hexadecimal digits`);
      // As it is written: ids are in lower case, and upper case fits none (BuildKit).
      git.checksum = value;
      return;
    case "mtime":
      if (value !== "checkout" && value !== "commit") throw gitError(text, `mtime is "${value}"; wanted checkout or commit`);
      git.mtime = value;
      return;
    case "keep-git-dir":
      git.keepGitDir = booleanOf(text, key, value);
      return;
    case "submodules":
      git.submodules = booleanOf(text, key, value);
      return;
    default:
      git.fetchByCommit = booleanOf(text, key, value);
  }
}

/** Said twice, it must be the same, as in BuildKit. */
function setRef(git: Mutable<GitRef>, text: string, value: string): void {
  if (git.ref !== undefined && git.ref !== value) throw gitError(text, `ref conflicts: "${git.ref}" and "${value}"`);
  git.ref = value;
}

function setSubdir(git: Mutable<GitRef>, text: string, value: string): void {
  const parts: string[] = [];
  for (const part of value.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  const subdir = parts.join("/");
  if (git.subdir !== undefined && git.subdir !== subdir) throw gitError(text, `subdir conflicts: "${git.subdir}" and "${subdir}"`);
  if (subdir !== "") git.subdir = subdir;
}

/** Could this be a commit's id, or how one begins? */
export function isChecksum(text: string): boolean {
  return /^[0-9a-fA-F]{4,64}$/.test(text);
}

/** A whole id, of sha1 or sha256. */
export function isCommit(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text);
}

/** As git check-ref-format, a little stricter; above all, never an option. */
function isSafeRef(ref: string): boolean {
  return !/^[-/.]|\.\.|@\{|[\s~^:?*[\\]|\.lock$|\/$/.test(ref) && !hasControl(ref);
}

function hasControl(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) < 32 || text.charCodeAt(at) === 127) return true;
  return false;
}

function booleanOf(text: string, key: string, value: string): boolean {
  if (/^(?:|1|t|true)$/i.test(value)) return true;
  if (/^(?:0|f|false)$/i.test(value)) return false;
  throw gitError(text, `${key} is "${value}"; wanted true or false`);
}

function decoded(fragment: string, text: string): string {
  try {
    return decodeURIComponent(fragment);
  } catch {
    throw gitError(text, "its fragment is not well encoded");
  }
}

function gitError(text: string, state: string, hint?: string): DecantError {
  return new DecantError("GIT_SOURCE", `Cannot use git reference "${publicUrl(text)}": ${state}`, { hint });
}
