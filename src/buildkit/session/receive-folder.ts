/**
 * Takes the files of a client into a folder (fsutil's DiffCopy, the receiving side). What the folder has already, by kind, mode, size and time, is not
 * sent again; what the client does not have any more, goes. The folder is ours alone: nobody else writes to it.
 */
import { type BigIntStats, closeSync, lstatSync, readdirSync, readlinkSync, rmSync } from "node:fs";
import { fromBytes, fromText, toBytes, toText } from "../../paths.ts";
import { createEntryMaker, type Entry, writeAll } from "../../tree/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { ClientCall } from "../grpc/client.ts";
import type { Packet, PacketSchema } from "../wire/session_pb.ts";
import { PACKET } from "./packets.ts";
import { entryOf } from "./stat.ts";

const NSEC = 1_000_000_000n;
/** How many files a client may list: a bound for our memory. */
const MAX_FILES = 4_000_000;

interface OpenFile {
  readonly entry: Entry;
  readonly fd: number;
  written: number;
}

/** Where files go. `onBytes`: how many came, each time some did. */
interface ReceiveOptions {
  /** Absolute, and there. */
  readonly folder: string;
  readonly onBytes?: ((count: number) => void) | undefined;
  /** Is told of a file that the client lists and cannot open; the folder does not have it. */
  readonly onUnreadable?: ((path: string) => void) | undefined;
}

/** Receives all, and ends the call. Throws `GrpcError` for a client that breaks the rules, and Node's errors. */
export async function receiveFolder(call: ClientCall<typeof PacketSchema, typeof PacketSchema>, options: ReceiveOptions): Promise<void> {
  const receiver = new FolderReceiver(call, options);
  try {
    for await (const packet of call.responses) {
      options.onBytes?.(packet.data.byteLength + (packet.stat === undefined ? 0 : packet.stat.path.length));
      await receiver.take(packet);
    }
  } finally {
    receiver.close();
  }
  if (!receiver.isDone) throw new GrpcError(CODE.unavailable, "the client ended the transfer of files before all were there");
}

/** The state of one transfer. */
class FolderReceiver {
  readonly #call: ClientCall<typeof PacketSchema, typeof PacketSchema>;
  readonly #root: string;
  readonly #onUnreadable: ReceiveOptions["onUnreadable"];
  readonly #maker = createEntryMaker();
  /** By path; directories first, as the client lists parents before what is in them. */
  readonly #listed = new Map<string, Entry>();
  /** By the number that the client knows them by. */
  readonly #wanted = new Map<number, Entry>();
  readonly #open = new Map<number, OpenFile>();
  readonly #links: Entry[] = [];
  #count = 0;
  #hasList = false;
  #hasAsked = false;
  isDone = false;

  constructor(call: ClientCall<typeof PacketSchema, typeof PacketSchema>, { folder, onUnreadable }: ReceiveOptions) {
    this.#call = call;
    this.#root = fromText(folder);
    this.#onUnreadable = onUnreadable;
  }

  async take(packet: Packet): Promise<void> {
    switch (packet.type) {
      case PACKET.stat:
        if (packet.stat === undefined) this.#endList();
        else await this.#list(packet.stat);
        break;
      case PACKET.data:
        this.#data(packet);
        break;
      case PACKET.fin:
        this.isDone = this.#hasAsked;
        return;
      case PACKET.error:
        throw new GrpcError(CODE.unknown, Buffer.from(packet.data).toString("utf8"));
      default:
        throw new GrpcError(CODE.invalid, `the client sent a packet of type ${packet.type}`);
    }
    if (this.#hasList && this.#wanted.size === 0 && !this.#hasAsked) {
      this.#hasAsked = true;
      this.#finish();
      await this.#call.send({ type: PACKET.fin });
    }
  }

  close(): void {
    for (const { fd } of this.#open.values()) closeSync(fd);
    this.#open.clear();
  }

  async #list(stat: NonNullable<Packet["stat"]>): Promise<void> {
    const id = this.#count;
    this.#count += 1;
    if (this.#hasList || this.#count > MAX_FILES) throw new GrpcError(CODE.invalid, "the client lists more files than it may");
    const entry = entryOf(stat);
    if (entry === undefined) return;
    const parent = entry.path.slice(0, Math.max(entry.path.lastIndexOf("/"), 0));
    // So nothing is ever made through a link: what has no directory above it in the list is refused.
    if (parent !== "" && this.#listed.get(parent)?.kind !== "dir")
      throw new GrpcError(CODE.invalid, `the client sent "${stat.path}" before the directory that it is in`);
    if (this.#listed.has(entry.path)) throw new GrpcError(CODE.invalid, `the client sent "${stat.path}" twice`);
    this.#listed.set(entry.path, entry);
    if (entry.kind === "hardlink") {
      if (this.#listed.get(entry.link ?? "")?.kind !== "file")
        throw new GrpcError(CODE.invalid, `the client sent "${stat.path}", a link to nothing`);
      this.#links.push(entry);
      return;
    }
    const path = this.#path(entry);
    const found = lstatSync(toBytes(path), { throwIfNoEntry: false, bigint: true });
    if (found !== undefined) {
      if (isSame(path, found, entry)) return;
      rmSync(toBytes(path), { recursive: true, force: true });
    }
    if (entry.kind === "dir") this.#maker.directory(path);
    else if (entry.kind !== "file") this.#maker.special(path, entry);
    else {
      this.#wanted.set(id, entry);
      await this.#call.send({ type: PACKET.request, id });
    }
  }

  #data({ id, data }: Packet): void {
    const entry = this.#wanted.get(id);
    if (entry === undefined) throw new GrpcError(CODE.invalid, `the client sent content of file ${id}, which nobody asked for`);
    const file = this.#open.get(id) ?? { entry, fd: this.#maker.open(this.#path(entry)), written: 0 };
    this.#open.set(id, file);
    if (data.byteLength > 0) {
      writeAll(file.fd, data, "a file of the context");
      file.written += data.byteLength;
      return;
    }
    this.#open.delete(id);
    this.#wanted.delete(id);
    this.#maker.close(file.fd, { ...entry, uid: 0, gid: 0 });
    if (file.written === 0 && entry.size > 0) {
      rmSync(toBytes(this.#path(entry)), { force: true });
      this.#onUnreadable?.(toText(entry.path));
    }
  }

  #endList(): void {
    this.#hasList = true;
    const names = new Map<string, Set<string>>([["", new Set()]]);
    for (const { path, kind } of this.#listed.values()) {
      const slash = path.lastIndexOf("/");
      names.get(slash < 0 ? "" : path.slice(0, slash))?.add(path.slice(slash + 1));
      if (kind === "dir") names.set(path, new Set());
    }
    for (const [folder, wanted] of names) {
      const path = folder === "" ? this.#root : `${this.#root}/${folder}`;
      for (const name of readdirSync(toBytes(path), { encoding: "buffer" })) {
        if (!wanted.has(fromBytes(name))) rmSync(toBytes(`${path}/${fromBytes(name)}`), { recursive: true, force: true });
      }
    }
  }

  /** Links need their files, and directories change their times while files come. */
  #finish(): void {
    for (const link of this.#links) {
      const path = this.#path(link);
      rmSync(toBytes(path), { recursive: true, force: true });
      if (lstatSync(toBytes(`${this.#root}/${link.link ?? ""}`), { throwIfNoEntry: false }) === undefined) continue;
      this.#maker.link(`${this.#root}/${link.link ?? ""}`, path);
    }
    for (const entry of [...this.#listed.values()].toReversed())
      if (entry.kind === "dir") this.#maker.describe(this.#path(entry), { ...entry, uid: 0, gid: 0 });
  }

  #path({ path }: Entry): string {
    return `${this.#root}/${path}`;
  }
}

/** Is it the file that came at an earlier time? */
function isSame(path: string, found: BigIntStats, entry: Entry): boolean {
  if (entry.kind === "dir") return found.isDirectory();
  if (entry.kind === "symlink")
    return found.isSymbolicLink() && fromBytes(readlinkSync(toBytes(path), { encoding: "buffer" })) === entry.link;
  return (
    entry.kind === "file" &&
    found.isFile() &&
    found.nlink === 1n &&
    Number(found.size) === entry.size &&
    Number(found.mode & 0o7777n) === entry.mode &&
    found.mtimeNs === BigInt(entry.mtimeSec) * NSEC + BigInt(entry.mtimeNsec)
  );
}
