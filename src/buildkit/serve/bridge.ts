/** The calls of clients on their open builds. */
import { create } from "@bufbuild/protobuf";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { Router } from "../grpc/server.ts";
import { EmptySchema } from "../wire/control_pb.ts";
import { BridgeSolveResponseSchema, PongResponseSchema, type Result } from "../wire/gateway_pb.ts";
import { LLBBridge } from "../wire/methods.ts";
import { FRONTEND_CAPS, LLB_CAPS } from "./capabilities.ts";
import { definitionOf } from "./inputs.ts";
import { notServed } from "./errors.ts";
import type { Job } from "./jobs.ts";
import type { Connection } from "./service.ts";
import { readDir, readFile, statFile, treeOf } from "./result-files.ts";
import { answerSubrequest } from "./subrequests.ts";
import { newReference } from "./reference.ts";
import type { ClientResult } from "./client-result.ts";
import { askedJob, openResult } from "./solve.ts";
import { workerRecord } from "./worker.ts";

const BUILD_ID = "buildkit-controlapi-buildid";

/** Adds them to a router. */
export function addBridge(router: Router, connection: Connection): void {
  const { service, results } = connection;
  const jobOf = (metadata: Readonly<Record<string, readonly string[]>>, signal: AbortSignal): Promise<Job> =>
    service.jobs.get(metadata[BUILD_ID]?.[0] ?? "", signal);
  router
    .unary(LLBBridge.method.ping, async (_request, { metadata, signal }) => {
      await jobOf(metadata, signal);
      const enabled = (id: string): { readonly id: string; readonly enabled: true } => ({ id, enabled: true });
      return create(PongResponseSchema, {
        frontendApiCaps: FRONTEND_CAPS.map(enabled),
        llbCaps: LLB_CAPS.map(enabled),
        workers: [workerRecord(service.workerId)],
      });
    })
    .unary(LLBBridge.method.solve, async (request, { metadata, signal }) => {
      const { frontendOpt: attributes, evaluate } = request;
      const job = await jobOf(metadata, signal);
      const opened = await openResult(connection, await askedJob(job, request), { ...request, attributes });
      const id = newReference();
      if ("definition" in opened) {
        results.set(id, opened);
        if (evaluate) await opened.solved();
        return create(BridgeSolveResponseSchema, {
          result: { result: { case: "ref", value: { id, def: opened.definition } }, metadata: {} },
        });
      }
      const question = attributes["requestid"];
      if (question !== undefined) {
        const metadata = await answerSubrequest(question, opened, service.writers);
        return create(BridgeSolveResponseSchema, { result: { metadata } });
      }
      results.set(id, opened);
      return create(BridgeSolveResponseSchema, { result: { result: { case: "ref", value: { id, def: definitionOf(id) } }, metadata: {} } });
    })
    .unary(LLBBridge.method.evaluate, async ({ ref }) => {
      const result = results.get(ref);
      // A build runs when it is returned, or when its files are looked at.
      if (result !== undefined && "definition" in result) await result.solved();
      return create(EmptySchema);
    })
    .unary(LLBBridge.method.readFile, async (request, { metadata, signal }) =>
      readFile(await treeOf(connection, await jobOf(metadata, signal), request.ref), request),
    )
    .unary(LLBBridge.method.readDir, async (request, { metadata, signal }) =>
      readDir(await treeOf(connection, await jobOf(metadata, signal), request.ref), request),
    )
    .unary(LLBBridge.method.statFile, async (request, { metadata, signal }) =>
      statFile(await treeOf(connection, await jobOf(metadata, signal), request.ref), request),
    )
    .unary(LLBBridge.method.return, async ({ result, error }, { metadata, signal }) => {
      const job = await jobOf(metadata, signal);
      if (error === undefined) job.returned.resolve({ result: returnedResult(result, results) });
      else job.returned.resolve({ error: new GrpcError(error.code, error.message, { details: error.details }) });
      return create(EmptySchema);
    });
}

/** What a client returns is the result of one of its own builds, or nothing. */
function returnedResult(result: Result | undefined, results: ReadonlyMap<string, ClientResult>): ClientResult | undefined {
  const ids =
    result?.result.case === "refs"
      ? Object.values(result.result.value.refs).map(({ id }) => id)
      : result?.result.case === "ref"
        ? [result.result.value.id]
        : [];
  const wanted = [...new Set(ids.filter((id) => id !== ""))];
  const [id] = wanted;
  if (id === undefined) return undefined;
  const found = results.get(id);
  if (found === undefined || wanted.length > 1)
    throw new GrpcError(CODE.unimplemented, "a result that is put together from several builds is not supported");
  const [own] = Object.keys(result?.metadata ?? {});
  if (own !== undefined) throw notServed(`A result to which the client adds its own "${own}"`);
  return found;
}
