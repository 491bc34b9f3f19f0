/**
 * Specifications of the Container Device Interface (CDI, cncf-tags/container-device-interface SPEC.md up to 1.1): what a vendor wants to be
 * done to a container that gets its devices. Text in, values out.
 */
import * as v from "valibot";

/** A device file. */
export interface CdiDeviceNode {
  readonly path: string;
  readonly hostPath?: string;
  readonly type?: "b" | "c" | "u" | "p";
  readonly major?: number;
  readonly minor?: number;
  readonly fileMode?: number;
  /** Letters of "rwm". */
  readonly permissions?: string;
  readonly uid?: number;
  readonly gid?: number;
}

/** A path of the host that is shown. */
export interface CdiMount {
  readonly hostPath: string;
  readonly containerPath: string;
  readonly options?: readonly string[];
  readonly type?: string;
}

/** A program of the host that the runtime calls. */
interface CdiHook {
  readonly hookName: "prestart" | "createRuntime" | "createContainer" | "startContainer" | "poststart" | "poststop";
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
  readonly timeout?: number;
}

/** What is to be done. */
export interface CdiEdits {
  readonly env?: readonly string[];
  readonly deviceNodes?: readonly CdiDeviceNode[];
  readonly mounts?: readonly CdiMount[];
  readonly hooks?: readonly CdiHook[];
  readonly additionalGids?: readonly number[];
  /** Not done here: who asks for it gets an error. */
  readonly netDevices?: readonly unknown[];
  readonly intelRdt?: unknown;
}

/** One device of a specification. */
export interface CdiDevice {
  readonly name: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly containerEdits: CdiEdits;
}

/** A specification file. */
export interface CdiSpec {
  readonly cdiVersion: string;
  /** "vendor.com/class" */
  readonly kind: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Once for a container, whichever of the devices it gets. */
  readonly containerEdits?: CdiEdits;
  readonly devices: readonly CdiDevice[];
}

const NAME = /^[a-zA-Z](?:[\w.-]*[a-zA-Z0-9])?$/;
const DEVICE_NAME = /^[a-zA-Z0-9](?:[\w.:-]*[a-zA-Z0-9])?$/;
const VERSION = /^(?:0\.[3-8]|1\.[01])\.0$/;
const MAX_ITEMS = 10_000;

const text = v.pipe(v.string(), v.regex(/^[^\0]+$/, "wanted a text that is not empty"));
const id = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffff_ffff));
const listOf = <Item extends v.GenericSchema>(item: Item) => v.nullish(v.pipe(v.array(item), v.maxLength(MAX_ITEMS)));
const environment = v.pipe(text, v.regex(/^[^=]+=/, "wanted NAME=value"));
// YAML gives booleans and numbers where Go reads any scalar as text.
const annotations = v.nullish(v.record(v.string(), v.pipe(v.union([v.string(), v.boolean(), v.number()]), v.transform(String))));

const editsSchema = v.strictObject({
  env: listOf(environment),
  deviceNodes: listOf(
    v.strictObject({
      path: text,
      hostPath: v.nullish(text),
      type: v.nullish(v.picklist(["b", "c", "u", "p", ""])),
      major: v.nullish(v.pipe(v.number(), v.integer())),
      minor: v.nullish(v.pipe(v.number(), v.integer())),
      fileMode: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0o7777))),
      permissions: v.nullish(v.pipe(v.string(), v.regex(/^[rwm]*$/, "wanted letters of rwm"))),
      uid: v.nullish(id),
      gid: v.nullish(id),
    }),
  ),
  mounts: listOf(v.strictObject({ hostPath: text, containerPath: text, options: listOf(text), type: v.nullish(v.string()) })),
  hooks: listOf(
    v.strictObject({
      hookName: v.picklist(["prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"]),
      path: text,
      args: listOf(v.string()),
      env: listOf(environment),
      timeout: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0))),
    }),
  ),
  additionalGids: listOf(id),
  netDevices: listOf(v.unknown()),
  intelRdt: v.nullish(v.unknown()),
});

const specSchema = v.strictObject({
  cdiVersion: v.pipe(v.string(), v.regex(VERSION, "wanted a version from 0.3.0 to 1.1.0")),
  kind: v.pipe(
    v.string(),
    v.check((kind) => kind.split("/").length === 2 && kind.split("/").every((part) => NAME.test(part)), "wanted VENDOR/CLASS"),
  ),
  annotations,
  containerEdits: v.nullish(editsSchema),
  devices: v.pipe(
    v.array(
      v.strictObject({
        name: v.pipe(v.string(), v.regex(DEVICE_NAME, "wanted letters, digits and _ . : -")),
        annotations,
        containerEdits: editsSchema,
      }),
    ),
    v.minLength(1, "wanted at least one device"),
    v.maxLength(MAX_ITEMS),
    v.check((devices) => new Set(devices.map(({ name }) => name)).size === devices.length, "wanted each name once"),
  ),
});

/** Reads a parsed file. Gives the specification, or what is wrong with it in a few words. */
export function readCdiSpec(value: unknown): { readonly spec: CdiSpec } | { readonly problem: string } {
  const read = v.safeParse(specSchema, value);
  if (!read.success) {
    const [issue] = read.issues;
    const where = v.getDotPath(issue);
    return { problem: where === null ? issue.message : `${where}: ${issue.message}` };
  }
  return { spec: specOf(read.output) };
}

function specOf(read: v.InferOutput<typeof specSchema>): CdiSpec {
  return {
    cdiVersion: read.cdiVersion,
    kind: read.kind,
    ...there({ annotations: read.annotations }),
    ...(read.containerEdits === null || read.containerEdits === undefined ? {} : { containerEdits: editsOf(read.containerEdits) }),
    devices: read.devices.map(({ name, containerEdits, ...rest }) => ({
      name,
      ...there({ annotations: rest.annotations }),
      containerEdits: editsOf(containerEdits),
    })),
  };
}

function editsOf(read: v.InferOutput<typeof editsSchema>): CdiEdits {
  const { deviceNodes, mounts, hooks, ...rest } = read;
  return {
    ...there(rest),
    ...(deviceNodes === null || deviceNodes === undefined
      ? {}
      : {
          deviceNodes: deviceNodes.map(({ type, ...node }) => ({
            ...there(node),
            path: node.path,
            ...(type === "" ? {} : there({ type })),
          })),
        }),
    ...(mounts === null || mounts === undefined
      ? {}
      : { mounts: mounts.map((mount) => ({ ...there(mount), hostPath: mount.hostPath, containerPath: mount.containerPath })) }),
    ...(hooks === null || hooks === undefined
      ? {}
      : { hooks: hooks.map((hook) => ({ ...there(hook), hookName: hook.hookName, path: hook.path })) }),
  };
}

/** Without what is null or absent. */
function there<Value extends object>(value: Value): { [Key in keyof Value]?: NonNullable<Value[Key]> } {
  const found: { [Key in keyof Value]?: NonNullable<Value[Key]> } = {};
  for (const key in value) {
    const field = value[key];
    if (field !== null && field !== undefined) found[key] = field;
  }
  return found;
}
