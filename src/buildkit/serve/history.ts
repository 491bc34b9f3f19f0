/** Past builds, as clients know them: by their own references, with what they asked for and what came of it. */
import { writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { keptEvents } from "../../build/index.ts";
import { isDigest } from "../../digest.ts";
import type { BuildRecord } from "../../store/index.ts";
import { createProgress, reduceProgress } from "../../progress.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { Router } from "../grpc/server.ts";
import {
  BuildHistoryEventSchema,
  type BuildHistoryRecordSchema,
  type BuildHistoryRequest,
  type BuildResultInfo,
  type BuildResultInfoSchema,
  EmptySchema,
  type Exporter,
  StatusResponseSchema,
} from "../wire/control_pb.ts";
import { Control } from "../wire/methods.ts";
import { clock } from "./clock.ts";
import type { Connection, Service } from "./service.ts";
import { createTranslator, type StatusPiece } from "./status-log.ts";
import { TRACE_TYPE, traceOf } from "./trace.ts";

/** What is remembered of a build besides its events. */
export interface KeptRequest {
  readonly attributes: Readonly<Record<string, string>>;
  readonly exporters: readonly Pick<Exporter, "type" | "attrs">[];
  readonly response: Readonly<Record<string, string>>;
  /** By platform: SLSA provenance v0.2. */
  readonly provenances: readonly { readonly platform: string; readonly predicate: unknown }[];
}

const FILE = "request";
const ALL = 1000;
const LOOK_MS = 500;
const STARTED = 0;
const COMPLETE = 1;
const DELETED = 2;
const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Remembers a build of a client, where its history has begun. */
export function keepRequest({ store }: Service, ref: string, kept: KeptRequest): void {
  if (!store.history.list(ALL).some(({ id }) => id === ref)) return;
  writeFileSync(store.history.logFile(ref, FILE), JSON.stringify(kept));
}

/** Adds the calls to a router. */
export function addHistory(router: Router, connection: Connection): void {
  const { service } = connection;
  router
    .stream(Control.method.listenBuildHistory, async ({ requests, start, send, signal }) => {
      start(clock());
      for await (const request of requests) {
        for await (const { type, record } of historyEvents(connection, request, signal))
          await send(create(BuildHistoryEventSchema, { type, record: await recordOf(connection, record) }));
        return;
      }
    })
    .unary(Control.method.updateBuildHistory, async ({ ref, delete: isDelete, pinned, finalize }) => {
      const { history } = service.store;
      if (!history.list(ALL).some(({ id }) => id === ref))
        throw new GrpcError(CODE.notFound, `failed to retrieve ref key ${ref}: not found`);
      if (isDelete) history.remove(ref);
      // As BuildKit: what does not finish a record says whether it is pinned.
      else if (!finalize) history.pin(ref, pinned);
      return create(EmptySchema);
    });
}

interface HistoryChange {
  readonly type: number;
  readonly record: BuildRecord;
}

/** What there is, and then, where the client stays, what changes. */
async function* historyEvents(
  { service }: Connection,
  { ref, activeOnly, earlyExit, limit }: BuildHistoryRequest,
  signal: AbortSignal,
): AsyncGenerator<HistoryChange, void, undefined> {
  const look = (): BuildRecord[] => service.store.history.list(ALL).filter(({ id }) => ref === "" || id === ref);
  const states = new Map<string, BuildRecord>();
  const all = look();
  const running = all.filter(({ state }) => state === "running");
  const ended = activeOnly ? [] : all.filter(({ state }) => state !== "running");
  for (const record of running) yield { type: STARTED, record };
  for (const record of limit > 0 ? ended.slice(0, limit) : ended) yield { type: COMPLETE, record };
  for (const record of all) states.set(record.id, record);
  while (!earlyExit) {
    await setTimeout(LOOK_MS, undefined, { signal });
    const now = look();
    for (const record of now) {
      if (states.get(record.id)?.state === record.state) continue;
      states.set(record.id, record);
      if (record.state === "running") yield { type: STARTED, record };
      else if (!activeOnly) yield { type: COMPLETE, record };
    }
    for (const record of states.values()) {
      if (now.some(({ id }) => id === record.id)) continue;
      states.delete(record.id);
      yield { type: DELETED, record };
    }
  }
}

async function recordOf({ service, blobs }: Connection, record: BuildRecord): Promise<MessageInitShape<typeof BuildHistoryRecordSchema>> {
  const { id, startedAt, finishedAt, state, error, title } = record;
  const kept = keptRequest(service, id);
  const progress = createProgress();
  let warnings = 0;
  for (const event of keptEvents(service.store.history, id)) {
    reduceProgress(progress, event);
    if (event.type === "warning") warnings += 1;
  }
  const states = [...progress.steps.values()].map((step) => step.state);
  const count = (...wanted: readonly string[]): number => states.filter((one) => wanted.includes(one)).length;
  const results = await resultsOf({ service, blobs }, kept);
  const documents =
    state === "running"
      ? {}
      : {
          logs: { mediaType: "application/vnd.buildkit.status.v0", ...blobs.add(statusBytes(service, id)) },
          trace: { mediaType: TRACE_TYPE, ...blobs.add(traceOf(record, progress, service.hide)) },
        };
  return {
    ref: id,
    frontend: "dockerfile.v0",
    frontendAttrs: kept?.attributes ?? { filename: title },
    exporters: [...(kept?.exporters ?? [])],
    exporterResponse: kept?.response ?? {},
    pinned: record.isPinned ?? false,
    createdAt: timestampFromMs(startedAt),
    ...(finishedAt === undefined ? {} : { completedAt: timestampFromMs(finishedAt) }),
    ...(state === "failed" ? { error: { code: CODE.unknown, message: service.hide(error ?? "") } } : {}),
    ...(state === "cancelled" ? { error: { code: CODE.cancelled, message: "context canceled" } } : {}),
    ...documents,
    ...results,
    numTotalSteps: states.length,
    numCachedSteps: count("cached"),
    numCompletedSteps: count("cached", "done", "failed", "cancelled"),
    numWarnings: warnings,
  };
}

function keptRequest({ store }: Service, id: string): KeptRequest | undefined {
  const bytes = store.history.log(id, FILE);
  // Written by `keepRequest`, where only the store's owner can write; a crash may have cut it short.
  return bytes?.at(-1) === "}".charCodeAt(0) ? (JSON.parse(bytes.toString("utf8")) as KeptRequest) : undefined;
}

type ResultInfo = Exclude<MessageInitShape<typeof BuildResultInfoSchema>, BuildResultInfo>;

interface Results {
  readonly result?: ResultInfo;
  readonly results?: Record<string, ResultInfo>;
}

async function resultsOf({ service, blobs }: Pick<Connection, "service" | "blobs">, kept: KeptRequest | undefined): Promise<Results> {
  if (kept === undefined) return {};
  const manifest = await manifestOf({ service, blobs }, kept.response);
  const infos = kept.provenances.map(({ platform, predicate }) => ({
    platform,
    info: {
      attestations: [
        {
          mediaType: "application/vnd.in-toto+json",
          annotations: { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v0.2" },
          ...blobs.add(JSON.stringify(predicate)),
        },
      ],
      results: manifest,
    },
  }));
  const [first] = infos;
  if (first === undefined) return { result: { results: manifest } };
  return infos.length === 1 ? { result: first.info } : { results: Object.fromEntries(infos.map(({ platform, info }) => [platform, info])) };
}

/** The image, where the store has it. */
async function manifestOf(
  { service, blobs }: Pick<Connection, "service" | "blobs">,
  response: KeptRequest["response"],
): Promise<NonNullable<ResultInfo["results"]>> {
  const told = response["containerimage.descriptor"];
  if (told === undefined) return {};
  const { mediaType, digest } = JSON.parse(Buffer.from(told, "base64").toString("utf8")) as {
    readonly mediaType: string;
    readonly digest: string;
  };
  if (!isDigest(digest) || service.store.blobs.size(digest) === undefined) return {};
  return { "0": { mediaType, ...blobs.add(await service.store.blobs.read(digest, MAX_MANIFEST_BYTES)) } };
}

/** The stream of its status, as the file that BuildKit keeps: each piece with its length. */
function statusBytes(service: Service, id: string): Uint8Array {
  const parts: Buffer[] = [];
  for (const piece of piecesOf(service, id)) {
    const bytes = toBinary(StatusResponseSchema, create(StatusResponseSchema, piece));
    const head = Buffer.alloc(4);
    head.writeUInt32LE(bytes.byteLength);
    parts.push(head, Buffer.from(bytes));
  }
  return Buffer.concat(parts);
}

/** What a build of the history told, with the logs of its steps; undefined for one that is not there. */
export function pastStatus(service: Service, ref: string): Iterable<StatusPiece> | undefined {
  const found = service.store.history.list(ALL).find(({ id }) => id === ref);
  return found === undefined || found.state === "running" ? undefined : piecesOf(service, ref);
}

function* piecesOf({ store, hide }: Service, id: string): Generator<StatusPiece, void, undefined> {
  const { piece } = createTranslator(id, hide);
  for (const event of keptEvents(store.history, id)) {
    if (event.type === "vertex.done" || event.type === "vertex.failed") {
      const data = store.history.log(id, event.vertex)?.toString("utf8") ?? "";
      const log = data === "" ? undefined : piece({ type: "log", at: event.at, vertex: event.vertex, stream: "stdout", data });
      if (log !== undefined) yield log;
    }
    const told = piece(event);
    if (told !== undefined) yield told;
  }
}
