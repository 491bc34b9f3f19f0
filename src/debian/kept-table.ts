/** Tables that are made of an index file once and kept in the store: the next time, and offline, nothing is decompressed. */
import { readFile } from "node:fs/promises";
import * as v from "valibot";
import { type Digest, isDigest } from "../digest.ts";
import type { ArchiveContext } from "./context.ts";
import { openSortedLines, type SortedLines } from "./sorted-lines.ts";

const SPACE = "debian-table";
const MAX_TABLE_BYTES = 1024 ** 3;

const tableSchema = v.object({ digest: v.custom<Digest>((value) => typeof value === "string" && isDigest(value)) });

/** The table under `id`, else the one that `make` gives, which is kept. Whoever comes second, in this process or another, waits for the first. */
export async function keptTable(context: ArchiveContext, id: string, make: () => Promise<Buffer>): Promise<SortedLines> {
  return await context.tables.run(id, async () => {
    const { store, signal } = context;
    const known = await open(context, id);
    if (known !== undefined) return known;
    await using _lock = await store.locks.acquire(`${SPACE} ${id}`, { signal });
    const meanwhile = await open(context, id);
    if (meanwhile !== undefined) return meanwhile;
    const bytes = await make();
    const { digest } = await store.blobs.put(bytes);
    store.records.put(SPACE, id, { digest }, [{ kind: "blob", id: digest }]);
    return openSortedLines(bytes);
  });
}

async function open({ store }: ArchiveContext, id: string): Promise<SortedLines | undefined> {
  const known = v.safeParse(tableSchema, store.records.get(SPACE, id));
  const size = known.success ? store.blobs.size(known.output.digest) : undefined;
  if (!known.success || size === undefined || size > MAX_TABLE_BYTES) return undefined;
  // In one piece: a table is larger than all else that is looked at.
  return openSortedLines(await readFile(store.blobs.path(known.output.digest)));
}
