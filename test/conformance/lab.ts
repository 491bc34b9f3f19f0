/** Where cases are built: a folder with a store that all cases share, a registry and an HTTP server for what they pull. */
import { randomUUID } from "node:crypto";
import { lutimesSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync, lstatSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { given } from "../../src/given.ts";
import { removeTree } from "../../src/store/index.ts";
import { tarOf } from "../support/archive.ts";
import { addBusybox } from "../support/build.ts";
import { gitServer, testRepository } from "../support/git-server.ts";
import { startFakeRegistry } from "../support/registry.ts";
import { CONTEXT_TIME, writeContext } from "./files.ts";
import { describeEntry, type NormaliseOptions, type NormalImage } from "./normalise.ts";
import type { Case, Served } from "./types.ts";

/** What became of a build. */
export type Outcome = { readonly image: NormalImage } | { readonly error: string; readonly code?: string };

/** A case on disk, ready for either builder. */
export interface PreparedCase {
  readonly definition: Case;
  readonly context: string;
  /** Path of the Dockerfile; undefined where the context has it. */
  readonly dockerfile: string | undefined;
  /** A folder that does not exist yet, for the image. */
  readonly output: string;
  readonly normalise: NormaliseOptions;
  /** Replaces what differs from run to run in a message. */
  readonly hide: (text: string) => string;
}

/** See `openLab`. */
export interface Lab extends AsyncDisposable {
  /** The store of Decant's builds. */
  readonly store: string;
  prepare(definition: Case): PreparedCase;
}

/** Opens a lab; it goes with everything in it when disposed. */
export async function openLab(): Promise<Lab> {
  await using stack = new AsyncDisposableStack();
  const folder = { path: mkdtempSync(join(tmpdir(), "decant-conformance-")) };
  // Without root, files of steps belong to others.
  stack.defer(async () => void (await removeTree(folder.path)));
  const registry = stack.use(await startFakeRegistry());
  const repositories = join(folder.path, "repositories");
  const git = stack.use(await gitServer(repositories));
  const served = new Map<string, Served>();
  const server = createServer((request, response) => {
    const found = served.get(request.url ?? "") ?? { body: "", status: 404 };
    response.writeHead(found.status ?? 200, { "content-length": Buffer.byteLength(found.body), ...found.headers });
    response.end(request.method === "HEAD" ? undefined : found.body);
  });
  const listening = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", listening.resolve);
  await listening.promise;
  stack.defer(async () => {
    const closed = Promise.withResolvers<void>();
    server.close(() => closed.resolve());
    server.closeAllConnections();
    await closed.promise;
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const owned = stack.move();
  let prepared = 0;
  return {
    store: join(folder.path, "store"),
    prepare(definition) {
      prepared += 1;
      const home = join(folder.path, `case-${prepared}`);
      // BuildKit keeps what it was sent by the folder's name, and takes a file of the same size and time for the same.
      const context = join(home, `context-${randomUUID()}`);
      mkdirSync(context, { recursive: true });
      if (definition.busybox === true) {
        addBusybox({ context });
        setTimes(join(context, "busybox"));
      }
      const names = new Map<string, string>();
      for (const [name, base] of Object.entries(definition.bases ?? {})) {
        const repository = `case-${prepared}/${name}`;
        const layers = base.layers ?? [[{ path: "base", content: "base\n" }]];
        const history = layers.map((_, at) => ({ created: "2020-01-01T00:00:00Z", created_by: `layer ${at + 1}` }));
        const config = { history, ...base.document, ...given({ config: base.config }) };
        registry.addImage(repository, "latest", { layers: layers.map(tarOf), config, layerType: base.layerType, manifest: base.manifest });
        names.set(`@{${name}}`, `${registry.host}/${repository}`);
      }
      if (definition.serve !== undefined) {
        for (const [path, answer] of Object.entries(definition.serve)) served.set(`/case-${prepared}${path}`, answer);
        names.set("@{server}", `http://127.0.0.1:${port}/case-${prepared}`);
      }
      for (const [name, make] of Object.entries(definition.repositories ?? {})) {
        make(testRepository(join(repositories, `git-${prepared}`, name)));
        names.set(`@{${name}}`, `${git.url}/git-${prepared}/${name}.git`);
      }
      writeContext(context, definition.files ?? {});
      const dockerfile = definition.file === undefined ? join(home, "Dockerfile") : join(context, definition.file);
      const fill = (text: string): string => [...names].reduce((filled, [name, value]) => filled.replaceAll(name, value), text);
      mkdirSync(dirname(dockerfile), { recursive: true });
      writeFileSync(dockerfile, typeof definition.dockerfile === "string" ? fill(definition.dockerfile) : definition.dockerfile);
      const placeholders = Object.fromEntries([...names].map(([name, value]) => [value, name] as const));
      const busybox = definition.busybox === true ? busyboxLines(join(context, "busybox")) : undefined;
      return {
        definition,
        context: definition.context === undefined ? context : fill(definition.context),
        dockerfile: definition.context === undefined ? dockerfile : undefined,
        output: join(home, "image"),
        normalise: {
          times: definition.times ?? [],
          placeholders: { ...placeholders, ...(busybox === undefined ? {} : { [busybox.program]: "<busybox>" }) },
          ...(busybox === undefined ? {} : { busybox: busybox.lines }),
        },
        hide: (text) =>
          Object.entries(placeholders)
            .reduce((shown, [from, to]) => shown.replaceAll(from, to), text)
            .replaceAll(home, "@{home}"),
      };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function setTimes(root: string): void {
  for (const path of readdirSync(root, { recursive: true })) lutimesSync(join(root, String(path)), CONTEXT_TIME, CONTEXT_TIME);
  lutimesSync(root, CONTEXT_TIME, CONTEXT_TIME);
}

/** The lines that `COPY busybox /` gives, and how the program itself is described. */
function busyboxLines(root: string): { readonly lines: Readonly<Record<string, string>>; readonly program: string } {
  const lines: Record<string, string> = {};
  let program = "";
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(root.length + 1);
    const kind = entry.isDirectory() ? "dir" : entry.isSymbolicLink() ? "symlink" : "file";
    const line = describeEntry({
      kind,
      mode: lstatSync(path).mode,
      uid: 0,
      gid: 0,
      link: kind === "symlink" ? readlinkSync(path) : "",
      device: "",
      content: kind === "file" ? readFileSync(path) : Buffer.alloc(0),
      xattrs: {},
    });
    lines[name] = line;
    if (basename(path) === "busybox" && statSync(path).isFile()) program = line.split(" ").slice(3).join(" ");
  }
  return { lines, program };
}
