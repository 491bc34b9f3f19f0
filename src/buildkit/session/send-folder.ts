/** Gives the files of a folder to a client (fsutil's DiffCopy, the sending side). */
import { ROOT } from "../../paths.ts";
import type { Entry, Tree } from "../../tree/index.ts";
import { readEntry, walk } from "../../tree/index.ts";
import type { ClientCall } from "../grpc/client.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { PacketSchema } from "../wire/session_pb.ts";
import { PACKET } from "./packets.ts";
import { statOf } from "./stat.ts";

const PIECE_BYTES = 32 * 1024;

/** Sends all that the client asks for, and ends the call. Throws `GrpcError`. */
export async function sendFolder(call: ClientCall<typeof PacketSchema, typeof PacketSchema>, tree: Tree): Promise<void> {
  const files: Entry[] = [];
  const links = new Map<string, Entry>();
  for (const entry of walk(tree, ROOT)) {
    files.push(entry);
    const group = entry.kind === "file" ? tree.linkGroup(entry) : undefined;
    const first = group === undefined ? undefined : links.get(group);
    if (group !== undefined && first === undefined) links.set(group, entry);
    // The other names of a file name the first one, and have no content.
    await call.send({ type: PACKET.stat, stat: statOf(first === undefined ? entry : { ...entry, link: first.path, size: 0 }) });
  }
  await call.send({ type: PACKET.stat });
  for await (const packet of call.responses) {
    switch (packet.type) {
      case PACKET.request: {
        const entry = files[packet.id];
        if (entry?.kind !== "file") throw new GrpcError(CODE.invalid, `the client asked for file ${packet.id}, which is none`);
        await sendContent(call, tree, entry, packet.id);
        break;
      }
      case PACKET.fin:
        await call.send({ type: PACKET.fin });
        call.end();
        return;
      case PACKET.error:
        throw new GrpcError(CODE.unknown, Buffer.from(packet.data).toString("utf8"));
      default:
    }
  }
  throw new GrpcError(CODE.unavailable, "the client went away while it took files");
}

async function sendContent(
  call: ClientCall<typeof PacketSchema, typeof PacketSchema>,
  tree: Tree,
  entry: Entry,
  id: number,
): Promise<void> {
  for await (const chunk of readEntry(tree, entry))
    for (let at = 0; at < chunk.byteLength; at += PIECE_BYTES)
      await call.send({ type: PACKET.data, id, data: chunk.subarray(at, at + PIECE_BYTES) });
  await call.send({ type: PACKET.data, id });
}
