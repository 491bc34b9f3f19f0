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
import { runBuild } from "../../build/index.ts";
import type { Emit } from "../../events.ts";
import { type Definition, DefinitionSchema } from "../wire/llb_pb.ts";
import type { ClientBuild } from "./client-build.ts";
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

/** The build that such a graph names. Throws `UNSUPPORTED` for any other graph, and `USAGE` for a damaged one. */
function buildIn(connection: Connection, definition: Definition | undefined): ClientBuild {
  const { op } = fromDefinition(definition ?? create(DefinitionSchema), PLATFORM);
  const identifier = op.kind === "source" ? op.identifier : "";
  const build = identifier.startsWith(SCHEME) ? connection.builds.get(identifier.slice(SCHEME.length)) : undefined;
  if (build === undefined) throw notServed("An input that is no result of this client's own builds");
  return build;
}

/** The path of a layout with the image of an input. */
export async function inputLayout(connection: Connection, job: Job, definition: Definition | undefined): Promise<string> {
  const build = buildIn(connection, definition);
  const dest = join(job.stack.use(await connection.service.store.scratch()).path, "layout");
  const outputs = [{ type: "oci", dest, tar: false, names: [], compression: "uncompressed" }] as const;
  const { provenance: _provenance, sbom: _sbom, ...options } = build.options;
  const id = newReference();
  const client = { ...build.access, build: { id, title: build.access.build.title } };
  // Both builds have steps of the same names.
  const emit: Emit = (event) => job.status.emit("vertex" in event ? { ...event, vertex: `${id} ${event.vertex}` } : event);
  try {
    await runBuild({ ...options, outputs }, { signal: job.signal, emit, client });
  } finally {
    // The client did not ask for this build.
    connection.service.store.history.remove(id);
  }
  return dest;
}
