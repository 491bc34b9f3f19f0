/** Outputs of a client: written here first, and then sent to it, or pushed and kept from here. */
import { given } from "../../given.ts";
import { statSync } from "node:fs";
import { join } from "node:path";
import type { BuildOptions, BuildResult } from "../../build/index.ts";
import { InternalError } from "../../errors.ts";
import { step } from "../../step.ts";
import { hostTree, readData } from "../../tree/index.ts";
import type { ClientCall } from "../grpc/client.ts";
import type { BytesMessageSchema, Exporter } from "../wire/control_pb.ts";
import { FileSend, SEND_FILES } from "../wire/methods.ts";
import { pushLayout } from "../session/layouts.ts";
import { sendFolder } from "../session/send-folder.ts";
import { flagOf } from "./attributes.ts";
import { makeOutputFolder } from "./client-build.ts";
import type { Fetching } from "./client-context.ts";
import type { ClientSession } from "./client-sessions.ts";
import { notServed } from "./errors.ts";
import type { OptionReaders } from "./readers.ts";

type Output = NonNullable<BuildOptions["outputs"]>[number];
type Result = BuildResult["outputs"][number];

/** One output, and where it is written before it is sent. */
interface ClientOutput {
  readonly spec: Output;
  /** Its place among those of the client. */
  readonly index: number;
  /** Absent for what stays here or is pushed. */
  readonly sent?: "file" | "folder" | "layout";
  readonly path?: string;
}

const NAMES = /,(?=[^,]+)/;

/** Reads the outputs that a client asks for. Without one the build only fills the cache. Throws `USAGE`, `UNSUPPORTED`. */
export async function readOutputs(
  exporters: readonly Pick<Exporter, "type" | "attrs">[],
  { readers, ...fetching }: Pick<Fetching, "store" | "stack"> & { readonly readers: OptionReaders },
): Promise<ClientOutput[]> {
  const outputs: ClientOutput[] = [];
  for (const [index, { type, attrs }] of exporters.entries()) {
    // A destination is a path of the client's machine, and never one of ours.
    const { dest: _dest, name = "", mode, ...rest } = attrs;
    const names = name === "" ? [] : name.split(NAMES);
    const read = (more: Readonly<Record<string, string>>): Output =>
      readers.output(flagOf(Object.entries({ type, ...rest, ...(name === "" ? {} : { name }), ...more })), names);
    if (type === "image" || type === "registry" || type === "cacheonly") {
      outputs.push({ spec: read({}), index });
    } else if (type === "local") {
      const path = join(await makeOutputFolder(fetching, index), "files");
      outputs.push({ spec: read({ dest: path }), index, sent: "folder", path });
    } else if (type === "tar" || ((type === "oci" || type === "docker") && rest["tar"] !== "false")) {
      const path = join(await makeOutputFolder(fetching, index), "out.tar");
      outputs.push({ spec: read({ dest: path, ...given({ mode }) }), index, sent: "file", path });
    } else if (type === "oci" || type === "docker") {
      const path = join(await makeOutputFolder(fetching, index), "layout");
      outputs.push({ spec: read({ dest: path }), index, sent: "layout", path });
    } else throw notServed(`The output type=${type}`);
  }
  return outputs;
}

/** What the client is told of the results: of several outputs the later one wins. */
export function exporterResponse(results: readonly Result[]): Record<string, string> {
  const told: Record<string, string> = {};
  for (const result of results) Object.assign(told, responseOf(result));
  return told;
}

function responseOf({ descriptor, configDigest, names }: Result): Record<string, string> {
  if (descriptor === undefined) return {};
  return {
    "containerimage.digest": descriptor.digest,
    "containerimage.descriptor": Buffer.from(JSON.stringify(descriptor)).toString("base64"),
    ...(configDigest === undefined ? {} : { "containerimage.config.digest": configDigest }),
    ...(names.length === 0 ? {} : { "image.name": names.join(",") }),
  };
}

/** Sends an output to the client that wants it. Throws `GrpcError`. */
export async function sendOutput(
  { sent, path, index }: ClientOutput,
  result: Result,
  {
    session,
    emit,
    signal,
    isSeveral,
  }: { readonly session: ClientSession; readonly emit: Fetching["emit"]; readonly signal: AbortSignal; readonly isSeveral: boolean },
): Promise<void> {
  if (sent === undefined) return;
  if (path === undefined) throw new InternalError("an output without a path");
  const either = AbortSignal.any([signal, session.signal]);
  const vertex = `send ${index}`;
  const name = sent === "folder" ? "copying files to the client" : "sending tarball";
  await step(emit, { vertex, name }, signal, async () => {
    const id = { "buildkit-attachable-exporter-id": String(index) };
    if (sent === "folder") {
      const metadata = { ...id, ...(isSeveral ? { "buildkit-exporter-multi-platform": "1" } : {}) };
      using call = session.client.open(SEND_FILES, { metadata, signal: either });
      await sendFolder(call, hostTree(path));
      return;
    }
    if (sent === "layout") {
      await pushLayout({ client: session.client, id: "export", signal: either }, path);
      return;
    }
    const facts = Object.fromEntries(Object.entries(responseOf(result)).map(([key, value]) => [`exporter-md-${key}`, value]));
    using call = session.client.open(FileSend.method.diffCopy, { metadata: { ...id, ...facts }, signal: either });
    await sendFile(call, path);
  });
}

async function sendFile(call: ClientCall<typeof BytesMessageSchema, typeof BytesMessageSchema>, path: string): Promise<void> {
  const { size } = statSync(path);
  for await (const data of readData({ kind: "host", path }, size)) await call.send({ data });
  call.end();
  for await (const _answer of call.responses);
}
