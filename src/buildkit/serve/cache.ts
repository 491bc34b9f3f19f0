/** What the store holds, and freeing it: `docker buildx du` and `prune`. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { openSession } from "../../context/index.ts";
import type { GcPolicy, Store } from "../../store/index.ts";
import type { Router } from "../grpc/server.ts";
import { DiskUsageResponseSchema, type PruneRequest, UsageRecordSchema } from "../wire/control_pb.ts";
import { Control } from "../wire/methods.ts";
import type { Connection, Service } from "./service.ts";
import { sweepClientFolders } from "./synced-folders.ts";
import { type CacheUsage, cacheUsage } from "./usage.ts";
import { readFilters } from "./usage-filters.ts";

const NSEC_PER_MS = 1_000_000n;

/** Adds the calls to a router. */
export function addCache(router: Router, { service }: Connection): void {
  router
    .unary(Control.method.diskUsage, async ({ filter, ageLimit }, { signal }) => {
      const takes = readFilters(filter);
      const usedBefore = ageLimit > 0n ? Date.now() - Number(ageLimit / NSEC_PER_MS) : Infinity;
      const records = (await cacheUsage(service.store, signal)).filter((one) => takes(one) && (one.lastUsedMs ?? 0) <= usedBefore);
      return create(DiskUsageResponseSchema, { record: records.map(wireRecord) });
    })
    .stream(Control.method.prune, async ({ requests, send, signal }) => {
      for await (const request of requests) {
        for (const record of await prune(service, request, signal)) await send(create(UsageRecordSchema, wireRecord(record)));
        return;
      }
    });
}

/** Gives the records that went. */
async function prune({ store, env }: Service, request: PruneRequest, signal: AbortSignal): Promise<CacheUsage[]> {
  const takes = readFilters(request.filter);
  const isFiltered = request.filter.some((filter) => filter.trim() !== "");
  const policy = policyOf(request);
  const olderThanMs = Number(request.keepDuration / NSEC_PER_MS);
  const before = await cacheUsage(store, signal);
  const chosen = before.filter(takes);
  const ids = new Set(chosen.flatMap(({ entry }) => (entry === undefined ? [] : [`${entry.space}\0${entry.id}`])));
  // A store of its own: that of the server would keep what it has looked at.
  await using session = await openSession({ root: store.root, env }, "prune");
  await session.store.prune({
    signal,
    keepHistory: true,
    ...(isFiltered ? { only: (space, id) => ids.has(`${space}\0${id}`) } : {}),
    ...(policy === undefined
      ? olderThanMs > 0
        ? { olderThanMs }
        : { all: true }
      : { policy, ...(olderThanMs > 0 ? { olderThanMs } : {}) }),
  });
  const folders = new Set(chosen.flatMap(({ folder = "" }) => folder));
  // What a policy says is of results; files of contexts go by age.
  if (policy === undefined) await sweepClientFolders(store, { keptMs: olderThanMs, only: (path) => folders.has(path) });
  return await goneOf(store, before, signal);
}

/** What takes less room than before: each record with the bytes that went. */
async function goneOf(store: Store, before: readonly CacheUsage[], signal: AbortSignal): Promise<CacheUsage[]> {
  const after = new Map((await cacheUsage(store, signal)).map(({ id, bytes }) => [id, bytes]));
  return before.flatMap((record) => {
    const bytes = record.bytes - (after.get(record.id) ?? 0);
    return bytes > 0 ? [{ ...record, bytes }] : [];
  });
}

function policyOf({ maxUsedSpace, minFreeSpace, reservedSpace }: PruneRequest): GcPolicy | undefined {
  if (maxUsedSpace === 0n && minFreeSpace === 0n && reservedSpace === 0n) return undefined;
  return {
    // As BuildKit: what is reserved is also what may stay, where nothing else is said.
    ...(maxUsedSpace > 0n || minFreeSpace === 0n ? { maxUsedBytes: Number(maxUsedSpace) } : {}),
    ...(minFreeSpace > 0n ? { minFreeBytes: Number(minFreeSpace) } : {}),
    reservedBytes: Number(reservedSpace),
  };
}

function wireRecord({
  id,
  mutable,
  inUse,
  bytes,
  description,
  recordType,
  lastUsedMs,
  createdMs = lastUsedMs,
}: CacheUsage): Exclude<MessageInitShape<typeof UsageRecordSchema>, { $typeName: string }> {
  return {
    id,
    mutable,
    inUse,
    size: BigInt(bytes),
    description,
    recordType,
    ...(createdMs === undefined ? {} : { createdAt: timestampFromMs(createdMs) }),
    ...(lastUsedMs === undefined ? {} : { lastUsedAt: timestampFromMs(lastUsedMs) }),
  };
}
