/** I1: our graph and LLB, one to one, in both directions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { fc } from "../../../test/support/property.ts";
import { isDecantError } from "../../errors.ts";
import { type ExecOp, type FileAction, type Mount, type Op, reachable, type Vertex, vertex } from "../../graph/index.ts";
import { BuildOpSchema, DefinitionSchema, type FileActionSchema, FileOpSchema, type Op as WireOp, OpSchema } from "../wire/llb_pb.ts";
import { sha256 } from "../../digest.ts";
import { fromDefinition } from "./from-llb.ts";
import { toDefinition } from "./to-llb.ts";

const PLATFORM = { os: "linux", architecture: "amd64" };
const text = fc.string({ maxLength: 12 });
const some = fc.string({ minLength: 1, maxLength: 12 });
const texts = fc.array(text, { maxLength: 3 });
const id = fc.nat({ max: 2 ** 31 });
const owner = fc.record({ user: fc.oneof(some, id), group: fc.oneof(some, id) }, { requiredKeys: [] });

const access = { dest: text, mode: fc.nat({ max: 0o7777 }), uid: id, gid: id, optional: fc.boolean(), id: text };
const mounts: fc.Arbitrary<Mount> = fc.oneof(
  fc.record({
    type: fc.constant("bind" as const),
    input: fc.constant(0),
    selector: text,
    dest: fc.constant("/"),
    readonly: fc.boolean(),
    output: fc.constantFrom(0, -1),
  }),
  fc.record({
    type: fc.constant("cache" as const),
    input: fc.constantFrom(0, -1),
    selector: text,
    dest: text,
    readonly: fc.boolean(),
    id: text,
    sharing: fc.constantFrom("shared" as const, "private" as const, "locked" as const),
  }),
  fc.record(
    { type: fc.constant("tmpfs" as const), dest: text, readonly: fc.boolean(), sizeBytes: fc.integer({ min: 1, max: 2 ** 40 }) },
    { requiredKeys: ["type", "dest", "readonly"] },
  ),
  fc.record({ type: fc.constant("secret" as const), ...access }),
  fc.record({ type: fc.constant("ssh" as const), ...access }),
);
const exec: fc.Arbitrary<ExecOp> = fc.record({
  kind: fc.constant("exec" as const),
  meta: fc.record(
    {
      args: texts,
      env: texts,
      cwd: text,
      user: text,
      hostname: some,
      proxyEnv: fc.constantFrom([], ["HTTP_PROXY=http://p", "http_proxy=http://p", "NO_PROXY=x", "no_proxy=x"]),
      extraHosts: fc.array(fc.record({ host: text, ip: text }), { maxLength: 2 }),
      ulimits: fc.array(fc.record({ name: text, soft: fc.integer(), hard: fc.integer() }), { maxLength: 2 }),
      validExitCodes: fc.array(fc.nat({ max: 255 }), { minLength: 1, maxLength: 2 }),
    },
    { requiredKeys: ["args", "env", "cwd", "user", "proxyEnv", "extraHosts", "ulimits"] },
  ),
  mounts: fc.array(mounts, { maxLength: 3 }),
  secretEnv: fc.array(fc.record({ id: text, name: text, optional: fc.boolean() }), { maxLength: 2 }),
  network: fc.constantFrom("sandbox" as const, "host" as const, "none" as const),
  security: fc.constantFrom("sandbox" as const, "insecure" as const),
  devices: fc.array(fc.record({ name: text, optional: fc.boolean() }), { maxLength: 2 }),
});
const flag = fc.boolean();
const seconds = fc.integer({ min: 0, max: 2 ** 33 });
const actions: fc.Arbitrary<FileAction> = fc.oneof(
  fc.record(
    {
      kind: fc.constant("copy" as const),
      input: fc.constant(0),
      src: text,
      dest: text,
      owner,
      mode: some,
      followSymlinks: flag,
      dirCopyContents: flag,
      attemptUnpack: flag,
      allowWildcard: flag,
      allowEmptyWildcard: flag,
      excludePatterns: texts,
      includePatterns: fc.array(text, { minLength: 1, maxLength: 2 }),
      requiredPaths: fc.array(text, { minLength: 1, maxLength: 2 }),
      existingDestOnly: fc.constant(true as const),
      replacesOther: fc.constant(true as const),
      mtimeSec: seconds,
    },
    {
      requiredKeys: [
        "kind",
        "input",
        "src",
        "dest",
        "followSymlinks",
        "dirCopyContents",
        "attemptUnpack",
        "allowWildcard",
        "allowEmptyWildcard",
        "excludePatterns",
      ],
    },
  ),
  fc.record(
    { kind: fc.constant("mkfile" as const), path: text, mode: fc.nat({ max: 0o7777 }), data: text, owner, mtimeSec: seconds },
    { requiredKeys: ["kind", "path", "mode", "data"] },
  ),
  fc.record(
    {
      kind: fc.constant("mkdir" as const),
      path: text,
      mode: fc.nat({ max: 0o7777 }),
      makeParents: flag,
      owner,
      mtimeSec: seconds,
    },
    { requiredKeys: ["kind", "path", "mode", "makeParents"] },
  ),
  fc.record(
    {
      kind: fc.constant("mkfile" as const),
      path: text,
      mode: fc.nat(),
      data: fc.constant("gA=="),
      encoding: fc.constant("base64" as const),
    },
    { requiredKeys: ["kind", "path", "mode", "data", "encoding"] },
  ),
  fc.record(
    { kind: fc.constant("symlink" as const), path: text, target: text, owner, mtimeSec: seconds },
    { requiredKeys: ["kind", "path", "target"] },
  ),
  fc.record({ kind: fc.constant("rm" as const), path: text, allowNotFound: flag, allowWildcard: flag }),
);
const source: fc.Arbitrary<Op> = fc.record({
  kind: fc.constant("source" as const),
  identifier: text,
  attrs: fc.dictionary(
    some.filter((name) => name !== "__proto__"),
    text,
    { maxKeys: 3 },
  ),
});
const inner: fc.Arbitrary<Op> = fc.oneof(
  exec,
  fc.record({
    kind: fc.constant("file" as const),
    base: fc.constantFrom(0, -1),
    actions: fc.array(actions, { minLength: 1, maxLength: 3 }),
  }),
  fc.constant({ kind: "merge" as const }),
  fc.record({ kind: fc.constant("diff" as const), lower: fc.constantFrom(0, -1), upper: fc.constantFrom(0, 1, -1) }),
);

function graphOf(first: Op, rest: readonly { readonly op: Op; readonly back: number; readonly ignoreCache: boolean }[]): Vertex {
  const meta = (name: string, ignoreCache: boolean): Vertex["meta"] => ({ name, ignoreCache, internal: false, slot: name });
  const made = [vertex(first, [], PLATFORM, meta("first", false))];
  for (const { op, back, ignoreCache } of rest) {
    const inputs = [made.at(-1), made[back % made.length]].filter((input) => input !== undefined);
    made.push(vertex(op, inputs, { ...PLATFORM, ...(back % 2 === 0 ? {} : { variant: "v2" }) }, meta(`step ${back}`, ignoreCache)));
  }
  const last = made.at(-1);
  assert.ok(last !== undefined);
  return last;
}

const graph = fc
  .tuple(source, fc.array(fc.record({ op: inner, back: fc.nat({ max: 6 }), ignoreCache: flag }), { maxLength: 5 }))
  .map(([first, rest]) => graphOf(first, rest));

/** Every vertex with its inputs by number: digests also depend on the order of properties. */
function shown(target: Vertex): readonly unknown[] {
  const order = reachable(target);
  return order.map(({ op, platform, meta, inputs }) => ({
    op: structuredClone(op),
    platform,
    name: meta.name,
    ignoreCache: meta.ignoreCache,
    inputs: inputs.map(({ id: of }) => order.findIndex(({ id: one }) => one === of)),
  }));
}

test("I1: a graph that goes to LLB and back is the same graph", () => {
  fc.assert(
    fc.property(graph, (target) => {
      const definition = toDefinition(target);
      // As it comes over the wire.
      const received = fromBinary(DefinitionSchema, toBinary(DefinitionSchema, definition));
      const back = fromDefinition(received, { os: "linux", architecture: "s390x" });
      assert.deepEqual(shown(back), shown(target));
    }),
  );
});

test("I1: LLB that becomes a graph and LLB again is the same bytes", () => {
  fc.assert(
    fc.property(graph, (target) => {
      const definition = toDefinition(target);
      assert.deepEqual(toDefinition(fromDefinition(definition, PLATFORM)).def, definition.def);
    }),
  );
});

test("I1: bytes that are no graph are refused, and nothing else happens", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 4 }), (def) => {
      try {
        fromDefinition(create(DefinitionSchema, { def }), PLATFORM);
      } catch (error) {
        assert.ok(isDecantError(error, "USAGE") || isDecantError(error, "UNSUPPORTED"), String(error));
      }
    }),
  );
});

/** A file that is made at this time, in nanoseconds. */
const madeAt = (timestamp: bigint): MessageInitShape<typeof FileActionSchema> => ({
  input: 0n,
  secondaryInput: -1n,
  action: { case: "mkfile", value: { path: "/x", timestamp } },
});

type Change = (op: WireOp) => void;
const lacking: readonly (readonly [name: string, change: Change])[] = [
  ["cgroupParent", (op) => op.op.case === "exec" && op.op.value.meta !== undefined && (op.op.value.meta.cgroupParent = "x")],
  ["network mode 7", (op) => op.op.case === "exec" && (op.op.value.network = 7)],
  [
    "a field that Decant does not know (ExecOp 99)",
    (op) => op.op.case === "exec" && (op.op.value.$unknown = [{ no: 99, wireType: 0, data: new Uint8Array([1]) }]),
  ],
  ["filter of workers", (op) => op.constraints?.filter.push("x")],
  ['op "build"', (op) => (op.op = { case: "build", value: create(BuildOpSchema) })],
  ["a time that is no whole second", (op) => (op.op = { case: "file", value: create(FileOpSchema, { actions: [madeAt(1n)] }) })],
];
for (const [name, change] of lacking) {
  test(`I1: what our ops cannot say is refused by name: ${name}`, () => {
    const step: ExecOp = {
      kind: "exec",
      meta: { args: ["x"], env: [], cwd: "/", user: "", proxyEnv: [], extraHosts: [], ulimits: [] },
      mounts: [],
      secretEnv: [],
      network: "sandbox",
      security: "sandbox",
      devices: [],
    };
    const { def, metadata } = toDefinition(
      graphOf({ kind: "source", identifier: "docker-image://x", attrs: {} }, [{ op: step, back: 0, ignoreCache: false }]),
    );
    const [first, second] = def;
    assert.ok(first !== undefined && second !== undefined);
    const op = fromBinary(OpSchema, second);
    change(op);
    const bytes = toBinary(OpSchema, op);
    const end = toBinary(OpSchema, create(OpSchema, { inputs: [{ digest: sha256(bytes), index: 0n }] }));
    assert.throws(
      () => fromDefinition(create(DefinitionSchema, { def: [first, bytes, end], metadata }), PLATFORM),
      (error) => isDecantError(error, "UNSUPPORTED") && error.message.includes(name),
    );
  });
}
