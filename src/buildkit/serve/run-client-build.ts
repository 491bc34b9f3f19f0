/** Runs a build of a client, and gives the client what came of it. */
import { create } from "@bufbuild/protobuf";
import { type BuildOptions, type BuildResult, runBuild } from "../../build/index.ts";
import { InternalError } from "../../errors.ts";
import { type SolveResponse, SolveResponseSchema } from "../wire/control_pb.ts";
import { readCaches } from "./client-caches.ts";
import type { ClientBuild } from "./client-build.ts";
import { checkNetwork } from "./entitlements.ts";
import { notServed } from "./errors.ts";
import { keepRequest, type KeptRequest } from "./history.ts";
import { type Job, sessionOf } from "./jobs.ts";
import { exporterResponse, readOutputs, sendOutput } from "./outputs.ts";
import type { Service } from "./service.ts";

/** Answers with what the exporters say. Throws as `runBuild`, and `GrpcError`. */
export async function runClientBuild(service: Service, job: Job, build: ClientBuild): Promise<SolveResponse> {
  const { request, signal, stack, status } = job;
  const { readers, store } = service;
  checkNetwork(build.options.network, build.options.allow ?? []);
  const outputs = await readOutputs(request.exporters, { readers, store, stack });
  const caches = await readCaches(job, { readers, store });
  const options: BuildOptions = {
    ...build.options,
    outputs: outputs.length === 0 ? [{ type: "cacheonly" }] : outputs.map(({ spec }) => spec),
    cacheFrom: caches.from,
    cacheTo: caches.to,
    metadataProvenance: "max",
    ...(request.compatibilityVersion === 0n ? {} : { compatibilityVersion: versionOf(request.compatibilityVersion) }),
  };
  let result: BuildResult;
  try {
    result = await runBuild(options, { signal, emit: status.emit, client: build.access });
  } catch (error) {
    remember(service, job, { response: {}, provenances: [] });
    throw error;
  }
  const isSeveral = (options.platforms?.length ?? 0) > 1;
  for (const [at, output] of outputs.entries()) {
    const written = result.outputs[at];
    if (written === undefined) throw new InternalError("an output without a result");
    if (output.sent !== undefined) await sendOutput(output, written, { session: sessionOf(job), emit: status.emit, signal, isSeveral });
  }
  const response = { ...exporterResponse(result.outputs), ...(await caches.send()) };
  remember(service, job, { response, provenances: result.provenances ?? [] });
  return create(SolveResponseSchema, { exporterResponse: response });
}

/** Keeps what the client asked for with its build. Internal builds are in no history. */
export function remember(service: Service, { ref, request }: Job, facts: Pick<KeptRequest, "response" | "provenances">): void {
  if (request.internal) return;
  const { exporters } = request;
  // Attributes of caches may have keys and tokens.
  const attributes = Object.fromEntries(Object.entries(request.frontendAttrs).filter(([name]) => !name.startsWith("cache-")));
  keepRequest(service, ref, { attributes, exporters: exporters.map(({ type, attrs }) => ({ type, attrs })), ...facts });
}

function versionOf(version: bigint): 10 | 20 | 30 {
  const known = ([10, 20, 30] as const).find((one) => BigInt(one) === version);
  if (known === undefined) throw notServed(`The compatibility version ${version}`);
  return known;
}
