/** Blobs that clients may read by digest: what the history told them of. */
import { create } from "@bufbuild/protobuf";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { Router } from "../grpc/server.ts";
import { InfoResponseSchema, ReadContentResponseSchema } from "../wire/session_pb.ts";
import { Content } from "../wire/methods.ts";
import type { Connection } from "./service.ts";

const PIECE_BYTES = 256 * 1024;

/** Adds the calls to a router. Clients only read, and only what they were told of. */
export function addContent(router: Router, { blobs }: Connection): void {
  const bytesOf = (digest: string): Buffer => {
    const found = blobs.get(digest);
    if (found === undefined) throw new GrpcError(CODE.notFound, `content ${digest}: not found`);
    return found;
  };
  router
    .unary(Content.method.info, async ({ digest }) =>
      create(InfoResponseSchema, { info: { digest, size: BigInt(bytesOf(digest).byteLength) } }),
    )
    .stream(Content.method.read, async ({ requests, send }) => {
      for await (const { digest, offset, size } of requests) {
        const bytes = bytesOf(digest);
        const end = size > 0n ? Math.min(bytes.byteLength, Number(offset + size)) : bytes.byteLength;
        for (let at = Number(offset); at < end; at += PIECE_BYTES)
          await send(create(ReadContentResponseSchema, { offset: BigInt(at), data: bytes.subarray(at, Math.min(at + PIECE_BYTES, end)) }));
        return;
      }
    });
}
