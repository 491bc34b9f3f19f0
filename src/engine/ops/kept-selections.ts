/** Digests of what steps selected of layers, whose content never changes: so a chain of hits reads no index. */
import { type Digest, isDigest } from "../../digest.ts";
import type { EngineContext } from "../types.ts";

const SPACE = "selection";

type Knowledge = Pick<EngineContext, "store" | "shared" | "byDescent">;

/** The digest of a selection: kept here or elsewhere. `memo` names layers and selection. */
export function knownSelection({ store, shared, byDescent }: Knowledge, memo: Digest): Digest | undefined {
  if (byDescent === true) return memo;
  const kept = store.records.get(SPACE, memo);
  const digest = typeof kept === "string" && isDigest(kept) ? kept : shared?.selection(memo);
  if (digest !== undefined) shared?.tookSelection(memo, digest);
  return digest;
}

/** Keeps what was found out. */
export function keepSelection({ store, shared }: Knowledge, memo: Digest, digest: Digest): void {
  store.records.put(SPACE, memo, digest);
  shared?.tookSelection(memo, digest);
}
