/** The options of `runImage`. */
import * as v from "valibot";
import type { RunImageOptions } from "../types.ts";
import { amount, call, count, fields, flag, type Fields, LIMITS, list, maybe, oneOf, STORE, text } from "./kinds.ts";
import { type Shape, shapeOf } from "./shape.ts";

type Mount = NonNullable<RunImageOptions["mounts"]>[number];
type MountFields = { readonly [Name in Mount["kind"]]: Omit<Fields<Extract<Mount, { readonly kind: Name }>>, "kind"> };

const MOUNTS: MountFields = {
  bind: { source: text, target: text, readOnly: maybe(flag) },
  tmpfs: { target: text, readOnly: maybe(flag), sizeBytes: maybe(count), mode: maybe(count), exec: maybe(flag) },
  volume: { target: text },
};
const mounts = list(
  v.variant(
    "kind",
    Object.entries(MOUNTS).map(([kind, kinds]) => v.strictObject({ kind: v.literal(kind), ...kinds }, "an object")),
    Object.keys(MOUNTS)
      .map((kind) => `"${kind}"`)
      .join(", "),
  ),
);
const port = fields<NonNullable<RunImageOptions["ports"]>[number]>({
  hostIp: maybe(text),
  hostPort: maybe(count),
  containerPort: count,
  protocol: oneOf("tcp", "udp"),
});
const device = fields<NonNullable<RunImageOptions["devices"]>[number]>({ source: text, target: maybe(text), access: maybe(text) });

/** Of `runImage`. */
export const RUN: Shape = shapeOf<RunImageOptions>("runImage", {
  ...STORE,
  ...LIMITS,
  image: text,
  platform: maybe(text),
  debugWith: maybe(text),
  cwd: maybe(text),
  args: maybe(list(text)),
  entrypoint: maybe(text),
  environment: maybe(list(text)),
  user: maybe(text),
  workdir: maybe(text),
  name: maybe(text),
  hostname: maybe(text),
  network: maybe(oneOf("host", "none")),
  runtime: maybe(oneOf("crun", "runc", "auto")),
  readOnly: maybe(flag),
  ports: maybe(list(port)),
  publishAll: maybe(flag),
  mounts: maybe(mounts),
  devices: maybe(list(device)),
  capAdd: maybe(list(text)),
  capDrop: maybe(list(text)),
  noNewPrivileges: maybe(flag),
  privileged: maybe(flag),
  terminal: maybe(flag),
  init: maybe(flag),
  stopSignal: maybe(text),
  stopTimeoutMs: maybe(amount),
  onOutput: maybe(call),
});
