/** What the store holds, and freeing it: `docker buildx du` and `prune`. */
import { create } from "@bufbuild/protobuf";
import { pruneStore, storeUsage } from "../../api/index.ts";
import type { Router } from "../grpc/server.ts";
import { DiskUsageResponseSchema, type PruneRequest, UsageRecordSchema } from "../wire/control_pb.ts";
import { Control } from "../wire/methods.ts";
import { notServed } from "./errors.ts";
import type { Connection } from "./service.ts";
import { sweepClientFolders } from "./synced-folders.ts";

const NSEC_PER_MS = 1_000_000n;

/** Adds the calls to a router. */
export function addCache(router: Router, { service }: Connection): void {
  const { env, store } = service;
  const options = { env, root: store.root };
  router
    .unary(Control.method.diskUsage, async ({ filter, ageLimit }, { signal }) => {
      refuseFilters(filter);
      if (ageLimit > 0n) throw notServed("A list of cache by age (--filter until=)", "Ask without it");
      const { imageBytes, cacheBytes, usedBytes } = await storeUsage({ ...options, signal });
      const parts = [
        { id: "images", size: imageBytes, inUse: true, description: "images of the store" },
        { id: "cache", size: cacheBytes, inUse: false, description: "results of steps, and cache mounts" },
        { id: "running", size: usedBytes, inUse: true, description: "what running builds hold" },
      ];
      return create(DiskUsageResponseSchema, {
        record: parts.map(({ size, ...part }) => ({ ...part, size: BigInt(size), recordType: "regular" })),
      });
    })
    .stream(Control.method.prune, async ({ requests, send, signal }) => {
      for await (const request of requests) {
        refuseFilters(request.filter);
        refuseSizes(request);
        const { keepDuration } = request;
        await using run = pruneStore({
          ...options,
          signal,
          ...(keepDuration > 0n ? { olderThanMs: Number(keepDuration / NSEC_PER_MS) } : { all: true }),
        });
        const { freedBytes } = await run.result;
        await sweepClientFolders(store, Number(keepDuration / NSEC_PER_MS));
        await send(create(UsageRecordSchema, { id: "cache", size: BigInt(freedBytes), recordType: "regular" }));
        return;
      }
    });
}

function refuseFilters(filters: readonly string[]): void {
  const wanted = filters.filter((filter) => filter !== "");
  if (wanted.length > 0) throw notServed(`The filter "${wanted.join(",")}" of the cache`, "Use --filter until=36h of prune, or none");
}

function refuseSizes({ reservedSpace, maxUsedSpace, minFreeSpace }: PruneRequest): void {
  if (reservedSpace > 0n || maxUsedSpace > 0n || minFreeSpace > 0n)
    throw notServed("Pruning to a size (--reserved-space, --max-used-space, --min-free-space)", "Use --filter until=36h, or none");
}
