/**
 * An engine without a runtime: the store and all ops are real, and the processes of RUN steps are functions of a test. What such a program
 * writes into the upper directory is what its step changed.
 */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TreeSpec, memoryTree } from "../../../test/support/memory-tree.ts";
import type { EventInput } from "../../events.ts";
import type { Vertex } from "../../graph/index.ts";
import { openStore, type Store } from "../../store/index.ts";
import { layerSource, type LayerSource, loadTree, writeLayer } from "../../tree/index.ts";
import { temp } from "../../tree/testdata/support.ts";
import { treeDump } from "../../tree/testdata/tree-dump.ts";
import { ownFiles } from "../sandbox/owned-files.ts";
import type { Sandbox, SandboxResult, SandboxStep } from "../sandbox/index.ts";
import { type Solution, solve, type Solved } from "../solver.ts";
import type { EngineContext, VertexResult } from "../types.ts";

/** The process of a step. It ends with exit code 0, but for what it gives. */
export type Program = (step: SandboxStep) => Partial<SandboxResult> | void | Promise<Partial<SandboxResult> | void>;

/** What a test works with. */
export interface FakeEngine extends AsyncDisposable {
  readonly store: Store;
  /** A folder for files of the test. */
  readonly path: string;
  /** Commands that ran, in the order in which they started. */
  readonly ran: string[];
  readonly events: EventInput[];
  /** What `fake://NAME` gives. */
  readonly sources: Map<string, VertexResult>;
  readonly context: EngineContext;
  /** Solves with `context`, but for `fields`. */
  solve(target: Vertex, fields?: Partial<EngineContext>, signal?: AbortSignal): Promise<Solution & Pick<Solved, "executed" | "cached">>;
  /** Puts a layer into the store. */
  layer(spec: TreeSpec): Promise<LayerSource>;
  /** Makes `fake://NAME` give one layer. */
  image(name: string, spec: TreeSpec): Promise<void>;
  /** How the steps of the events so far ended, in that order: "RUN a: done". */
  ends(): string[];
}

/** Makes an engine. `programs`: by the command, its words with blanks between. `root`: a store that others have, too; default: one of its own. */
export async function fakeEngine(programs: Readonly<Record<string, Program>> = {}, root?: string): Promise<FakeEngine> {
  await using stack = new AsyncDisposableStack();
  const { path } = stack.use(await temp());
  const store = stack.use(await openStore({ root: root ?? join(path, "store") }));
  const events: EventInput[] = [];
  const ran: string[] = [];
  const sources = new Map<string, VertexResult>();
  const context: EngineContext = {
    store,
    emit: (event) => void events.push(event),
    providers: [{ schemes: ["fake"], isLazy: true, resolve: ({ identifier }) => Promise.resolve(sourceOf(sources, identifier)) }],
    sandbox: () => Promise.resolve(fakeSandbox(store, programs, ran)),
    defaultNetwork: "none",
    secret: () => Promise.resolve(undefined),
    sshAgent: () => undefined,
    devices: { resolve: () => Promise.resolve(undefined) },
    warn: (code, message) => void events.push({ type: "warning", code, message }),
    noCache: false,
    explain: false,
    expectCached: false,
    buildId: store.history.begin("test").id,
  };
  const layer = async (spec: TreeSpec): Promise<LayerSource> => layerSource(await writeLayer(store, memoryTree(spec).items()));
  const owned = stack.move();
  return {
    store,
    path,
    ran,
    events,
    sources,
    context,
    async solve(target, fields = {}, signal = new AbortController().signal) {
      const { solutions, executed, cached } = await solve([target], { ...context, ...fields }, signal);
      return { ...(solutions[0] ?? assert.fail("no solution")), executed, cached };
    },
    layer,
    async image(name, spec) {
      sources.set(name, { kind: "layers", layers: [await layer(spec)] });
    },
    ends: () => endsOf(events),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A program that writes files, by path, and changes nothing else. */
export function writes(files: Readonly<Record<string, string>>): Program {
  return ({ upper }) => {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(join(upper, dirname(name)), { recursive: true });
      writeFileSync(join(upper, name), text);
    }
  };
}

/** What layers show together, as text; without the mount points that a RUN leaves, unless `system`. */
export async function dump(layers: readonly LayerSource[], { system = false }: { readonly system?: boolean } = {}): Promise<string> {
  const lines = (await treeDump(await loadTree(layers))).split("\n");
  return lines.filter((line) => system || !/^\/(dev|proc|sys): dir/.test(line)).join("\n");
}

function sourceOf(sources: ReadonlyMap<string, VertexResult>, identifier: string): VertexResult {
  const source = sources.get(identifier.slice("fake://".length));
  assert.ok(source, `the test has no source ${identifier}`);
  return source;
}

function fakeSandbox(store: Store, programs: Readonly<Record<string, Program>>, ran: string[]): Sandbox {
  return {
    prepare: () => Promise.resolve(),
    files: ownFiles(store, () => Promise.resolve(undefined)),
    tryLayers: () => Promise.resolve({ wanted: "auto" }),
    openNetwork: () => Promise.resolve({ networkPath: "" }),
    usualNetwork: () => Promise.resolve({ network: "host" }),
    async run(step) {
      const command = step.args.join(" ");
      ran.push(command);
      const program = programs[command];
      assert.ok(program, `the test has no program "${command}"`);
      return { exitCode: 0, oomKilled: false, guarded: true, ...(await program(step)) };
    },
    kill: () => false,
    stop: () => undefined,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function endsOf(events: readonly EventInput[]): string[] {
  const names = new Map(events.flatMap((event) => (event.type === "vertex.planned" ? [[event.vertex, event.name]] : [])));
  return events.flatMap((event) => {
    const end = /^vertex\.(done|cached|failed|cancelled)$/.exec(event.type)?.[1];
    return end === undefined || !("vertex" in event) ? [] : [`${names.get(event.vertex) ?? "(internal)"}: ${end}`];
  });
}
