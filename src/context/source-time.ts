/** The time that a source has of its own: what SOURCE_DATE_EPOCH means where it names one (F47). */
import { gitCheckout, type SourceAccess } from "../engine/index.ts";
import { isDecantError } from "../errors.ts";
import type { SourceOp } from "../graph/index.ts";
import { decompress, type Entry, type Layer, readEntry, readTar, type Tree } from "../tree/index.ts";
import { downloadFile } from "./download-file.ts";
import type { Session } from "./session.ts";

/**
 * That of a git commit; Last-Modified of a URL, else that of the youngest file in its archive. In seconds since the epoch; undefined for
 * anything else. Throws `GIT_SOURCE`, `HTTP_SOURCE`, `CHECKSUM`.
 */
export async function sourceTime(
  source: SourceOp,
  session: Session,
  options: { readonly access: SourceAccess; readonly signal: AbortSignal },
): Promise<number | undefined> {
  const { access, signal } = options;
  if (source.identifier.startsWith("git://"))
    return (await gitCheckout(session.store, source, { ...access, env: session.env }, signal)).commitTimeSec;
  if (!/^https?:\/\//.test(source.identifier)) return undefined;
  const { tree, entry, timeSec } = await downloadFile(session, source, options);
  return timeSec ?? (await archiveTime(tree, entry, signal));
}

/** That of the youngest file of an archive that is a layer by now. */
export function youngestFile({ index }: Layer): number | undefined {
  let youngest: number | undefined;
  for (let at = 0; at < index.count; at += 1) {
    const { kind, mtimeSec } = index.at(at);
    if (kind === "file") youngest = Math.max(mtimeSec, youngest ?? mtimeSec);
  }
  return youngest;
}

/** The same for a file that may be an archive; undefined where it is none. */
async function archiveTime(tree: Tree, file: Entry, signal: AbortSignal): Promise<number | undefined> {
  let youngest: number | undefined;
  try {
    for await (const { entry } of readTar(decompress(readEntry(tree, file), { mayTrail: () => true }), { signal })) {
      if (entry.kind === "file" || entry.kind === "hardlink") youngest = Math.max(entry.mtimeSec, youngest ?? entry.mtimeSec);
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!isDecantError(error) || isDecantError(error, "INTERNAL")) throw error;
    return undefined;
  }
  return youngest;
}
