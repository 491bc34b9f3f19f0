/**
 * Makes the lock of a Dockerfile's sources of what images, files and git references are now. It reads every stage, builds nothing, and fetches files
 * and commits, whose digests nobody else tells.
 */
import { AT_ONCE, pool } from "../async.ts";
import { checkParsed, type Plan, resolvePlan } from "../dockerfile/index.ts";
import { gitSources, httpSources } from "../engine/index.ts";
import { DecantError, InternalError } from "../errors.ts";
import { checkOutputFile, writeOutputFile } from "../image/index.ts";
import { remoteSource, type SourceOp } from "../graph/index.ts";
import { formatPlatform, parseReference, type Platform } from "../oci/index.ts";
import {
  formatSourceLock,
  pinKey,
  pinnedImage,
  pinnedSource,
  readSourceLock,
  type SourceLock,
  type SourcePin,
  type SourceRules,
} from "../project/index.ts";
import type { SourceRange } from "../source.ts";
import { step } from "../step.ts";
import { pathOfPlace } from "../sys/index.ts";
import { lockPlace, updateCommand } from "./lock-rules.ts";
import { type BuildRun, imagesOf, openBuild, type OpenBuildOptions, type OpenedBuild, planOptionsOf } from "./open-build.ts";
import { platformsOf } from "./platform.ts";

/** Options of `lockSources`: as those of `build`. */
export interface LockSourcesOptions extends Omit<OpenBuildOptions, "locked" | "pull" | "target"> {
  /** Default: those of the lock that is there, else the host's. */
  readonly platforms?: readonly string[] | undefined;
  /** False: only tell what would change. Default true. */
  readonly write?: boolean | undefined;
}

/** What changes in a lock. */
export interface SourceChange {
  readonly kind: SourcePin["kind"];
  readonly name: string;
  /** The pin: a digest or a commit. Absent for a source that is new. */
  readonly before?: string;
  /** Absent for a source that no stage needs any more. The same as `before` where only the platforms that need it changed. */
  readonly after?: string;
}

/** What `lockSources` gives. */
export interface LockSourcesResult {
  /** The lock. */
  readonly file: string;
  readonly written: boolean;
  readonly changes: readonly SourceChange[];
  readonly sources: readonly SourcePin[];
}

/** Locks what the Dockerfile's sources are now. Throws `LOCK`, `EXPORT`, `DOCKERFILE_*`, and what fetching throws. */
export async function lockSources(options: LockSourcesOptions, run: BuildRun): Promise<LockSourcesResult> {
  const { platforms, write = true, ...open } = options;
  await using opened = await openBuild<OpenBuildOptions>({ ...open, pull: "always" }, run);
  checkParsed(opened.written);
  const place = lockPlace(opened.context.dockerfile.path, opened.folder);
  if (place === undefined)
    throw new DecantError("LOCK", "Cannot lock the sources: the Dockerfile is no file of this machine", {
      hint: "Give a folder as the context, and the Dockerfile as a file",
    });
  const file = pathOfPlace(place);
  if (write) await checkOutputFile(file, run.signal);
  const before = await readSourceLock(place, updateCommand(options));
  const known = (before?.sources ?? []).flatMap((one) => one.platforms);
  const wanted = platforms === undefined || platforms.length === 0 ? [...new Set(known)] : platforms;
  const now = await currentPins(opened, platformsOf(wanted, opened));
  const after = withTimes(now, before);
  const changes = changesOf(before, after);
  const written = write && (before === undefined || changes.length > 0);
  if (written) await writeOutputFile(file, formatSourceLock(after), run.signal);
  return { file, written, changes, sources: after.sources };
}

type Pin = Omit<SourcePin, "locked">;

async function currentPins(opened: OpenedBuild, platforms: readonly Platform[]): Promise<readonly Pin[]> {
  const pins = new Map<string, Pin>();
  const add = (one: Pick<Pin, "kind" | "name" | "pin">, platform: Platform): void => {
    const key = pinKey(one);
    const known = pins.get(key);
    if (known !== undefined && known.pin !== one.pin)
      throw new DecantError("LOCK", `Cannot lock ${one.kind} "${one.name}": it is "${known.pin}" and "${one.pin}" at once`, {
        hint: "Run the command again; addresses that differ in a password or token alone cannot be locked",
      });
    const names = [...new Set([...(known?.platforms ?? []), formatPlatform(platform)])].toSorted();
    pins.set(key, { ...one, platforms: names });
  };
  const asked = new Map<SourceRange, Pick<Pin, "kind" | "name">>();
  const given = await opened.rules();
  const rules: SourceRules = {
    ...given,
    image(name, range) {
      const taken = given.image(name, range);
      const wanted = pinnedImage(taken);
      if (wanted !== undefined) asked.set(range, wanted);
      return taken;
    },
  };
  const images = await imagesOf({ ...opened, rules: () => Promise.resolve(rules) }, platforms.length > 1);
  const added = new Map<string, { readonly op: SourceOp; readonly range: SourceRange; readonly platforms: Platform[] }>();
  for (const platform of platforms) {
    const plan = await resolvePlan(opened.written, { ...planOptionsOf(opened, platform), everyStage: true }, async (request) => {
      const described = await images.describe(request.name, request.platform);
      if (described !== undefined) return described.config;
      const { identifier, config } = await images.resolveImage(request);
      const wanted = asked.get(request.range);
      const pin = wanted === undefined ? undefined : parseReference(identifier.replace(/^docker-image:\/\//, "")).digest;
      if (wanted !== undefined && pin !== undefined) add({ ...wanted, pin }, platform);
      return config;
    });
    if (plan.problems[0] !== undefined) throw plan.problems[0];
    for (const { op: written, range } of addedSources(plan)) {
      const op = rules.added(written, range);
      const key = JSON.stringify([op.identifier, Object.entries(op.attrs)]);
      const known = added.get(key) ?? { op, range, platforms: [] };
      known.platforms.push(platform);
      added.set(key, known);
    }
  }
  const found = await pool(AT_ONCE, [...added.values()], async (one) => ({ ...one, pin: await sourcePin(opened, one.op) }), opened.signal);
  for (const { pin, platforms: all } of found) for (const platform of all) if (pin !== undefined) add(pin, platform);
  return [...pins.values()];
}

/** What every ADD fetches, also in stages that the result does not need. */
function addedSources(plan: Plan): { readonly op: SourceOp; readonly range: SourceRange }[] {
  const steps = plan.stages.flatMap((stage) => stage.steps);
  return steps.flatMap(({ values }) => {
    if (values.kind !== "copy" || values.instruction.kind !== "add") return [];
    const { instruction, sources, checksum } = values;
    return sources.flatMap((source) => {
      const remote = remoteSource(instruction, source, checksum);
      return remote === undefined ? [] : [{ op: remote.op, range: source.range }];
    });
  });
}

/** Fetches it; undefined for what the Dockerfile pins. */
async function sourcePin(opened: OpenedBuild, op: SourceOp): Promise<Pick<Pin, "kind" | "name" | "pin"> | undefined> {
  const wanted = pinnedSource(op);
  if (wanted === undefined) return undefined;
  const { access, emit, signal, buildPlatform } = opened;
  const { store, network, env } = await opened.session();
  const provider = wanted.kind === "git" ? gitSources(store, { ...access, env }) : httpSources(store, { ...access, network });
  const plan = { vertex: `lock ${wanted.name}`, name: `locking ${wanted.name}` };
  const result = await step(emit, plan, signal, () => provider.resolve(op, buildPlatform, signal, plan.vertex));
  const [algorithm, hex] = Object.entries((result.kind === "layers" ? result.materials?.[0]?.digest : undefined) ?? {})[0] ?? [];
  if (hex === undefined) throw new InternalError("a source has told no digest");
  return { ...wanted, pin: wanted.kind === "git" ? hex : `${algorithm}:${hex}` };
}

/** A pin that stays keeps its time, so that the lock says when a source moved. */
function withTimes(now: readonly Pin[], before: SourceLock | undefined): SourceLock {
  const known = new Map((before?.sources ?? []).map((one) => [pinKey(one), one]));
  const time = new Date().toISOString().replace(/\.\d+Z$/, "Z");
  const sources = now.map((one): SourcePin => {
    const old = known.get(pinKey(one));
    return { ...one, locked: old?.pin === one.pin ? old.locked : time };
  });
  return { sources: sources.toSorted((a, b) => (pinKey(a) < pinKey(b) ? -1 : 1)) };
}

function changesOf(before: SourceLock | undefined, after: SourceLock): SourceChange[] {
  const old = new Map((before?.sources ?? []).map((one) => [pinKey(one), one]));
  const fresh = new Map(after.sources.map((one) => [pinKey(one), one]));
  const keys = [...new Set([...old.keys(), ...fresh.keys()])].toSorted();
  return keys.flatMap((key) => {
    const [one, other] = [old.get(key), fresh.get(key)];
    const named = one ?? other;
    if (named === undefined || (one?.pin === other?.pin && one?.platforms.join() === other?.platforms.join())) return [];
    const { kind, name } = named;
    return [{ kind, name, ...(one === undefined ? {} : { before: one.pin }), ...(other === undefined ? {} : { after: other.pin }) }];
  });
}
