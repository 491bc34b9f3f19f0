/** Lists of a repository: tags and referrers (distribution-spec, "Content Discovery"), and the referrers tag for registries without that API. */
import type { Semaphore } from "../async.ts";
import { collect } from "../bytes.ts";
import { algorithmOf, type Digest, hexOf } from "../digest.ts";
import { isDecantError } from "../errors.ts";
import { given } from "../given.ts";
import { type Descriptor, familiarName, type Index, isTag, OCI_INDEX, parseIndex, parseManifestOrIndex } from "../oci/index.ts";
import { protocolError } from "./errors.ts";
import { fetchManifest, type PullContext } from "./pull.ts";
import { pushManifest } from "./push.ts";
import type { Place } from "./session.ts";
import type { Endpoint, CallOptions, RepositoryName } from "./types.ts";

const MAX_PAGE_BYTES = 4 * 1024 * 1024;
const MAX_PAGES = 1000;
const MAX_NOTES = 3;
/** Besides 404: what registries say that are older than the referrers API, and what stands before them. */
const KNOWS_NO_REFERRERS: ReadonlySet<unknown> = new Set([400, 405, 406, 501]);

/** See `RegistryClient.tags`. */
export async function listTags(
  ctx: PullContext,
  endpoint: Endpoint,
  name: RepositoryName,
  { signal }: CallOptions,
): Promise<readonly string[]> {
  const tags: string[] = [];
  const action = `list tags of "${familiarName(name)}"`;
  for await (const { json } of pages(ctx, { endpoint, path: "tags/list?n=1000", action, notFound: "IMAGE_NOT_FOUND", signal })) {
    const page = typeof json === "object" && json !== null && "tags" in json ? json.tags : undefined;
    // A repository whose tags were all deleted has null.
    for (const tag of Array.isArray(page) ? page : []) if (typeof tag === "string" && isTag(tag)) tags.push(tag);
  }
  return tags;
}

/** See `RegistryClient.referrers`. */
export async function listReferrers(
  ctx: PullContext,
  endpoint: Endpoint,
  name: RepositoryName,
  query: CallOptions & { readonly digest: Digest; readonly artifactType?: string },
): Promise<readonly Descriptor[]> {
  const { digest, artifactType, signal } = query;
  const found: Descriptor[] = [];
  const search = artifactType === undefined ? "" : `?${new URLSearchParams({ artifactType })}`;
  const action = `list referrers of "${familiarName(name)}@${digest}"`;
  try {
    for await (const { json } of pages(ctx, {
      endpoint,
      path: `referrers/${digest}${search}`,
      action,
      notFound: "IMAGE_NOT_FOUND",
      signal,
    })) {
      found.push(...parseIndex(json).manifests);
    }
  } catch (error) {
    if (!isDecantError(error, "IMAGE_NOT_FOUND") && !(isDecantError(error, "REGISTRY") && KNOWS_NO_REFERRERS.has(error.details["status"])))
      throw error;
    found.push(...((await referrersTag(ctx, endpoint, name, digest, { signal }))?.manifests ?? []));
  }
  // Registries may ignore the filter.
  return artifactType === undefined ? found : found.filter((descriptor) => descriptor.artifactType === artifactType);
}

/**
 * Adds a manifest to the referrers tag of its subject ("Pushing Manifests with Subject"). Those of one client go one after the other. Registries offer no
 * atomic change, so it looks whether another client has undone it, and repeats it a few times.
 */
export async function noteReferrer(
  ctx: PullContext & { readonly referrerTurns: Semaphore },
  endpoint: Endpoint,
  name: RepositoryName,
  manifest: { readonly descriptor: Descriptor; readonly bytes: Uint8Array },
  { signal }: CallOptions,
): Promise<void> {
  const parsed = parseManifestOrIndex(manifest.bytes, manifest.descriptor.mediaType);
  const { subject, artifactType, annotations } = parsed.kind === "index" ? parsed.index : parsed.manifest;
  if (subject === undefined) return;
  const type = artifactType ?? (parsed.kind === "manifest" ? parsed.manifest.config.mediaType : undefined);
  const entry: Descriptor = { ...manifest.descriptor, ...given({ artifactType: type, annotations }) };
  const call = given({ signal });
  const { registry, repository } = name;
  const tag = { registry, repository, tag: tagFor(subject.digest) };
  using _turn = await ctx.referrerTurns.acquire(signal);
  for (let attempt = 0; attempt < MAX_NOTES; attempt += 1) {
    const index = (await referrersTag(ctx, endpoint, name, subject.digest, call)) ?? { schemaVersion: 2, manifests: [] };
    // Also looked at after a push: another client may have read before it, and written after it.
    if (index.manifests.some(({ digest }) => digest === entry.digest)) return;
    const bytes = Buffer.from(JSON.stringify({ ...index, mediaType: OCI_INDEX, manifests: [...index.manifests, entry] }), "utf8");
    await pushManifest(ctx, endpoint, tag, { mediaType: OCI_INDEX, bytes }, call);
  }
}

async function referrersTag(
  ctx: PullContext,
  endpoint: Endpoint,
  { registry, repository }: RepositoryName,
  digest: Digest,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<Index | undefined> {
  try {
    const reference = { registry, repository, tag: tagFor(digest) };
    const call = given({ signal: options.signal });
    return parseIndex((await fetchManifest(ctx, [endpoint], reference, call)).bytes);
  } catch (error) {
    if (isDecantError(error, "IMAGE_NOT_FOUND")) return undefined;
    throw error;
  }
}

/** "Referrers Tag Schema". */
function tagFor(digest: Digest): string {
  return `${algorithmOf(digest)}-${hexOf(digest).slice(0, 64)}`;
}

interface PageRequest {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly action: string;
  readonly notFound: "IMAGE_NOT_FOUND";
  readonly signal: AbortSignal | undefined;
}

/** Follows `Link: <…>; rel="next"`. */
async function* pages(ctx: PullContext, request: PageRequest): AsyncGenerator<{ readonly json: unknown }, void, undefined> {
  const { endpoint, action, notFound, signal } = request;
  const attempt = { action, registry: endpoint.registry };
  let path: string | Place = request.path;
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const response = await ctx.session.request({
      endpoint,
      method: "GET",
      path,
      access: "pull",
      headers: { accept: `${OCI_INDEX}, application/json` },
      expect: [200],
      action,
      notFound,
      signal,
    });
    const bytes = await collect(response.body, MAX_PAGE_BYTES, action);
    let json: unknown;
    try {
      json = JSON.parse(bytes.toString("utf8"));
    } catch {
      throw protocolError(attempt, "answered with something that is no JSON");
    }
    yield { json };
    const next = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(response.header("link") ?? "")?.[1];
    const url = next === undefined ? null : URL.parse(next, response.url.href);
    if (url === null) return;
    // Pages come from the registry itself.
    if (url.origin !== response.url.origin) throw protocolError(attempt, `has its next page on "${url.host}"`);
    path = { url, strayed: response.strayed };
  }
  throw protocolError(attempt, `has more than ${MAX_PAGES} pages`);
}
