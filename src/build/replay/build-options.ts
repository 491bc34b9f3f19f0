/** From what provenance tells of a build, and what the caller adds, to the options of a build. What is missing is told at once, all of it. */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseCompatibility } from "../../followed.ts";
import { given } from "../../given.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { BuildOptions } from "../types.ts";
import { replayError } from "./errors.ts";
import type { RecordedBuild } from "./read-provenance.ts";
import type { BuildRecord } from "./record.ts";
import type { ReplayOptions } from "./types.ts";

/** What decides the options. */
interface Asked {
  readonly recorded: RecordedBuild;
  readonly record: BuildRecord | undefined;
  readonly options: ReplayOptions;
  readonly cwd: string;
  /** An empty folder that belongs to the replay. */
  readonly scratch: string;
}

/** The options of the build, without its outputs. Throws `REPLAY` for what is missing. */
export function buildOptionsOf(asked: Asked): Omit<BuildOptions, "outputs"> {
  const { recorded, record, options, cwd } = asked;
  const { args } = recorded;
  refuseMissing(asked);
  const named = prefixed(args, "context:");
  const stoodIn = (record?.images ?? []).map(({ name, as }) => [name, as.startsWith("distroless:") ? as : `docker-image://${as}`] as const);
  const own = Object.entries(named).filter(([, value]) => !isLocal(value));
  const compatibility = recorded.compatibility;
  const { SOURCE_DATE_EPOCH: _named, ...buildArgs } = prefixed(args, "build-arg:");
  const epoch = record?.epoch ?? numberOf(_named);
  return {
    ...given({ root: options.root, signal: options.signal }),
    // The time is the one that the image was built with.
    env: { ...(options.env ?? process.env), SOURCE_DATE_EPOCH: undefined, EXPERIMENTAL_BUILDKIT_SOURCE_POLICY: undefined },
    cwd,
    context: contextOf(asked),
    ...given({ file: fileOf(asked) }),
    buildArgs: { ...buildArgs, ...(epoch === undefined ? {} : { SOURCE_DATE_EPOCH: String(epoch) }), ...options.buildArgs },
    labels: { ...prefixed(args, "label:"), ...options.labels },
    buildContexts: { ...Object.fromEntries([...stoodIn, ...own]), ...options.buildContexts },
    ...given({ target: args["target"] }),
    ...(compatibility === undefined ? {} : { compatibilityVersion: parseCompatibility(String(compatibility)) }),
    platforms: [options.platform ?? record?.platform ?? args["platform"] ?? "local"],
    ...given({ network: networkOf(args["force-network-mode"]) }),
    addHosts: pairs(args["add-hosts"]).map(([host, ip]) => ({ host, ip })),
    ulimits: pairs(args["ulimit"]).map(([name, limits]) => {
      const [soft = 0, hard = soft] = limits.split(":").map(Number);
      return { name, soft, hard };
    }),
    ...given({ shmSizeBytes: numberOf(args["shm-size"]), contextModes: record?.contextModes, autoAnnotations: record?.autoAnnotations }),
    secrets: options.secrets,
    ssh: options.ssh,
    allow: options.allow,
    runtime: options.runtime,
    resources: options.resources,
    sourcePolicy: "",
    tags: options.tags,
    annotations: record?.form?.annotations,
    stdout: options.stdout,
  };
}

function refuseMissing({ recorded, record, options }: Asked): void {
  const missing: string[] = [];
  const contexts = options.buildContexts ?? {};
  const isFolder = recorded.source === undefined;
  if (!recorded.isComplete && options.buildArgs === undefined && options.labels === undefined)
    missing.push("its build arguments or labels, which mode=min leaves out (--build-arg, --label)");
  if (isFolder && !recorded.locals.includes("context"))
    missing.push("its build context, which came from standard input and is named nowhere");
  else if (isFolder && record === undefined) missing.push("digests of the folder that it was built from, which only Decant writes down");
  else if (isFolder && options.context === undefined && needsFolder(recorded, record))
    missing.push("the folder of its build context (--context PATH)");
  for (const [name, value] of Object.entries(prefixed(recorded.args, "context:")))
    if (isLocal(value) && contexts[name] === undefined)
      missing.push(`its context "${name}" (--context ${name}=${value.startsWith("oci-layout:") ? "oci-layout://" : ""}PATH)`);
  const lacks = (uses: RecordedBuild["secrets"], has: readonly { readonly id: string }[] = []): string[] =>
    uses.filter(({ id, optional = false }) => !optional && !has.some((one) => one.id === id)).map(({ id }) => id);
  for (const id of lacks(recorded.secrets, options.secrets)) missing.push(`the secret "${id}" (--secret id=${id},src=FILE)`);
  for (const id of lacks(recorded.ssh, options.ssh)) missing.push(`the SSH agent "${id}" (--ssh ${id})`);
  for (const one of record?.allow ?? [])
    if (!(options.allow ?? []).some((allowed) => allowed === one)) missing.push(`the permission "${one}" (--allow ${one})`);
  if (missing.length === 0) return;
  throw replayError(options.image, `this is missing: ${missing.join("; ")}`, {
    hint:
      record === undefined
        ? "Only images of Decant, and images of git or http(s) contexts with provenance of mode=max, can be replayed"
        : "Give what is missing; images that are built with --provenance=mode=max need less",
  });
}

/** Steps have read of it, or the Dockerfile is nowhere else. */
function needsFolder({ dockerfile }: RecordedBuild, record: BuildRecord | undefined): boolean {
  return dockerfile === undefined || (record?.reads ?? []).some(({ context }) => context === "context");
}

function contextOf({ recorded, record, options, scratch }: Asked): string {
  if (options.context !== undefined) return options.context;
  const { source } = recorded;
  if (source === undefined) return scratch;
  return record?.context ?? recorded.args["context"] ?? publicUrl(source.uri);
}

/** The Dockerfile at its place in the context; the one of provenance where there is none. */
function fileOf({ recorded, record, options, cwd, scratch }: Asked): string | undefined {
  if (options.file !== undefined) return options.file;
  const path = record?.dockerfile.path ?? (recorded.source === undefined ? undefined : recorded.args["filename"]);
  if (recorded.source !== undefined) return path;
  const place = path === undefined || options.context === undefined ? undefined : join(resolve(cwd, options.context), path);
  if (place !== undefined && (existsSync(place) || recorded.dockerfile === undefined)) return place;
  return recorded.dockerfile === undefined ? undefined : join(scratch, "Dockerfile");
}

/** Folders and layouts of the machine that it was built on. */
function isLocal(value: string): boolean {
  return value.startsWith("local:") || /^oci-layout:(?!\/\/)/.test(value);
}

function prefixed(args: Readonly<Record<string, string>>, prefix: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(args).flatMap(([key, value]) => (key.startsWith(prefix) ? [[key.slice(prefix.length), value] as const] : [])),
  );
}

/** "a=1,b=2" */
function pairs(text: string | undefined): readonly (readonly [string, string])[] {
  return (text ?? "").split(",").flatMap((part) => {
    const at = part.indexOf("=");
    return at < 0 ? [] : [[part.slice(0, at), part.slice(at + 1)] as const];
  });
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function networkOf(text: string | undefined): "host" | "none" | undefined {
  return text === "host" || text === "none" ? text : undefined;
}
