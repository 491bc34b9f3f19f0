/** From an opened build to its graph: the epoch, the images, the checks on the way, and the devices that steps ask for. */
import { availableParallelism } from "node:os";
import { AT_ONCE, pool } from "../async.ts";
import { dockerProxies, refuseUnknown, resolveEpoch, type Session, sourceTime } from "../context/index.ts";
import { checkParsed, isOn, type ParsedDockerfile } from "../dockerfile/index.ts";
import type { DeviceAccess } from "../engine/index.ts";
import { type Conversion, reachable, toGraph } from "../graph/index.ts";
import { formatPlatform, type Platform } from "../oci/index.ts";
import type { BaseImages, SourceRules } from "../project/index.ts";
import { platformsOf } from "./platform.ts";
import { stageFacts } from "./stage-facts.ts";
import { type BuildChecks, buildChecks, emitDiagnostics } from "./checks.ts";
import { buildDevices, checkDevices } from "./devices.ts";
import { checkEmulation } from "./emulation.ts";
import { takenSource } from "./client-sources.ts";
import { imagesOf, type OpenedBuild, planOptionsOf } from "./open-build.ts";
import type { BuildTarget } from "./targets.ts";
import type { BuildOptions } from "./types.ts";
import { warningsOnce } from "./warnings-once.ts";

/** A build of one target for one platform whose graph is known, and nothing of which has run. */
export interface PreparedBuild {
  /** With the options of its target alone. */
  readonly opened: OpenedBuild<BuildOptions>;
  readonly target: BuildTarget;
  readonly session: Session;
  /** The one that was asked for. */
  readonly platform: Platform;
  /** With what was resolved: SOURCE_DATE_EPOCH is a number. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** SOURCE_DATE_EPOCH, in seconds. */
  readonly epochSec: number | undefined;
  readonly images: BaseImages;
  readonly checks: BuildChecks;
  readonly devices: DeviceAccess;
  readonly conversion: Conversion;
  /** It is one of several, or the options want an index around it all the same. */
  readonly inIndex: boolean;
}

/** What must be right before a build counts as begun. Throws `UNSUPPORTED`, `DOCKERFILE_SYNTAX`, `DOCKERFILE_SEMANTIC`. */
export async function checkOpened({ options, written, context, emit }: OpenedBuild<BuildOptions>): Promise<void> {
  await refuseUnknown(context.dockerfile, options.buildArgs ?? {});
  emitDiagnostics(written, emit);
  checkParsed(written);
  warnOfUnknownStages(written, options.noCacheStages ?? [], emit);
}

/**
 * Makes the graph of each target for each platform, in the order of the options. Throws `DOCKERFILE_*`, `UNSUPPORTED`, `PLATFORM`, and what looking
 * images up throws.
 */
export async function prepareBuild(opened: OpenedBuild<BuildOptions>, targets: readonly BuildTarget[]): Promise<readonly PreparedBuild[]> {
  const { options, cwd, signal } = opened;
  const session = await opened.session();
  const platforms = platformsOf(options.platforms, opened);
  // What all targets and platforms say is said once.
  const emit = platforms.length * targets.length > 1 ? warningsOnce(opened.emit) : opened.emit;
  const told = { ...opened, emit };
  const devices = buildDevices(options, { cwd, emit });
  const several = platforms.length > 1;
  const images = await imagesOf(told, several);
  const rules = await opened.rules();
  const epoch = await epochOf(told, session, platforms[0] ?? opened.defaultPlatform, rules);
  const shared = { session, devices, images, rules, ...epoch };
  const wanted = targets.flatMap((target) => {
    const ofTarget = { ...shared, target, opened: { ...told, options: target.options } };
    return platforms.map((platform) => ({ platform, ofTarget }));
  });
  const prepared = await pool(AT_ONCE, wanted, ({ platform, ofTarget }) => preparePlatform(platform, several, ofTarget), signal);
  if (opened.isElsewhere !== true) await checkEmulation(prepared.map(({ conversion }) => conversion));
  return prepared;
}

/** What all platforms of a target share. */
interface SharedPreparation extends Pick<PreparedBuild, "opened" | "target" | "session" | "devices" | "images" | "buildArgs" | "epochSec"> {
  readonly parsed: ParsedDockerfile;
  readonly rules: SourceRules;
}

async function preparePlatform(platform: Platform, severalPlatforms: boolean, shared: SharedPreparation): Promise<PreparedBuild> {
  const { opened, target, session, images, devices, buildArgs, epochSec, parsed, rules } = shared;
  const { options, context, emit } = opened;
  const planned = { ...planOptionsOf(opened, platform), buildArgs };
  const checks = buildChecks({ parsed, files: context.files, ...planned });
  const proxies = await dockerProxies({ env: session.env, buildArgs }, emit);
  const conversion = await checks.around(
    toGraph(parsed, {
      ...options,
      ...planned,
      buildArgs: { ...proxies, ...buildArgs },
      epochSec,
      severalPlatforms,
      addedSource: rules.added,
      resolveImage: (request) => checks.seen(request, images.resolveImage(request)),
    }),
    emit,
  );
  for (const { op, meta, platform: of } of conversion.target === undefined ? [] : reachable(conversion.target)) {
    if (op.kind !== "source") continue;
    if (op.identifier === "local://context") rules.context(op, meta.source);
    const check = opened.client?.checkSource;
    if (check !== undefined) await takenSource(check, op, of);
  }
  // Those of a builder elsewhere are its own.
  if (opened.isElsewhere !== true) await checkDevices(conversion.target, devices);
  emit({ type: "plan", platform: formatPlatform(platform), cores: availableParallelism(), stages: stageFacts(conversion.plan) });
  const inIndex = severalPlatforms || isOn(buildArgs["BUILDKIT_MULTI_PLATFORM"]);
  return { opened, target, session, platform, buildArgs, epochSec, images, checks, devices, conversion, inIndex };
}

function warnOfUnknownStages({ stages }: ParsedDockerfile, wanted: readonly string[], emit: OpenedBuild["emit"]): void {
  for (const name of wanted) {
    if (stages.some((stage) => stage.name === name.toLowerCase() || String(stage.index) === name)) continue;
    emit({ type: "warning", code: "UnknownStage", message: `--no-cache-filter names stage "${name}", which the Dockerfile does not have` });
  }
}

/** One time for all targets and platforms: where a stage or an image gives it, the first platform's. */
async function epochOf(
  opened: OpenedBuild<BuildOptions>,
  session: Session,
  platform: Platform,
  rules: SourceRules,
): Promise<Pick<SharedPreparation, "parsed" | "buildArgs" | "epochSec">> {
  const { options, written, context, contexts, access, emit, signal } = opened;
  const { parsed, buildArgs, epochSec } = await resolveEpoch(
    written,
    { ...planOptionsOf(opened, platform), env: session.env, target: options.target ?? "" },
    {
      contextTime: context.time,
      namedContext: (name) => contexts.find(name, platform),
      timeOf: (source, added) =>
        sourceTime(added === undefined ? rules.context(source) : rules.added(source, added), session, { access, signal }),
      emit,
    },
  );
  return { parsed, buildArgs, epochSec };
}
