/** The control calls: builds, their status, the worker, the cache. */
import { create } from "@bufbuild/protobuf";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { Router } from "../grpc/server.ts";
import { InfoResponseSchema, ListWorkersResponseSchema, StatusResponseSchema } from "../wire/control_pb.ts";
import { Control } from "../wire/methods.ts";
import type { Connection } from "./service.ts";
import { pastStatus } from "./history.ts";
import { solve } from "./solve.ts";
import { clock } from "./clock.ts";
import { buildkitVersion, workerRecord } from "./worker.ts";

/** Adds them to a router. */
export function addControl(router: Router, connection: Connection): void {
  const { service } = connection;
  router
    .unary(Control.method.listWorkers, async () => create(ListWorkersResponseSchema, { record: [workerRecord(service.workerId)] }))
    .unary(Control.method.info, async () => create(InfoResponseSchema, { buildkitVersion: buildkitVersion() }))
    .unary(Control.method.solve, (request, { signal }) => solve(connection, request, signal))
    .stream(Control.method.session, (call) => service.sessions.serve(call))
    .stream(Control.method.status, async ({ requests, start, send, signal }) => {
      start(clock());
      for await (const { ref } of requests) {
        const past = service.jobs.has(ref) ? undefined : pastStatus(service, ref);
        const pieces = past ?? (await service.jobs.status(ref, signal)).read(signal);
        for await (const piece of pieces) await send(create(StatusResponseSchema, piece));
        return;
      }
      throw new GrpcError(CODE.internal, "a call without a request");
    });
}
