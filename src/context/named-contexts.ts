/**
 * `--build-context NAME=VALUE` (F68): what stands in for images and stages of that name. Values: a folder, a git reference, the URL of a
 * file, `docker-image://REF`, `oci-layout://PATH[:TAG|@DIGEST]`, `distroless:RECIPE`.
 */
import { resolve } from "node:path";
import { isDigest } from "../digest.ts";
import type { LocalContext } from "../engine/index.ts";
import { isDecantError, unsupported, usageError } from "../errors.ts";
import { type Followed, follows } from "../followed.ts";
import { given } from "../given.ts";
import { type ContextFiles, gitSourceOp, parseGitUrl } from "../graph/index.ts";
import { formatPlatform, formatReference, parsePlatform, parseReference, type Platform } from "../oci/index.ts";
import { contextFolder } from "./folder.ts";
import { httpSourceOp } from "./download-file.ts";

/** What a name stands for. */
export type NamedContext =
  | { readonly kind: "files"; readonly files: ContextFiles }
  /** A reference, or "distroless:RECIPE". */
  | { readonly kind: "image"; readonly name: string }
  | { readonly kind: "oci-layout"; readonly path: string; readonly selector?: string };

/** The named contexts of a build. */
export interface NamedContexts {
  find(name: string, platform: Platform): NamedContext | undefined;
  /** Folders by the name in their "local://" identifier. */
  readonly folders: Readonly<Record<string, LocalContext>>;
}

/** Reads the values; folders must be there. Throws `USAGE`, `CONTEXT`, `GIT_SOURCE`, `UNSUPPORTED`. */
export async function namedContexts(
  values: Readonly<Record<string, string>>,
  cwd: string,
  host: Platform,
  followed?: Followed,
): Promise<NamedContexts> {
  const contexts = new Map<string, NamedContext>();
  const folders: Record<string, LocalContext> = {};
  for (const [name, value] of Object.entries(values)) {
    const { key, shown } = readName(name, host);
    const context = readValue(shown, value, cwd, followed);
    if (context.kind === "files" && context.files.source.identifier.startsWith("local://"))
      folders[shown] = { kind: "folder", path: await contextFolder(resolve(cwd, value)), name: `context "${shown}"` };
    contexts.set(key, context);
  }
  return {
    folders,
    find: (name, platform) => {
      const key = canonical(name);
      return contexts.get(`${key}::${formatPlatform(platform)}`) ?? contexts.get(key);
    },
  };
}

function readName(name: string, host: Platform): { readonly key: string; readonly shown: string } {
  const at = name.indexOf("::");
  const bare = at < 0 ? name : name.slice(0, at);
  if (bare === "" || bare === "context" || bare === "dockerfile" || bare === "scratch")
    throw usageError(`Cannot use --build-context "${name}": "${bare}" cannot be the name of a context; wanted NAME=VALUE`);
  const key = canonical(bare);
  return { key: at < 0 ? key : `${key}::${formatPlatform(parsePlatform(name.slice(at + 2), host))}`, shown: name };
}

/** "alpine" and "docker.io/library/alpine:latest" are one name. */
function canonical(name: string): string {
  try {
    return formatReference(parseReference(name));
  } catch (error) {
    if (!isDecantError(error, "REFERENCE")) throw error;
    return name;
  }
}

function readValue(name: string, value: string, cwd: string, followed: Followed | undefined): NamedContext {
  if (value === "") throw usageError(`Cannot use --build-context "${name}": it has no value; wanted NAME=VALUE`);
  if (value.startsWith("docker-image://")) return { kind: "image", name: value.slice("docker-image://".length) };
  if (value.startsWith("distroless:")) return { kind: "image", name: value };
  if (value.startsWith("oci-layout://")) return layoutOf(value.slice("oci-layout://".length), cwd);
  if (value.startsWith("target:")) throw unsupported(`--build-context ${name}=${value}`, { row: "F69" });
  const git = parseGitUrl(value, { asContext: true });
  if (git !== undefined) return { kind: "files", files: { name, source: gitSourceOp(git) } };
  if (/^https?:\/\//.test(value)) {
    const filename = follows(followed, "context-url-file") ? "context" : urlFilename(value);
    return { kind: "files", files: { name, source: httpSourceOp(value, filename) } };
  }
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1];
  if (scheme !== undefined) throw unsupported(`--build-context ${name}=${scheme}://…`, { row: "F68" });
  return { kind: "files", files: { name, source: { kind: "source", identifier: `local://${name}`, attrs: {} } } };
}

function layoutOf(text: string, cwd: string): NamedContext {
  const found = /^(.*?)(?:@([a-z0-9]+:[0-9a-f]+)|:([\w][\w.-]*))?$/s.exec(text);
  const [, path = text, digest, tag] = found ?? [];
  if (digest !== undefined && !isDigest(digest)) throw usageError(`Cannot use "oci-layout://${text}": "${digest}" is no digest`);
  const selector = digest ?? tag;
  return { kind: "oci-layout", path: resolve(cwd, path), ...given({ selector }) };
}

function urlFilename(text: string): string {
  const last = URL.parse(text)
    ?.pathname.split("/")
    .findLast((part) => part !== "");
  return last === undefined || /^\.{1,2}$|%2f|%00/i.test(last) ? "context" : last;
}
