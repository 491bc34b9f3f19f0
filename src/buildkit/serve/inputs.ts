/**
 * Results of one target of a bake as contexts of another. The client gets a graph of a single op that names the build, and sends it back: then the
 * build runs (from the cache, where the other target has run already), and its image is the context.
 */
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { vertex } from "../../graph/index.ts";
import { hostPlatform } from "../../oci/index.ts";
import { fromDefinition } from "../llb/from-llb.ts";
import { toDefinition } from "../llb/to-llb.ts";
import { runBuild, writeOutput } from "../../build/index.ts";
import type { Emit } from "../../events.ts";
import { type Definition, DefinitionSchema } from "../wire/llb_pb.ts";
import type { ClientBuild } from "./client-build.ts";
import type { ClientGraph, ClientResult } from "./client-result.ts";
import { notServed } from "./errors.ts";
import { newReference } from "./reference.ts";
import type { Job } from "./jobs.ts";
import type { Connection } from "./service.ts";

const SCHEME = "decant-build://";
/** Says nothing: what a build is for, its own options say. */
const PLATFORM = hostPlatform({ arch: process.arch });

/** The graph that stands for a build. */
export function definitionOf(reference: string): Definition {
  const name = `result ${reference}`;
  const meta = { name, ignoreCache: false, internal: true, slot: name };
  return toDefinition(vertex({ kind: "source", identifier: `${SCHEME}${reference}`, attrs: {} }, [], PLATFORM, meta));
}

/** The build that such a graph names; undefined for any other graph. Throws `GrpcError` for one of another client, `USAGE` for a damaged one. */
function buildIn({ results }: Connection, definition: Definition | undefined): ClientBuild | undefined {
  const { op } = fromDefinition(definition ?? create(DefinitionSchema), PLATFORM);
  if (op.kind !== "source" || !op.identifier.startsWith(SCHEME)) return undefined;
  const result = results.get(op.identifier.slice(SCHEME.length));
  if (result === undefined || "definition" in result) throw notServed("An input that is no result of this client's own builds");
  return result;
}

/** The path of a layout with the image of an input: a result of a build, or of any graph. */
export async function inputLayout(
  connection: Connection,
  job: Job,
  definition: Definition | undefined,
  graph: () => ClientGraph,
): Promise<string> {
  return await resultLayout(connection, job, buildIn(connection, definition) ?? graph());
}

/** The path of a layout with the image of a result. */
export async function resultLayout(connection: Connection, job: Job, result: ClientResult): Promise<string> {
  const dest = join(job.stack.use(await connection.service.store.scratch()).path, "layout");
  const output = { type: "oci", dest, tar: false, names: [], compression: "uncompressed" } as const;
  if ("definition" in result) {
    const { session, image } = await result.solved();
    const { signal, status } = job;
    await writeOutput(() => Promise.resolve([image]), output, {
      index: 0,
      session,
      stdout: undefined,
      cwd: "/",
      emit: status.emit,
      signal,
    });
    return dest;
  }
  const { provenance: _provenance, sbom: _sbom, ...options } = result.options;
  const id = newReference();
  const client = { ...result.access, build: { id, title: result.access.build.title } };
  // Both builds have steps of the same names.
  const emit: Emit = (event) => job.status.emit("vertex" in event ? { ...event, vertex: `${id} ${event.vertex}` } : event);
  try {
    await runBuild({ ...options, outputs: [output] }, { signal: job.signal, emit, client });
  } finally {
    // The client did not ask for this build.
    connection.service.store.history.remove(id);
  }
  return dest;
}
