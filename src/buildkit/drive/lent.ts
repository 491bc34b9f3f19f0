/** What a builder may ask us for during a build: files of the contexts, secrets, agents, credentials, images that only we have; and what it gives us. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { create } from "@bufbuild/protobuf";
import { hexOf, isDigest } from "../../digest.ts";
import { converse, type SourceAccess, type SshAgent } from "../../engine/index.ts";
import { readDataRange, type Tree } from "../../tree/index.ts";
import type { ClientCall } from "../grpc/client.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { ServerCall } from "../grpc/method.ts";
import { Router } from "../grpc/server.ts";
import { bytesIn, tunnel } from "../grpc/tunnel.ts";
import { sendFolder } from "../session/send-folder.ts";
import { BytesMessageSchema, EmptySchema } from "../wire/control_pb.ts";
import { Content, FileSync, Health, Secrets, SSH } from "../wire/methods.ts";
import {
  GetSecretResponseSchema,
  HealthResponseSchema,
  InfoResponseSchema,
  PacketSchema,
  ReadContentResponseSchema,
} from "../wire/session_pb.ts";
import { lendAccounts, type LentAccounts } from "./lent-accounts.ts";
import type { ReceivedBlobs } from "./received-blobs.ts";
import { STORE_NAME } from "./remote-graph.ts";

/** What is lent. */
export interface Lent {
  readonly access: SourceAccess;
  readonly accounts: LentAccounts;
  /** A context by its name; undefined for one that is none of the build. */
  readonly tree: (name: string) => Promise<Tree | undefined>;
  /** The folder with blobs of images that only we have. */
  readonly images: string;
  readonly received: ReceivedBlobs;
  /** Remembers why a call was refused: the builder may say it in other words. */
  readonly onFailure: (error: unknown) => void;
  readonly signal: AbortSignal;
}

const SERVING = 1;
const PIECE_BYTES = 1024 * 1024;
const STORE = "buildkit-attachable-store-id";

/** The answers to a builder. */
export function lentRouter(lent: Lent): Router {
  const { access, signal } = lent;
  const router = new Router((thrown) => {
    // An answer of the protocol whose clean-up failed: why it did is the news.
    const error: unknown = thrown instanceof SuppressedError && thrown.suppressed instanceof GrpcError ? thrown.error : thrown;
    if (error instanceof GrpcError) return error;
    if (!signal.aborted) lent.onFailure(error);
    return new GrpcError(CODE.unknown, error instanceof Error ? error.message : String(error));
  });
  router
    .unary(Health.method.check, () => Promise.resolve(create(HealthResponseSchema, { status: SERVING })))
    .stream(FileSync.method.diffCopy, async (call) => {
      const [name = ""] = call.metadata["dir-name"] ?? [];
      const tree = await lent.tree(name);
      if (tree === undefined) throw new GrpcError(CODE.notFound, `no access allowed to dir "${name}"`);
      await sendFolder(packetsOf(call), tree);
    })
    .unary(Secrets.method.getSecret, async ({ id }, call) => {
      const data = await access.secret(id, call.signal);
      if (data === undefined) throw new GrpcError(CODE.notFound, `secret ${id}: not found`);
      return create(GetSecretResponseSchema, { data });
    })
    .unary(SSH.method.checkAgent, async ({ id }) => {
      if ((await agentFor(access, id)) === undefined) throw new GrpcError(CODE.unknown, `unset ssh forward key ${id}`);
      return create(EmptySchema);
    })
    .stream(SSH.method.forwardAgent, async (call) => await forward(call, access))
    .unary(Content.method.info, async ({ digest }, { metadata }) => {
      const { path, size } = imageBlob(lent, digest, metadata[STORE]?.[0]);
      const at = BigInt(Math.floor(statSync(path).mtimeMs / 1000));
      return create(InfoResponseSchema, { info: { digest, size: BigInt(size), createdAt: { seconds: at }, updatedAt: { seconds: at } } });
    })
    .stream(Content.method.read, async ({ requests, metadata, send }) => {
      for await (const { digest, offset, size } of requests) {
        const { path, size: whole } = imageBlob(lent, digest, metadata[STORE]?.[0]);
        const end = size === 0n ? whole : Math.min(whole, Number(offset + size));
        for (let at = Number(offset); at < end; at += PIECE_BYTES) {
          const data = readDataRange({ kind: "host", path }, whole, at, Math.min(PIECE_BYTES, end - at));
          await send(create(ReadContentResponseSchema, { offset: BigInt(at), data }));
        }
        return;
      }
    })
    .stream(Content.method.write, async (call) => {
      if (call.metadata[STORE]?.[0] !== "export") throw new GrpcError(CODE.notFound, "no such content store");
      await lent.received.take(call);
    });
  lendAccounts(router, lent.accounts);
  return router;
}

function imageBlob({ images }: Lent, digest: string, store: string | undefined): { readonly path: string; readonly size: number } {
  const isOurs = store === `oci:${STORE_NAME}` || store === STORE_NAME;
  const path = isOurs && isDigest(digest) && digest.startsWith("sha256:") ? join(images, hexOf(digest)) : "";
  if (path === "" || !existsSync(path)) throw new GrpcError(CODE.notFound, `content ${digest}: not found`);
  return { path, size: statSync(path).size };
}

async function agentFor(access: SourceAccess, id: string): Promise<SshAgent | undefined> {
  return await access.sshAgent(id === "" ? "default" : id);
}

/** Carries a conversation with an agent: of this machine, or one that somebody lends. */
async function forward(call: ServerCall<typeof BytesMessageSchema, typeof BytesMessageSchema>, access: SourceAccess): Promise<void> {
  const id = call.metadata["buildkit.ssh.id"]?.[0] ?? "default";
  const agent = await agentFor(access, id);
  if (agent === undefined) throw new GrpcError(CODE.unknown, `unset ssh forward key ${id}`);
  call.start();
  const duplex = tunnel(bytesIn(call.requests), (data) => call.send(create(BytesMessageSchema, { data })));
  await converse(agent, duplex);
}

/** The server's side of a call, as `sendFolder` takes it. */
function packetsOf({
  requests,
  send,
  start,
}: ServerCall<typeof PacketSchema, typeof PacketSchema>): ClientCall<typeof PacketSchema, typeof PacketSchema> {
  start();
  return {
    responses: requests,
    send: (message) => send(create(PacketSchema, message)),
    end: () => undefined,
    [Symbol.dispose]: () => undefined,
  };
}
