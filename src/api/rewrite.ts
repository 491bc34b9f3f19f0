/** Images made of others without a build: `mutateImage` and `rebaseImage`. */
import { type AuditReport, imageSubject, runAudit } from "../audit/index.ts";
import { openSession, platformOf, imageContext, type Session, type StoreOptions } from "../context/index.ts";
import { DecantError } from "../errors.ts";
import type { Emit } from "../events.ts";
import {
  type BuiltImage,
  type ConfigChanges,
  exportImage,
  type ExportResult,
  mutatedImage,
  type OpenedImage,
  rebasedImage,
  targetNames,
} from "../image/index.ts";
import type { Platform } from "../oci/index.ts";
import { openNamedSource } from "../project/index.ts";
import { step } from "../step.ts";
import { loadLayers } from "../tree/index.ts";
import { workingDirectory } from "../working-directory.ts";
import { call, fields, list, maybe, record, STORE, text } from "./options/kinds.ts";
import { type Shape, shapeOf } from "./options/shape.ts";
import { startRun } from "./run-handle.ts";
import type { Run } from "./types.ts";

interface RewriteOptions extends StoreOptions {
  /** An image of the store or, where it is not there, of its registry; "oci:PATH", "docker-archive:FILE". */
  readonly image: string;
  /** Names of the new image in the store. Default: none, so that it has an ID only. */
  readonly tags?: readonly string[] | undefined;
  /** Default: the host's. */
  readonly platform?: string | undefined;
  /** Where relative paths start. Default: the working directory. */
  readonly cwd?: string | undefined;
}

/** Options of `mutateImage`. */
export interface MutateImageOptions extends RewriteOptions {
  readonly changes: ConfigChanges;
}

/** Options of `rebaseImage`. */
export interface RebaseImageOptions extends RewriteOptions {
  /** The base that the image was built on. */
  readonly oldBase: string;
  readonly newBase: string;
  /** Gets the report before the image is written. */
  readonly onAudit?: ((report: AuditReport) => void) | undefined;
}

const REWRITE = { ...STORE, image: text, tags: maybe(list(text)), platform: maybe(text), cwd: maybe(text) };
const MUTATE: Shape = shapeOf<MutateImageOptions>("mutateImage", {
  ...REWRITE,
  changes: fields<ConfigChanges>({
    labels: maybe(record(text)),
    unsetLabels: maybe(list(text)),
    env: maybe(record(text)),
    unsetEnv: maybe(list(text)),
    expose: maybe(list(text)),
    unsetExpose: maybe(list(text)),
    volumes: maybe(list(text)),
    unsetVolumes: maybe(list(text)),
    entrypoint: maybe(list(text)),
    cmd: maybe(list(text)),
    user: maybe(text),
    workdir: maybe(text),
    stopSignal: maybe(text),
  }),
});
const REBASE: Shape = shapeOf<RebaseImageOptions>("rebaseImage", { ...REWRITE, oldBase: text, newBase: text, onAudit: maybe(call) });

/** Makes an image with the same layers and another configuration, in the store. Rejects with `USAGE`, and as `openNamedSource`. */
export function mutateImage(options: MutateImageOptions): Run<ExportResult> {
  return startRun(MUTATE, options, async (emit, signal) => {
    targetNames(options.tags ?? []);
    await using session = await openSession(options);
    const context = { options, session, platform: platformOf(session, options.platform), emit, signal };
    const opened = await openImage(options.image, "mutate", context);
    return await write(mutatedImage(opened, options.changes, createdOf(session)), `changing ${options.image}`, context);
  });
}

/**
 * Makes an image with the layers of an app on another base, in the store, when its audit has no errors. Rejects with `USAGE`, `AUDIT`, and as
 * `openNamedSource`.
 */
export function rebaseImage(options: RebaseImageOptions): Run<ExportResult> {
  return startRun(REBASE, options, async (emit, signal) => {
    targetNames(options.tags ?? []);
    await using session = await openSession(options);
    const context = { options, session, platform: platformOf(session, options.platform), emit, signal };
    const app = await openImage(options.image, "rebase", context);
    const before = await openImage(options.oldBase, "rebase", context);
    const after = await openImage(options.newBase, "rebase", context);
    const image = rebasedImage(app, before, after, createdOf(session));
    const report = await step(emit, { vertex: "audit", name: "auditing the image" }, signal, () => audit(options.image, image, signal));
    options.onAudit?.(report);
    if (report.counts.error > 0) throw refused(report);
    return await write(image, `rebasing ${options.image}`, context);
  });
}

interface Context {
  readonly options: RewriteOptions;
  readonly session: Session;
  readonly platform: Platform;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

async function openImage(name: string, command: string, { options, session, platform, emit, signal }: Context): Promise<OpenedImage> {
  const cwd = options.cwd ?? workingDirectory();
  const source = await openNamedSource(name, { session, platform, cwd, command, emit, signal });
  if (source.kind === "image") return source.image;
  throw new DecantError("USAGE", `Cannot use "${name}": it is a folder; wanted an image`);
}

function write(image: BuiltImage, name: string, { options, session, emit, signal }: Context): Promise<ExportResult> {
  const output = { type: "image", names: options.tags ?? [], push: false } as const;
  return step(emit, { vertex: "write", name }, signal, () => exportImage([image], output, imageContext(session, emit, "write", signal)));
}

/** SOURCE_DATE_EPOCH, else now. */
function createdOf({ env }: Session): string {
  const epoch = env["SOURCE_DATE_EPOCH"];
  const isFixed = epoch !== undefined && /^\d{1,12}$/.test(epoch);
  return (isFixed ? new Date(Number(epoch) * 1000) : new Date()).toISOString();
}

async function audit(name: string, image: BuiltImage, signal: AbortSignal): Promise<AuditReport> {
  const lines = image.history.filter((entry) => entry.empty_layer !== true);
  const layers = (await loadLayers(image.layers, signal)).map((layer, at) => ({ layer, createdBy: lines[at]?.created_by ?? "" }));
  const subject = imageSubject({ name, platform: image.platform, config: image.config, layers, history: image.history });
  return await runAudit(subject, { policy: {}, signal });
}

const MAX_TOLD = 5;

function refused({ findings, counts }: AuditReport): DecantError {
  const told = findings.filter(({ severity }) => severity === "error").slice(0, MAX_TOLD);
  const lines = told.map(({ id, path, message }) => `\n- ${id}${path === undefined ? "" : ` ${path}`}: ${message}`);
  return new DecantError(
    "AUDIT",
    `Cannot rebase the image: on the new base it has ${counts.error === 1 ? "an error" : `${counts.error} errors`}${lines.join("")}`,
    {
      hint: "Build the app on the new base, or choose a base that has what it needs; nothing was written",
      details: { counts },
    },
  );
}
