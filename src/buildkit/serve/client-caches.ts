/** Caches that a client names. Those in registries are read and written from here; those in folders are the client's, and come and go as layouts. */
import { join } from "node:path";
import type { BuildOptions } from "../../build/index.ts";
import { isDigest } from "../../digest.ts";
import type { Store } from "../../store/index.ts";
import { MAX_MANIFEST_BYTES } from "../../oci/index.ts";
import { readNamedFile } from "../../sys/index.ts";
import { InternalError, usageError } from "../../errors.ts";
import { type ClientStore, firstOf, pullLayout, pushLayout } from "../session/layouts.ts";
import type { Exporter } from "../wire/control_pb.ts";
import { flagOf } from "./attributes.ts";
import { type Job, sessionOf } from "./jobs.ts";
import type { OptionReaders } from "./readers.ts";

type Cache = Pick<Exporter, "type" | "attrs">;

/** The caches of one build. */
interface ClientCaches {
  readonly from: NonNullable<BuildOptions["cacheFrom"]>;
  readonly to: NonNullable<BuildOptions["cacheTo"]>;
  /** Gives the client the caches that are its own, and what it is to be told of them. */
  send(): Promise<Readonly<Record<string, string>>>;
}

/** Reads the caches of a request; those of the client are fetched. Throws `USAGE`, `UNSUPPORTED`, `GrpcError`. */
export async function readCaches(
  job: Job,
  { readers, store }: { readonly readers: OptionReaders; readonly store: Store },
): Promise<ClientCaches> {
  const { request, stack } = job;
  const storeOf = (path: string): ClientStore => {
    const session = sessionOf(job);
    return { client: session.client, id: `local:${path}`, signal: AbortSignal.any([job.signal, session.signal]) };
  };
  const folder = async (): Promise<string> => stack.use(await store.scratch()).path;
  const from: NonNullable<BuildOptions["cacheFrom"]>[number][] = [];
  for (const { type, attrs } of importsOf(request.cache?.imports ?? [], request.frontendAttrs)) {
    if (type !== "local") from.push(readers.cacheSource(flag(type, attrs)));
    else {
      const { src = "", digest = "" } = attrs;
      if (!isDigest(digest)) throw usageError(`Cannot read the cache "${src}" of the client: it has no digest`);
      const path = await folder();
      await pullLayout(storeOf(src), digest, path);
      from.push(readers.cacheSource(flag(type, { src: path, digest })));
    }
  }
  const own: { readonly dest: string; readonly path: string }[] = [];
  const to: NonNullable<BuildOptions["cacheTo"]>[number][] = [];
  for (const { type, attrs } of request.cache?.exports ?? []) {
    const { dest = "" } = attrs;
    if (type !== "local") to.push(readers.cacheTarget(flag(type, attrs)));
    else {
      const path = join(await folder(), "cache");
      own.push({ dest, path });
      to.push(readers.cacheTarget(flag(type, { ...attrs, dest: path })));
    }
  }
  return {
    from,
    to,
    async send() {
      let told: Readonly<Record<string, string>> = {};
      for (const { dest, path } of own) {
        await pushLayout(storeOf(dest), path);
        told = { "cache.manifest": firstOf(await indexOf(path)) };
      }
      return told;
    },
  };
}

async function indexOf(within: string): Promise<string> {
  const read = await readNamedFile({ path: "index.json", within }, { maxBytes: MAX_MANIFEST_BYTES });
  if ("bytes" in read) return read.bytes.toString("utf8");
  throw new InternalError(`a cache without an index: ${read.problem}`);
}

/** What docker's client adds of GitHub's environment for older services: the address and number of their version. */
const OLD_GHA = new Set(["url", "version"]);

function flag(type: string, attrs: Readonly<Record<string, string>>): string {
  return flagOf([["type", type], ...Object.entries(attrs).filter(([name]) => type !== "gha" || !OLD_GHA.has(name))]);
}

/** Those of the request, else those that the frontend is told of. */
function importsOf(imports: readonly Cache[], attributes: Readonly<Record<string, string>>): readonly Cache[] {
  const told = attributes["cache-imports"];
  if (imports.length > 0 || told === undefined) return imports;
  const parsed: unknown = JSON.parse(told);
  if (!Array.isArray(parsed)) throw usageError('Cannot read the attribute "cache-imports": it is no list');
  return parsed.map((one: { readonly Type?: unknown; readonly Attrs?: unknown }) => ({
    type: String(one.Type),
    attrs: Object.fromEntries(Object.entries(one.Attrs ?? {}).map(([name, value]) => [name, String(value)])),
  }));
}
