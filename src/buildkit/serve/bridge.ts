/** The calls of clients on their open builds. */
import { create } from "@bufbuild/protobuf";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { Router } from "../grpc/server.ts";
import { EmptySchema } from "../wire/control_pb.ts";
import { BridgeSolveResponseSchema, PongResponseSchema, type Result } from "../wire/gateway_pb.ts";
import { LLBBridge } from "../wire/methods.ts";
import { FRONTEND_CAPS, LLB_CAPS } from "./capabilities.ts";
import type { ClientBuild } from "./client-build.ts";
import { definitionOf } from "./inputs.ts";
import type { Job } from "./jobs.ts";
import type { Connection } from "./service.ts";
import { answerSubrequest } from "./subrequests.ts";
import { newReference } from "./reference.ts";
import { openBuildOf } from "./solve.ts";
import { workerRecord } from "./worker.ts";

const BUILD_ID = "buildkit-controlapi-buildid";

/** Adds them to a router. */
export function addBridge(router: Router, connection: Connection): void {
  const { service, builds } = connection;
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
    .unary(LLBBridge.method.solve, async ({ frontend, frontendOpt: attributes, frontendInputs, definition }, { metadata, signal }) => {
      const job = await jobOf(metadata, signal);
      const build = await openBuildOf(connection, job, { frontend, attributes, frontendInputs, definition });
      const question = attributes["requestid"];
      if (question !== undefined) {
        const metadata = await answerSubrequest(question, build, service.writers);
        return create(BridgeSolveResponseSchema, { result: { metadata } });
      }
      const id = newReference();
      builds.set(id, build);
      return create(BridgeSolveResponseSchema, { result: { result: { case: "ref", value: { id, def: definitionOf(id) } }, metadata: {} } });
    })
    .unary(LLBBridge.method.evaluate, async () => create(EmptySchema))
    .unary(LLBBridge.method.return, async ({ result, error }, { metadata, signal }) => {
      const job = await jobOf(metadata, signal);
      if (error === undefined) job.returned.resolve({ build: returnedBuild(result, builds) });
      else job.returned.resolve({ error: new GrpcError(error.code, error.message, { details: error.details }) });
      return create(EmptySchema);
    });
}

/** What a client returns is the result of one of its own builds, or nothing. */
function returnedBuild(result: Result | undefined, builds: ReadonlyMap<string, ClientBuild>): ClientBuild | undefined {
  const ids =
    result?.result.case === "refs"
      ? Object.values(result.result.value.refs).map(({ id }) => id)
      : result?.result.case === "ref"
        ? [result.result.value.id]
        : [];
  const wanted = [...new Set(ids.filter((id) => id !== ""))];
  const [id] = wanted;
  if (id === undefined) return undefined;
  const build = builds.get(id);
  if (build === undefined || wanted.length > 1)
    throw new GrpcError(CODE.unimplemented, "a result that is put together from several builds is not supported");
  return build;
}
