/** `verifyStore`: is all that the store has what it says? */
import { isDigest } from "../digest.ts";
import { type DecantError, isDecantError } from "../errors.ts";
import { displayPath } from "../paths.ts";
import { openSession, type Session, type StoreOptions } from "../context/index.ts";
import { step } from "../step.ts";
import type { StoreCheck, StoreProblem } from "../store/index.ts";
import { startProgress } from "../transfer.ts";
import { openLayer, verifyLayerDirectory } from "../tree/index.ts";
import { flag, maybe, STORE } from "./options/kinds.ts";
import { type Shape, shapeOf } from "./options/shape.ts";
import { startRun } from "./run-handle.ts";
import type { Run } from "./types.ts";

/** Options of `verifyStore`. */
export interface VerifyStoreOptions extends StoreOptions {
  /** Takes away what is damaged, with the records that need it: what needs it makes or fetches it again. Default false. */
  readonly repair?: boolean | undefined;
}

/** What was found. */
export interface StoreReport extends StoreCheck {
  /** Directories of layers that were compared with their indexes. */
  readonly directories: number;
}

const OPTIONS: Shape = shapeOf<VerifyStoreOptions>("verifyStore", { ...STORE, repair: maybe(flag) });
const VERTEX = "verify store";
/** The space of the records of layers. */
const LAYERS = "layer";

/** Reads every blob and every directory of a layer. Rejects with `STORE_READ_ONLY` for a repair of such a store, and `STORE_CORRUPT` where SQLite cannot open it. */
export function verifyStore(options: VerifyStoreOptions = {}): Run<StoreReport> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    const { repair = false } = options;
    await using session = await openSession(options, repair ? "change" : "look");
    return await step(emit, { vertex: VERTEX, name: repair ? "repairing the store" : "verifying the store" }, signal, async () => {
      const progress = startProgress(emit, { vertex: VERTEX, id: "blobs", action: "read" });
      const checked = await session.store.verify({ repair, signal, onBytes: progress.add });
      progress.end();
      const found = await directoryProblems(session, repair, signal);
      return { ...checked, directories: found.directories, problems: [...checked.problems, ...found.problems] };
    });
  });
}

async function directoryProblems(
  { store }: Session,
  repair: boolean,
  signal: AbortSignal,
): Promise<{ readonly directories: number; readonly problems: readonly StoreProblem[] }> {
  const problems: StoreProblem[] = [];
  let directories = 0;
  for (const id of store.records.ids(LAYERS)) {
    const layer = isDigest(id) ? openLayer(store, id) : undefined;
    if (layer === undefined) continue;
    try {
      const damaged = await verifyLayerDirectory(store, layer, { repair, signal });
      directories += 1;
      if (damaged !== undefined)
        problems.push({ kind: "directory", id, what: `"${displayPath(damaged)}" is not as the layer has it`, repaired: repair });
    } catch (error) {
      if (!isDecantError(error, "STORE_CORRUPT")) throw error;
      problems.push(ofIndex(id, error));
    }
  }
  return { directories, problems };
}

/** Its index is a blob, which was told of already. */
function ofIndex(id: string, { message }: DecantError): StoreProblem {
  return { kind: "directory", id, what: message, repaired: false };
}
