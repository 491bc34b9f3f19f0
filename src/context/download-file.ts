/** A file of http(s) that a build needs before its graph is made. */
import { httpSources, type Material, type SourceAccess } from "../engine/index.ts";
import { InternalError } from "../errors.ts";
import { given } from "../given.ts";
import type { SourceOp } from "../graph/index.ts";
import { treePath } from "../paths.ts";
import { type Entry, type Layer, layerTree, type Tree } from "../tree/index.ts";
import type { Session } from "./session.ts";

/** A download: a layer with one file. */
interface DownloadedFile {
  readonly layer: Layer;
  readonly tree: Tree;
  readonly entry: Entry;
  /** Its Last-Modified, in seconds since the epoch; absent without. */
  readonly timeSec?: number;
  /** Its address and digest. */
  readonly material?: Material;
}

/** The op for a URL. `filename` is what the file is called in the layer. */
export function httpSourceOp(url: string, filename: string): SourceOp {
  return { kind: "source", identifier: url, attrs: { "http.filename": filename } };
}

/** Downloads it, where the store's copy is not up to date; refuses more than `maxBytes`. Throws `HTTP_SOURCE`. */
export async function downloadFile(
  session: Session,
  op: SourceOp,
  { access, signal, maxBytes }: { readonly access: SourceAccess; readonly signal: AbortSignal; readonly maxBytes?: number },
): Promise<DownloadedFile> {
  const surroundings = { ...access, network: session.network, ...given({ maxBytes }) };
  const result = await httpSources(session.store, surroundings).resolve(op, session.platform, signal, "download");
  const source = result.kind === "layers" ? result.layers[0] : undefined;
  const layer = await source?.load(signal);
  const tree = layer === undefined ? undefined : layerTree([layer]);
  const entry = tree?.lookup(treePath(op.attrs["http.filename"] ?? ""));
  if (layer === undefined || tree === undefined || entry === undefined) throw new InternalError("a download gave no file");
  const material = result.kind === "layers" ? result.materials?.[0] : undefined;
  return {
    layer,
    tree,
    entry,
    ...given({ material }),
    ...(entry.mtimeSec > 0 ? { timeSec: entry.mtimeSec } : {}),
  };
}
