/** A store, an image of two layers built in it, and a context for exporters: what tests of outputs start from. */
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EventInput } from "../../src/events.ts";
import { given } from "../../src/given.ts";
import type { BuiltImage, ExportContext } from "../../src/image/index.ts";
import { treePath } from "../../src/paths.ts";
import { createRegistryClient } from "../../src/registry/index.ts";
import { type Store, openStore } from "../../src/store/index.ts";
import { type Entry, type LayerItem, layerSource, writeLayer } from "../../src/tree/index.ts";
import { type EntryKind } from "../../src/tree/types.ts";

/** See `openImageFixture`. */
export interface ImageFixture extends AsyncDisposable {
  /** A folder for outputs; it goes with the fixture. */
  readonly dir: string;
  readonly store: Store;
  readonly image: BuiltImage;
  readonly events: readonly EventInput[];
  /** A context over the store, with what the test wants otherwise. */
  context(changes?: Partial<ExportContext>): ExportContext;
}

/** When the fixture's image was made. */
export const CREATED = "2026-01-02T03:04:05.678Z";

/** Opens a store in a folder of its own and writes two layers into it. */
export async function openImageFixture(): Promise<ImageFixture> {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-image-")));
  const store = stack.use(await openStore({ root: join(dir.path, "store") }));
  const base = await writeLayer(store, [
    item("bin", "dir", { mode: 0o755 }),
    item("bin/sh", "file", { mode: 0o755, text: "#!shell\n".repeat(1000) }),
    item("etc", "dir", { mode: 0o755 }),
    item("etc/motd", "file", { text: "hello\n" }),
    item("etc/name", "symlink", { mode: 0o777, link: "motd" }),
    item("etc/second", "hardlink", { link: "etc/motd" }),
    item("gone", "file", { text: "soon" }),
  ]);
  const app = await writeLayer(store, [
    item("app", "dir", { mode: 0o750, uid: 1000, gid: 1000 }),
    item("app/main", "file", { mode: 0o4755, uid: 1000, gid: 1000, text: "main" }),
    item("gone", "whiteout", { mode: 0 }),
  ]);
  const image: BuiltImage = {
    platform: { os: "linux", architecture: "amd64" },
    config: { Env: ["PATH=/bin"], Entrypoint: ["/app/main"], WorkingDir: "/app", Labels: { kind: "test" } },
    history: [
      { created: CREATED, created_by: "COPY base / # buildkit", comment: "buildkit.dockerfile.v0" },
      { created: CREATED, created_by: "ENV PATH=/bin", comment: "buildkit.dockerfile.v0", empty_layer: true },
      { created: CREATED, created_by: "COPY app /app # buildkit", comment: "buildkit.dockerfile.v0" },
    ],
    layers: [layerSource(base), layerSource(app)],
    created: CREATED,
  };
  const events: EventInput[] = [];
  const client = createRegistryClient({ env: {}, homeDir: dir.path, systemDir: dir.path });
  stack.defer(() => client[Symbol.dispose]());
  const owned = stack.move();
  return {
    dir: dir.path,
    store,
    image,
    events,
    context: (changes) => ({
      store,
      registry: async () => client,
      emit: (event) => void events.push(event),
      vertex: "export",
      signal: new AbortController().signal,
      ...changes,
    }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

interface ItemOptions extends Partial<Pick<Entry, "mode" | "uid" | "gid" | "link">> {
  readonly text?: string;
}

/** One entry of a layer, with little to say. */
export function item(path: string, kind: EntryKind, { text, mode = 0o644, uid = 0, gid = 0, link }: ItemOptions = {}): LayerItem {
  const bytes = Buffer.from(text ?? "");
  const times = { mtimeSec: 1_700_000_000, mtimeNsec: 0 };
  const entry = { path: treePath(path), kind, mode, uid, gid, size: bytes.byteLength, ...times, ...given({ link }) };
  return text === undefined ? { entry } : { entry, data: { kind: "bytes", bytes } };
}
