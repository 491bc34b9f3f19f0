/** Every call of BuildKit's API that `decant serve` answers, with messages that are nearly right, raw frames, and bytes that are no HTTP/2. */
import { once } from "node:events";
import { type ClientHttp2Session, connect } from "node:http2";
import { duplexPair } from "node:stream";
import { create, type DescField, type DescMessage, ScalarType, toBinary } from "@bufbuild/protobuf";
import { frameOf } from "../../../src/buildkit/grpc/frames.ts";
import { type Method, pathOf } from "../../../src/buildkit/grpc/method.ts";
import { type BuildServer, openBuildServer } from "../../../src/buildkit/serve/server.ts";
import * as methods from "../../../src/buildkit/wire/methods.ts";
import { READERS, WRITERS } from "../../../src/cli/commands/serve.ts";
import type { Random } from "../../fuzz/random.ts";
import { holds } from "../make.ts";
import type { Target } from "../types.ts";

const { Content, Control, Health, LLBBridge, Upload } = methods;
const METHODS: readonly Method<DescMessage, DescMessage>[] = [Control, LLBBridge, Content, Health, Upload].flatMap((service) =>
  Object.values(service.method),
);
const OPEN_BUILD = "open-build";
/** Names of methods are in front of the message: a byte, and one for the headers. */
const HEAD_BYTES = 2;
const WAIT_MS = 25;
const ANSWER_MS = 20_000;
const CASES_A_CONNECTION = 50;
/** gRPC's code for what nobody foresaw, and for messages that are none. */
const INTERNAL = 13;
const FORESEEN = /^a (?:call without a request|message )/;

const TEXTS = [
  "",
  "a",
  OPEN_BUILD,
  "dockerfile.v0",
  "gateway.v0",
  "local://context",
  "docker-image://127.0.0.1:1/a:1",
  "http://127.0.0.1:1/x",
  "git://127.0.0.1:1/a.git",
  "oci-layout://x",
  "context",
  "dockerfilekey",
  "filename",
  "target",
  "platform",
  "linux/amd64,linux/arm64",
  "build-arg:A",
  "requestid",
  "frontend.subrequests.outline",
  "image",
  "oci",
  "local",
  "name",
  "push",
  "../../etc/passwd",
  "/",
  "__proto__",
  "sha256:" + "a".repeat(64),
  "\0",
  "x".repeat(5000),
  "moby.buildkit.cache.v0",
  "inline",
  "registry",
  "ref=127.0.0.1:1/a",
  "network.host",
  "type==regular",
] as const;

export const CALLS: Target = {
  name: "calls",
  generate(random) {
    const at = random.below(METHODS.length);
    const { input } = METHODS[at] ?? Control.method.solve;
    const head = Buffer.from([at, random.below(256)]);
    return Buffer.concat([
      head,
      random.chance(0.03) ? Buffer.from("PRI * HTTP/2.0\r\n\r\nXX") : toBinary(input, messageOf(input, random, 0)),
    ]);
  },
  async check(input, lab) {
    const server = await serverIn((await lab.store()).root);
    const method = METHODS[(input[0] ?? 0) % METHODS.length] ?? Control.method.listWorkers;
    const message = input.subarray(HEAD_BYTES);
    if (lab.random.chance(0.02)) return await sendBytes(server, message);
    const { status, text } = await server.call(method, (input[1] ?? 0) % 3 === 0 ? message : frameOf(message), (input[1] ?? 0) % 2 === 0);
    holds(status !== INTERNAL || FORESEEN.test(text), `${pathOf(method)} fails as something that nobody foresaw: ${text}`);
    if (lab.random.chance(0.02)) {
      const alive = await server.call(Control.method.listWorkers, frameOf(Buffer.alloc(0)), false, ANSWER_MS);
      holds(alive.status === 0, `the server still answers: ${alive.status} ${alive.text}`);
    }
  },
};

/** A message whose fields have values that may have been meant. */
function messageOf(schema: DescMessage, random: Random, depth: number): ReturnType<typeof create> {
  const fields: Record<string, unknown> = {};
  for (const field of schema.fields) {
    if (random.chance(depth === 0 ? 0.3 : 0.5)) continue;
    const value = valueOf(field, random, depth);
    if (value === undefined) continue;
    if (field.oneof === undefined) fields[field.localName] = value;
    else fields[field.oneof.localName] = { case: field.localName, value };
  }
  return create(schema, fields);
}

function valueOf(field: DescField, random: Random, depth: number): unknown {
  const few = (): number => random.below(4);
  switch (field.fieldKind) {
    case "scalar":
      return scalarOf(field.scalar, random);
    case "enum":
      return random.pick([0, 1, 2, 99]);
    case "message":
      return depth > 3 ? undefined : messageOf(field.message, random, depth + 1);
    case "list":
      return Array.from({ length: few() }, () => {
        if (field.listKind === "scalar") return scalarOf(field.scalar, random);
        return field.listKind === "enum" ? 1 : messageOf(field.message, random, depth + 1);
      }).slice(0, depth > 3 ? 0 : 4);
    case "map":
      return Object.fromEntries(
        Array.from({ length: depth > 3 ? 0 : few() }, () => [
          field.mapKey === ScalarType.STRING ? random.pick(TEXTS) : random.below(9),
          field.mapKind === "message"
            ? messageOf(field.message, random, depth + 1)
            : field.mapKind === "enum"
              ? 1
              : scalarOf(field.scalar, random),
        ]),
      );
  }
}

function scalarOf(type: ScalarType, random: Random): unknown {
  switch (type) {
    case ScalarType.STRING:
      return random.pick(TEXTS);
    case ScalarType.BYTES:
      return Buffer.from(random.pick(TEXTS));
    case ScalarType.BOOL:
      return random.chance(0.5);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return random.pick([0n, 1n, -1n, 2n ** 62n]);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return random.pick([0n, 1n, 2n ** 63n]);
    case ScalarType.DOUBLE:
    case ScalarType.FLOAT:
      return random.pick([0, 1.5, -1]);
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return random.pick([0, 1, -1, 2 ** 31 - 1]);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return random.pick([0, 1, 2 ** 32 - 1]);
  }
}

interface Answer {
  /** gRPC's; -1 for none in time. */
  readonly status: number;
  readonly text: string;
}

interface Serving {
  readonly server: BuildServer;
  call(method: Method<DescMessage, DescMessage>, bytes: Uint8Array, isOnBuild: boolean, waitMs?: number): Promise<Answer>;
}

let serving: { readonly root: string; readonly opened: Promise<Serving> } | undefined;

/** One for all cases: it is to outlive them. */
async function serverIn(root: string): Promise<Serving> {
  if (serving?.root !== root) serving = { root, opened: openServing(root) };
  return await serving.opened;
}

async function openServing(root: string): Promise<Serving> {
  const server = await openBuildServer({ root, env: { PATH: process.env["PATH"] }, readers: READERS, writers: WRITERS, allow: [] });
  let session: ClientHttp2Session | undefined;
  let calls = 0;
  const connected = (): ClientHttp2Session => {
    if (session !== undefined && !session.destroyed && !session.closed && calls % CASES_A_CONNECTION !== 0) return session;
    session?.destroy();
    const [here, there] = duplexPair();
    void server.serve(there);
    session = connect("http://localhost", { createConnection: () => here });
    session.on("error", () => undefined);
    return session;
  };
  return {
    server,
    async call(method, bytes, isOnBuild, waitMs = WAIT_MS) {
      const current = connected();
      calls += 1;
      const stream = current.request({
        ":method": "POST",
        ":path": pathOf(method),
        "content-type": "application/grpc",
        te: "trailers",
        ...(isOnBuild ? { "buildkit-controlapi-buildid": OPEN_BUILD } : {}),
      });
      let answer: Answer = { status: -1, text: "" };
      const take = (headers: Readonly<Record<string, string | string[] | number | undefined>>): void => {
        if (headers["grpc-status"] !== undefined)
          answer = { status: Number(headers["grpc-status"]), text: String(headers["grpc-message"] ?? "") };
      };
      stream
        .on("response", take)
        .on("trailers", take)
        .on("error", () => undefined)
        .resume();
      stream.end(bytes);
      const timer = setTimeout(() => stream.close(8), waitMs);
      if (!stream.closed) await once(stream, "close").catch(() => undefined);
      clearTimeout(timer);
      return answer;
    },
  };
}

/** Something that is no HTTP/2 at all. */
async function sendBytes({ server }: Serving, bytes: Uint8Array): Promise<void> {
  const [here, there] = duplexPair();
  here.on("error", () => undefined).resume();
  there.on("error", () => undefined);
  const served = server.serve(there);
  here.end(bytes);
  await served;
}
