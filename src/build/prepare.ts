/** From an opened build to its graph: the epoch, the images, the checks on the way, and the devices that steps ask for. */
import { dockerProxies, refuseUnknown, resolveEpoch, type Session, sourceTime } from "../context/index.ts";
import { checkParsed, type ParsedDockerfile } from "../dockerfile/index.ts";
import type { DeviceAccess } from "../engine/index.ts";
import { type Conversion, toGraph } from "../graph/index.ts";
import type { BaseImages } from "../project/index.ts";
import { onePlatform } from "./platform.ts";
import { type BuildChecks, buildChecks, emitDiagnostics } from "./checks.ts";
import { buildDevices, checkDevices } from "./devices.ts";
import { imagesOf, type OpenedBuild, planOptionsOf } from "./open-build.ts";
import type { BuildOptions } from "./types.ts";

/** A build whose graph is known, and nothing of which has run. */
export interface PreparedBuild {
  readonly opened: OpenedBuild<BuildOptions>;
  readonly session: Session;
  /** With what was resolved: SOURCE_DATE_EPOCH is a number. */
  readonly buildArgs: Readonly<Record<string, string>>;
  /** SOURCE_DATE_EPOCH, in seconds. */
  readonly epochSec: number | undefined;
  readonly images: BaseImages;
  readonly checks: BuildChecks;
  readonly devices: DeviceAccess;
  readonly conversion: Conversion;
}

/** What must be right before a build counts as begun. Throws `UNSUPPORTED`, `DOCKERFILE_SYNTAX`, `DOCKERFILE_SEMANTIC`. */
export async function checkOpened({ options, written, context, emit }: OpenedBuild<BuildOptions>): Promise<void> {
  await refuseUnknown(context.dockerfile, options.buildArgs ?? {}, options.env ?? process.env);
  emitDiagnostics(written, emit);
  checkParsed(written);
  warnOfUnknownStages(written, options.noCacheStages ?? [], emit);
}

/** Makes the graph. Throws `DOCKERFILE_*`, `UNSUPPORTED`, `PLATFORM`, and what looking images up throws. */
export async function prepareBuild(opened: OpenedBuild<BuildOptions>): Promise<PreparedBuild> {
  const { options, written, context, contexts, access, cwd, emit, signal } = opened;
  const session = await opened.session();
  const platform = onePlatform(options.platforms, opened);
  const given = planOptionsOf(opened, platform);
  const { parsed, buildArgs, epochSec } = await resolveEpoch(
    written,
    { ...given, env: session.env, target: options.target ?? "" },
    {
      contextTime: context.time,
      namedContext: (name) => contexts.find(name, platform),
      timeOf: (source) => sourceTime(source, session, { access, signal }),
      emit,
    },
  );
  const images = await imagesOf(opened);
  const planned = { ...given, buildArgs };
  const checks = buildChecks({ parsed, files: context.files, ...planned });
  const proxies = await dockerProxies({ env: session.env, buildArgs }, emit);
  const conversion = await checks.around(
    toGraph(parsed, {
      ...options,
      ...planned,
      buildArgs: { ...proxies, ...buildArgs },
      epochSec,
      resolveImage: (request) => checks.seen(request, images.resolveImage(request)),
    }),
    emit,
  );
  const devices = buildDevices(options, { cwd, emit });
  await checkDevices(conversion.target, devices);
  return { opened, session, buildArgs, epochSec, images, checks, devices, conversion };
}

function warnOfUnknownStages({ stages }: ParsedDockerfile, wanted: readonly string[], emit: OpenedBuild["emit"]): void {
  for (const name of wanted) {
    if (stages.some((stage) => stage.name === name.toLowerCase() || String(stage.index) === name)) continue;
    emit({ type: "warning", code: "UnknownStage", message: `--no-cache-filter names stage "${name}", which the Dockerfile does not have` });
  }
}
