/**
 * Image references: "ubuntu", "ghcr.io/owner/app:v1", "localhost:5000/a@sha256:…", read and completed as Docker does
 * (distribution-spec, "Pulling manifests", for the grammar of names and tags). Pure: no search lists, no aliases.
 */
import { isDigest, type Digest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { given } from "../given.ts";

/** A complete name of an image. With both `tag` and `digest`, the digest decides and the tag is a remark. */
export interface Reference {
  /** "docker.io", "ghcr.io", "localhost:5000", "[::1]:5000". */
  readonly registry: string;
  /** "library/ubuntu". */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** The registry of names without one. */
export const DEFAULT_REGISTRY = "docker.io";
const DEFAULT_TAG = "latest";
const OFFICIAL = "library/";
const MAX_NAME_LENGTH = 255;

const HOST_PART = "(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])";
const HOST = new RegExp(`^(?:${HOST_PART}(?:\\.${HOST_PART})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?$`);
const PATH_PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*";
const REPOSITORY = new RegExp(`^${PATH_PART}(?:/${PATH_PART})*$`);
const TAG = /^\w[\w.-]{0,127}$/;

/** For a place of an image, as copy and others take it, where only a name will do. */
function placeHint(text: string): string | undefined {
  return /^(?:oci|oci-archive|docker-archive|docker|store):/.test(text)
    ? `Bring it into the store first: decant copy ${text} store:NAME`
    : undefined;
}

/**
 * Parses a familiar or canonical reference. A name with neither tag nor digest gets ":latest", unless `defaultTag` is null.
 * Throws `REFERENCE`.
 */
export function parseReference(text: string, options: { readonly defaultTag?: string | null } = {}): Reference {
  // Such a name would be taken for an image id wherever ids are accepted.
  if (/^[a-f0-9]{64}$/.test(text)) throw badReference(text, "64 hexadecimal digits are an image id; wanted a name");
  const at = text.indexOf("@");
  const named = at < 0 ? text : text.slice(0, at);
  const digest = at < 0 ? undefined : text.slice(at + 1);
  const { registry, rest } = splitRegistry(named);
  const colon = rest.indexOf(":");
  const path = colon < 0 ? rest : rest.slice(0, colon);
  const tag = colon < 0 ? undefined : rest.slice(colon + 1);
  const repository = registry === DEFAULT_REGISTRY && !path.includes("/") ? OFFICIAL + path : path;

  // First, because the patterns below are for names of sane length.
  if (registry.length + repository.length > MAX_NAME_LENGTH)
    throw badReference(text, `its name has more than ${MAX_NAME_LENGTH} characters`);
  if (tag === "" || digest === "") {
    const [what, mark] = tag === "" ? ["tag", ":"] : ["digest", "@"];
    throw badReference(text, `there is no ${what} after "${mark}"`, `Write "${named.replace(/:$/, "")}", or add the ${what}`);
  }
  if (path === "") throw badReference(text, "it has no repository; wanted [registry/]repository[:tag][@digest]");
  if (path !== path.toLowerCase()) {
    throw badReference(text, "its repository has upper-case letters; wanted lower-case", `Write "${text.toLowerCase()}"`);
  }
  if (!HOST.test(registry)) throw badReference(text, `"${registry}" is no host name; wanted host[:port]`, placeHint(text));
  if (!REPOSITORY.test(repository)) {
    throw badReference(text, `"${path}" is no repository; wanted lower-case letters and digits, separated by ".", "_", "__", "-" and "/"`);
  }
  if (tag !== undefined && !isTag(tag)) {
    const wanted = 'wanted up to 128 letters, digits, "_", "." and "-"';
    throw badReference(text, `"${tag}" is no tag; ${wanted}`, placeHint(text) ?? "Write NAME:TAG, or NAME@sha256:DIGEST");
  }
  if (digest !== undefined && !isDigest(digest)) {
    throw badReference(text, `"${digest}" is no digest; wanted sha256: and 64, or sha512: and 128, lower-case hexadecimal digits`);
  }
  const defaultTag = options.defaultTag === undefined ? DEFAULT_TAG : options.defaultTag;
  const finalTag = tag ?? (digest === undefined && defaultTag !== null ? defaultTag : undefined);
  return {
    registry,
    repository,
    ...given({ tag: finalTag, digest }),
  };
}

/** True for a well-formed tag. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** True when `text` names its registry, so that no default, alias or search list applies. */
export function hasRegistry(text: string): boolean {
  const slash = text.indexOf("/");
  if (slash < 0) return false;
  const first = text.slice(0, slash);
  // A first part with upper-case letters can only be a host: repositories have none.
  return first === "localhost" || /[.:]/.test(first) || first !== first.toLowerCase();
}

/** The canonical text: "docker.io/library/ubuntu:22.04@sha256:…". */
export function formatReference(reference: Reference): string {
  return `${reference.registry}/${reference.repository}${suffixOf(reference)}`;
}

/** The name as people write it, without tag and digest: "ubuntu", "owner/app", "ghcr.io/owner/app". */
export function familiarName(reference: Reference): string {
  const { registry, repository } = reference;
  if (registry !== DEFAULT_REGISTRY) return `${registry}/${repository}`;
  const short = repository.startsWith(OFFICIAL) ? repository.slice(OFFICIAL.length) : repository;
  if (!short.includes("/")) return short;
  // "docker.io/localhost/a" and "docker.io/library/a/b" would read as another image without their first parts.
  return short === repository && !hasRegistry(short) ? short : `${registry}/${repository}`;
}

/** The familiar name with tag and digest, as messages show it: "ubuntu:22.04". */
export function formatFamiliar(reference: Reference): string {
  return familiarName(reference) + suffixOf(reference);
}

/** The same repository at a digest; the tag is dropped. */
export function atDigest(reference: Reference, digest: Digest): Reference {
  return { registry: reference.registry, repository: reference.repository, digest };
}

function splitRegistry(named: string): { registry: string; rest: string } {
  if (!hasRegistry(named)) return { registry: DEFAULT_REGISTRY, rest: named };
  const slash = named.indexOf("/");
  const first = named.slice(0, slash);
  return { registry: first === "index.docker.io" ? DEFAULT_REGISTRY : first, rest: named.slice(slash + 1) };
}

function suffixOf(reference: Reference): string {
  return (reference.tag === undefined ? "" : `:${reference.tag}`) + (reference.digest === undefined ? "" : `@${reference.digest}`);
}

function badReference(text: string, state: string, hint?: string): DecantError {
  const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  return new DecantError("REFERENCE", `Cannot use image name "${shown}": ${state}`, { hint });
}
