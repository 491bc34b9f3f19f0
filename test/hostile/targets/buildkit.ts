/** What a client of `decant serve` sends: frames of gRPC, graphs, and files of a context, which are written to a folder. */
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { GrpcError } from "../../../src/buildkit/grpc/errors.ts";
import { frameOf, framesIn } from "../../../src/buildkit/grpc/frames.ts";
import { fromDefinition } from "../../../src/buildkit/llb/from-llb.ts";
import { toDefinition } from "../../../src/buildkit/llb/to-llb.ts";
import { definitionOf } from "../../../src/buildkit/serve/inputs.ts";
import { receiveFolder } from "../../../src/buildkit/session/receive-folder.ts";
import { DefinitionSchema, type Definition } from "../../../src/buildkit/wire/llb_pb.ts";
import { type Packet, PacketSchema } from "../../../src/buildkit/wire/session_pb.ts";
import { errnoOf } from "../../../src/errors.ts";
import { vertex } from "../../../src/graph/index.ts";
import type { Random } from "../../fuzz/random.ts";
import { openCanary } from "../lab.ts";
import { holds, inPieces } from "../make.ts";
import type { Target } from "../types.ts";

const PLATFORM = { os: "linux", architecture: "amd64" } as const;
const meta = { name: "x", ignoreCache: false, internal: false, slot: "s" };
const SOURCE = vertex(
  { kind: "source", identifier: "docker-image://docker.io/library/a:1", attrs: { "git.fullurl": "x" } },
  [],
  PLATFORM,
  meta,
);
const MERGED = vertex(
  { kind: "merge" },
  [SOURCE, vertex({ kind: "source", identifier: "local://context", attrs: {} }, [], PLATFORM, meta)],
  PLATFORM,
  meta,
);
const DEFINITIONS = [SOURCE, MERGED].map((target) => toBinary(DefinitionSchema, create(DefinitionSchema, toDefinition(target))));

export const GRAPHS: Target = {
  name: "graphs",
  generate: (random) => random.pick([DEFINITIONS[0] ?? Buffer.alloc(0), ...DEFINITIONS]),
  expects: (error) => error instanceof GrpcError,
  check(input) {
    let definition: Definition;
    try {
      definition = fromBinary(DefinitionSchema, input);
    } catch {
      // The library refuses it for us: a call with it fails.
      return;
    }
    const target = fromDefinition(definition, PLATFORM);
    toDefinition(target);
    definitionOf(target.op.kind === "source" ? target.op.identifier : "x");
  },
};

const PATHS = [
  "a",
  "b",
  "d",
  "d/a",
  "d/b",
  "d/l/x",
  "l",
  "l/x",
  "../outside/a",
  "/etc/passwd",
  "",
  ".",
  "a//b",
  "a/../..",
  "\0",
  "é",
  "x".repeat(300),
  "p/".repeat(2500),
] as const;
const MODES = [
  0o644,
  0o755,
  2 ** 31 + 0o755,
  2 ** 27 + 0o777,
  2 ** 26,
  2 ** 26 + 2 ** 21,
  2 ** 25,
  2 ** 24,
  2 ** 23 + 0o755,
  2 ** 32 - 1,
  2 ** 31 + 2 ** 27,
] as const;

function packets(random: Random): Buffer {
  const made = Array.from({ length: random.below(12) }, () => {
    if (random.chance(0.3)) return { type: random.pick([2, 2, 0, 3, 4, 9]), id: random.below(6), data: Buffer.alloc(random.below(3000)) };
    const path = random.pick(PATHS);
    const link = random.chance(0.4) ? random.pick(PATHS) : "";
    const big = (): bigint => random.pick([0n, 5n, -1n, 2n ** 40n, 2n ** 63n - 1n, -(2n ** 63n)]);
    const stat = {
      path,
      mode: random.pick(MODES),
      linkname: link,
      size: big(),
      modTime: big(),
      devmajor: big(),
      devminor: big(),
      uid: random.pick([0, 1, 2 ** 32 - 1]),
      gid: 0,
      xattrs: random.chance(0.1) ? { "user.a": Buffer.from("x"), "trusted.x": Buffer.from("y") } : {},
    };
    return { type: 0, stat };
  });
  const sane = [
    { type: 0, stat: { path: "d", mode: 2 ** 31 + 0o755 } },
    { type: 0, stat: { path: "d/l", mode: 2 ** 27 + 0o777, linkname: "../../outside" } },
    { type: 0, stat: { path: "f", mode: 0o644, size: 3n } },
  ];
  const all = [
    ...(random.chance(0.5) ? sane : []),
    ...made,
    { type: 0 },
    { type: 2, id: 2, data: Buffer.from("abc") },
    { type: 2, id: 2 },
    { type: 3 },
  ];
  return Buffer.concat(all.map((packet) => frameOf(toBinary(PacketSchema, create(PacketSchema, packet)))));
}

/** A file system may refuse what a client lists. */
const REFUSED = new Set(["ENAMETOOLONG", "EINVAL", "EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "ELOOP", "EOVERFLOW", "ERANGE", "EEXIST"]);

export const FILES: Target = {
  name: "context-files",
  generate: packets,
  expects: (error) => error instanceof GrpcError || REFUSED.has(errnoOf(error) ?? ""),
  async check(input, { folder, random }) {
    const canary = openCanary(join(folder, "canary"));
    try {
      for (let rounds = random.chance(0.2) ? 2 : 1; rounds > 0; rounds -= 1) {
        await receiveFolder(
          { responses: packetsIn(input, random), send: () => Promise.resolve(), end: () => undefined, [Symbol.dispose]: () => undefined },
          { folder: canary.inside },
        );
      }
    } finally {
      holds(!canary.changed(), "nothing outside of the folder changes");
    }
  },
};

async function* packetsIn(input: Buffer, random: Random): AsyncGenerator<Packet, void, undefined> {
  for await (const frame of framesIn(inPieces(input, random))) {
    let packet: Packet;
    try {
      packet = fromBinary(PacketSchema, frame);
    } catch {
      return;
    }
    yield packet;
  }
}
