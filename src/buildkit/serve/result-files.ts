/** What clients read of a result before they return it: its files, as a remote definition of a bake is read. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { openSession } from "../../context/index.ts";
import { createIgnoreMatcher, parseIgnore } from "../../dockerfile/index.ts";
import { openOciLayout } from "../../image/index.ts";
import { hostPlatform } from "../../oci/index.ts";
import { fromText, toText, treePath } from "../../paths.ts";
import { type Entry, loadTree, readDataRange, resolvePath, type Tree } from "../../tree/index.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import { statOf } from "../session/stat.ts";
import {
  type ReadDirRequest,
  type ReadDirResponse,
  ReadDirResponseSchema,
  type ReadFileRequest,
  type ReadFileResponse,
  ReadFileResponseSchema,
  type StatFileRequest,
  type StatFileResponse,
  StatFileResponseSchema,
} from "../wire/gateway_pb.ts";
import type { StatSchema } from "../wire/session_pb.ts";
import { resultLayout } from "./inputs.ts";
import type { Job } from "./jobs.ts";
import type { Connection } from "./service.ts";

/** What one answer may hold. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The files of a result; runs it, when nobody has yet. Throws `GrpcError` for a reference of nobody, and what running it throws. */
export async function treeOf(connection: Connection, job: Job, reference: string): Promise<Tree> {
  const { results, trees } = connection;
  const result = results.get(reference);
  if (result === undefined) throw new GrpcError(CODE.notFound, `no such ref: ${reference}`);
  const open = async (): Promise<Tree> => {
    if ("definition" in result) return await loadTree((await result.solved()).image.layers, job.signal);
    const layout = await resultLayout(connection, job, result);
    const { store, env } = connection.service;
    const session = connection.stack().use(await openSession({ root: store.root, env }));
    const image = await openOciLayout(session.store, layout, undefined, hostPlatform({ arch: process.arch }));
    return await loadTree(image.layers, job.signal);
  };
  const tree = trees.get(reference) ?? open();
  trees.set(reference, tree);
  return await tree;
}

/** A file, or a range of it. */
export async function readFile(tree: Tree, { filePath, range }: ReadFileRequest): Promise<ReadFileResponse> {
  const entry = entryAt(tree, filePath);
  if (entry.kind !== "file") throw new GrpcError(CODE.invalid, `read ${filePath}: it is a ${entry.kind}`);
  const offset = Math.min(Number(range?.offset ?? 0n), entry.size);
  const length = Math.min(range === undefined || range.length === 0n ? entry.size : Number(range.length), entry.size - offset);
  if (offset < 0 || length < 0) throw new GrpcError(CODE.invalid, `read ${filePath}: a range that begins before the file`);
  if (length > MAX_BYTES)
    throw new GrpcError(CODE.exhausted, `read ${filePath}: it has ${entry.size} bytes, more than one answer may hold`);
  return create(ReadFileResponseSchema, { data: readDataRange(await tree.data(entry), entry.size, offset, length) });
}

/** What is directly in a folder, as far as its name matches. */
export function readDir(tree: Tree, { dirPath, includePattern }: ReadDirRequest): ReadDirResponse {
  const { path, kind } = entryAt(tree, dirPath);
  if (kind !== "dir") throw new GrpcError(CODE.invalid, `read ${dirPath}: not a directory`);
  const matcher = includePattern === "" ? undefined : createIgnoreMatcher(parseIgnore(includePattern));
  const entries = tree.readdir(path).filter((entry) => matcher?.excludes(fromText(nameOf(entry))) ?? true);
  return create(ReadDirResponseSchema, { entries: entries.map(namedStat) });
}

/** What a path is, links followed. */
export function statFile(tree: Tree, { path }: StatFileRequest): StatFileResponse {
  return create(StatFileResponseSchema, { stat: namedStat(entryAt(tree, path)) });
}

function entryAt(tree: Tree, path: string): Entry {
  const { entry } = resolvePath(tree, treePath(path), { followLast: true });
  if (entry === undefined) throw new GrpcError(CODE.notFound, `open ${path}: no such file or directory`);
  return entry;
}

function nameOf({ path }: Entry): string {
  return toText(path).split("/").at(-1) ?? "";
}

function namedStat(entry: Entry): MessageInitShape<typeof StatSchema> {
  return { ...statOf(entry), path: nameOf(entry) };
}
