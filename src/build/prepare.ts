/** From an opened build to its graph: the epoch, the images, the checks on the way, and the devices that steps ask for. */
import { AT_ONCE, pool } from "../async.ts";
import { dockerProxies, refuseUnknown, resolveEpoch, type Session, sourceTime } from "../context/index.ts";
import { checkParsed, isOn, type ParsedDockerfile } from "../dockerfile/index.ts";
import type { DeviceAccess } from "../engine/index.ts";
import { type Conversion, toGraph } from "../graph/index.ts";
import type { Platform } from "../oci/index.ts";
import type { BaseImages } from "../project/index.ts";
import { platformsOf } from "./platform.ts";
import { type BuildChecks, buildChecks, emitDiagnostics } from "./checks.ts";
import { buildDevices, checkDevices } from "./devices.ts";
import { checkEmulation } from "./emulation.ts";
import { imagesOf, type OpenedBuild, planOptionsOf } from "./open-build.ts";
import type { BuildOptions } from "./types.ts";
import { warningsOnce } from "./warnings-once.ts";

/** A build of one platform whose graph is known, and nothing of which has run. */
export interface PreparedBuild {
  readonly opened: OpenedBuild<BuildOptions>;
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
  await refuseUnknown(context.dockerfile, options.buildArgs ?? {}, options.env ?? process.env);
  emitDiagnostics(written, emit);
  checkParsed(written);
  warnOfUnknownStages(written, options.noCacheStages ?? [], emit);
}

/**
 * Makes the graph of each platform, in the order of the options. Throws `DOCKERFILE_*`, `UNSUPPORTED`, `PLATFORM`, and what looking images up
 * throws.
 */
export async function prepareBuild(opened: OpenedBuild<BuildOptions>): Promise<readonly PreparedBuild[]> {
  const { options, cwd, signal } = opened;
  const session = await opened.session();
  const platforms = platformsOf(options.platforms, opened);
  // What all platforms say is said once.
  const emit = platforms.length > 1 ? warningsOnce(opened.emit) : opened.emit;
  const told = { ...opened, emit };
  const devices = buildDevices(options, { cwd, emit });
  const several = platforms.length > 1;
  const images = await imagesOf(told, several);
  const epoch = await epochOf(told, session, platforms[0] ?? opened.defaultPlatform);
  const shared = { opened: told, session, devices, images, ...epoch };
  const prepared = await pool(AT_ONCE, platforms, (platform) => preparePlatform(platform, several, shared), signal);
  if (opened.remote === undefined) await checkEmulation(prepared.map(({ conversion }) => conversion));
  return prepared;
}

/** What all platforms share. */
interface SharedPreparation extends Pick<PreparedBuild, "opened" | "session" | "devices" | "images" | "buildArgs" | "epochSec"> {
  readonly parsed: ParsedDockerfile;
}

async function preparePlatform(platform: Platform, severalPlatforms: boolean, shared: SharedPreparation): Promise<PreparedBuild> {
  const { opened, session, images, devices, buildArgs, epochSec, parsed } = shared;
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
      resolveImage: (request) => checks.seen(request, images.resolveImage(request)),
    }),
    emit,
  );
  // Those of a builder elsewhere are its own.
  if (opened.remote === undefined) await checkDevices(conversion.target, devices);
  const inIndex = severalPlatforms || isOn(buildArgs["BUILDKIT_MULTI_PLATFORM"]);
  return { opened, session, platform, buildArgs, epochSec, images, checks, devices, conversion, inIndex };
}

function warnOfUnknownStages({ stages }: ParsedDockerfile, wanted: readonly string[], emit: OpenedBuild["emit"]): void {
  for (const name of wanted) {
    if (stages.some((stage) => stage.name === name.toLowerCase() || String(stage.index) === name)) continue;
    emit({ type: "warning", code: "UnknownStage", message: `--no-cache-filter names stage "${name}", which the Dockerfile does not have` });
  }
}

/** One time for all platforms: where a stage or an image gives it, the first platform's. */
async function epochOf(
  opened: OpenedBuild<BuildOptions>,
  session: Session,
  platform: Platform,
): Promise<Pick<SharedPreparation, "parsed" | "buildArgs" | "epochSec">> {
  const { options, written, context, contexts, access, emit, signal } = opened;
  const { parsed, buildArgs, epochSec } = await resolveEpoch(
    written,
    { ...planOptionsOf(opened, platform), env: session.env, target: options.target ?? "" },
    {
      contextTime: context.time,
      namedContext: (name) => contexts.find(name, platform),
      timeOf: (source) => sourceTime(source, session, { access, signal }),
      emit,
    },
  );
  return { parsed, buildArgs, epochSec };
}
