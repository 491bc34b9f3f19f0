/** What requests of clients say beyond the usual: the server holds to it, or refuses it by name. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { addBusybox, BUSYBOX } from "../../../test/support/build.ts";
import { startBuildServer, type TestBuild, type TestServer } from "../../../test/support/buildkit-client.ts";
import { CODE, GrpcError } from "../grpc/errors.ts";
import type { Method } from "../grpc/method.ts";
import { CacheOptionsSchema, EmptySchema, SolveRequestSchema, StatusRequestSchema } from "../wire/control_pb.ts";
import { DefinitionSchema } from "../wire/llb_pb.ts";
import { BridgeSolveRequestSchema, ResultSchema, ReturnRequestSchema } from "../wire/gateway_pb.ts";
import { Control, LLBBridge } from "../wire/methods.ts";

/** With a text that our copy of the protocol has no field for. */
function saying<Message extends { $unknown?: unknown }>(message: Message, field: number): Message {
  message.$unknown = [{ no: field, wireType: 2, data: Uint8Array.of(1, 0x78) }];
  return message;
}

interface Unread {
  readonly what: string;
  readonly says: RegExp;
  readonly call: (server: TestServer) => Promise<unknown>;
}

/** The call of a method with this request. */
function unread<Input extends DescMessage, Output extends DescMessage>(
  what: string,
  method: Method<Input, Output>,
  request: MessageShape<Input>,
  says: RegExp,
): Unread {
  const { signal } = new AbortController();
  return {
    what,
    says,
    async call(server) {
      using call = server.connect().grpc.open(method, { signal });
      await call.send(request as never);
      call.end();
      for await (const _answer of call.responses);
    },
  };
}

const old = create(SolveRequestSchema, { ref: "old", cache: saying(create(CacheOptionsSchema), 1) });
const rows: readonly Unread[] = [
  unread("a build", Control.method.solve, saying(create(SolveRequestSchema, { ref: "new" }), 99), /SolveRequest 99/),
  unread("a part of a build", Control.method.solve, old, /CacheOptions 1\b/),
  unread("a list", Control.method.listWorkers, saying(create(EmptySchema), 1), /Empty 1\b/),
  unread("a status", Control.method.status, saying(create(StatusRequestSchema, { ref: "x" }), 7), /StatusRequest 7/),
  unread("an open build", LLBBridge.method.solve, saying(create(BridgeSolveRequestSchema), 16), /BridgeSolveRequest 16/),
  unread("a result", LLBBridge.method.return, create(ReturnRequestSchema, { result: saying(create(ResultSchema), 12) }), /Result 12/),
];
for (const { what, says, call } of rows) {
  test(`I2: a field that the server cannot read is refused by its number: ${what}`, async () => {
    await using server = await startBuildServer();
    await assert.rejects(call(server), (error) => {
      assert.ok(error instanceof GrpcError, String(error));
      assert.equal(error.code, CODE.unimplemented);
      assert.match(error.message, says);
      return true;
    });
  });
}

/** Builds a Dockerfile whose only file comes by HTTP, and gives the path that was asked for. */
async function asked(build: TestBuild): Promise<string> {
  const web = createServer((request, response) => void response.end(request.url));
  await new Promise<void>((resolve) => web.listen(0, "127.0.0.1", resolve));
  const { port } = web.address() as AddressInfo;
  try {
    await using server = await startBuildServer();
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-asked-"));
    writeFileSync(join(folder.path, "Dockerfile"), `FROM scratch\nADD http://127.0.0.1:${port}/asked /file\n`);
    const output = join(folder.path, "out");
    const folders = { context: folder.path, dockerfile: folder.path };
    const solve = { exporters: [{ type: "local", attrs: {} }], ...build.solve };
    await server.connect().build({ ...build, attributes: { filename: "Dockerfile" }, folders, output, solve });
    return readFileSync(join(output, "file"), "utf8");
  } finally {
    web.close();
    web.closeAllConnections();
  }
}

/** A policy with one rule for the paths that end so. */
function policy(action: number, end: string, identifier?: string) {
  const selector = { identifier: `^(http://127.*)/${end}$`, matchType: 2 };
  return { version: 1n, rules: [{ action, selector, ...(identifier === undefined ? {} : { updates: { identifier, attrs: {} } }) }] };
}

test("I2: policies of a request on an open build are held to, beside that of the build", async () => {
  const sourcePolicies = [policy(2, "asked", "$1/other")];
  assert.equal(await asked({ asked: { sourcePolicies } }), "/other");
  assert.equal(await asked({ asked: { sourcePolicies }, solve: { sourcePolicy: policy(2, "other", "$1/third") } }), "/third");
  assert.equal(await asked({ asked: { sourcePolicies: [...sourcePolicies, policy(1, "asked")] } }), "/other", "the first that converts");
  await assert.rejects(asked({ asked: { sourcePolicies: [policy(1, "asked")] } }), /denied by policy/);
  await assert.rejects(asked({ asked: { sourcePolicies }, solve: { sourcePolicy: policy(1, "other") } }), /denied by policy/);
  const circle = [policy(2, "asked", "$1/other"), policy(2, "other", "$1/asked")];
  await assert.rejects(asked({ asked: { sourcePolicies: circle } }), /conversions of its policies do not end/);
});

test("I2: an older client names its only output in fields of its own", async () => {
  assert.equal(await asked({ solve: { exporters: [], exporter: "local" } }), "/asked");
});

const refusals: readonly { readonly what: string; readonly build: TestBuild; readonly code: number; readonly says: RegExp }[] = [
  {
    what: "a cache of a frontend's own request",
    build: { asked: { cacheImports: [{ type: "registry", attrs: { ref: "127.0.0.1:9/x" } }] } },
    code: CODE.unimplemented,
    says: /CacheImports.*not supported/,
  },
  {
    what: "a graph beside a frontend",
    build: { asked: { definition: create(DefinitionSchema, { def: [Uint8Array.of(1)] }) } },
    code: CODE.invalid,
    says: /both a graph and a frontend/,
  },
  {
    what: "a configuration of the client's own",
    build: { metadata: { "containerimage.config": Buffer.from("{}") } },
    code: CODE.unimplemented,
    says: /adds its own "containerimage\.config"/,
  },
];
for (const { what, build, code, says } of refusals) {
  test(`I2: the server names what it does not have: ${what}`, async () => {
    await assert.rejects(asked(build), (error) => {
      assert.ok(error instanceof GrpcError, String(error));
      assert.match(error.message, says);
      assert.equal(error.code, code);
      return true;
    });
  });
}

test("S116: a build without a cache empties cache mounts, others keep them", async () => {
  await using server = await startBuildServer();
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-asked-"));
  addBusybox({ context: folder.path });
  const step = "if test -e /cache/x; then echo kept; else echo new; fi >/found; touch /cache/x";
  writeFileSync(join(folder.path, "Dockerfile"), `${BUSYBOX}ARG RUN\nRUN --mount=type=cache,target=/cache ${step}\n`);
  const folders = { context: folder.path, dockerfile: folder.path };
  let count = 0;
  const found = async (attributes: Readonly<Record<string, string>>): Promise<string> => {
    count += 1;
    const output = join(folder.path, `out${count}`);
    const solve = { exporters: [{ type: "local", attrs: {} }] };
    const all = { filename: "Dockerfile", "build-arg:RUN": String(count), ...attributes };
    await server.connect().build({ attributes: all, folders, output, solve });
    return readFileSync(join(output, "found"), "utf8").trim();
  };
  assert.equal(await found({}), "new");
  assert.equal(await found({}), "kept");
  assert.equal(await found({ "no-cache": "" }), "new");
  assert.equal(await found({}), "kept");
});
