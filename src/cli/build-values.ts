/** The values of the options of `decant build` → options of the library. */
import { parseBytes } from "../bytes.ts";
import { usageError } from "../errors.ts";
import { parseCompatibility } from "../followed.ts";
import type { BuildOptions, CheckDockerfileOptions, OutputSpec } from "../index.ts";
import { parseAnnotations } from "./annotations.ts";
import { parseAttestations, withoutAttestArguments } from "./attestations.ts";
import { metadataProvenanceOf } from "./build-files.ts";
import type { BuildValues } from "./build-options.ts";
import { parseCacheSource, parseCacheTarget } from "./cache-options.ts";
import type { CliContext } from "./context.ts";
import { parseKeyValues } from "./key-values.ts";
import { withMediaTypes } from "./other-builders.ts";
import { parseLoad, parseOutput, refuseTerminal } from "./output-spec.ts";
import { PROGRESS_MODES, type ProgressMode } from "./progress/show.ts";
import { parseResources, RESOURCE_KEYS } from "./resource-options.ts";
import { parsePull } from "./source-options.ts";
import {
  parseDevice,
  parseEntitlement,
  parseHost,
  parseRetries,
  parseSecret,
  parseShmSize,
  parseSsh,
  parseStepTimeout,
  parseUlimit,
} from "./step-options.ts";
import { storeOptions } from "./store-options.ts";
import { oneTarget, parseTargets } from "./target-options.ts";
import { lateBuilders } from "./late-builders.ts";

/** For `--call`. Throws `USAGE`. */
export function callOptions(values: BuildValues, contextFolder: string, context: CliContext): CheckDockerfileOptions {
  const [platform] = values.platform.flatMap((list) => list.split(","));
  return {
    ...storeOptions(values, context),
    context: contextFolder,
    cwd: context.cwd,
    stdin: context.stdin,
    secrets: values.secret.map(parseSecret),
    ssh: values.ssh.map(parseSsh),
    buildArgs: buildArgsOf(values, context),
    buildContexts: parseKeyValues(values["build-context"], "--build-context", () => ""),
    file: values.file,
    target: oneTarget(values, "--call"),
    pull: parsePull(values.pull),
    locked: values.locked,
    sourcePolicy: values["source-policy-file"],
    projectFile: values["project-file"],
    assemble: values.assemble,
    platform,
    platforms: values.platform,
  };
}

/** For a build and its plan. Throws `USAGE`. */
export function buildOptions(values: BuildValues, contextFolder: string, context: CliContext): BuildOptions {
  const { buildArgs, attest } = withoutAttestArguments(buildArgsOf(values, context));
  return {
    ...storeOptions(values, context),
    context: contextFolder,
    cwd: context.cwd,
    stdin: context.stdin,
    buildContexts: parseKeyValues(values["build-context"], "--build-context", () => ""),
    annotations: parseAnnotations(values.annotation),
    autoAnnotations: values["auto-annotations"],
    tags: values.tag,
    buildArgs,
    labels: parseKeyValues(values.label, "--label", () => ""),
    outputs: withMediaTypes(outputsOf(values, context), values),
    file: values.file,
    ...parseTargets(values),
    noCache: values["no-cache"] === "true" || (values["no-cache"] === "mounts" && values["no-cache-filter"].length === 0),
    noCacheMounts: values["no-cache"] === "mounts",
    noCacheStages: values["no-cache-filter"].flatMap((list) => list.split(",")),
    secrets: values.secret.map(parseSecret),
    ssh: values.ssh.map(parseSsh),
    allow: values.allow.map(parseEntitlement),
    devices: values.device.map(parseDevice),
    cdiSpecDirs: values["cdi-spec-dir"],
    addHosts: values["add-host"].flatMap((list) => list.split(",")).map(parseHost),
    ulimits: values.ulimit.map(parseUlimit),
    shmSizeBytes: values["shm-size"] === undefined ? undefined : parseShmSize(values["shm-size"]),
    cgroupParent: values["cgroup-parent"] === "" ? undefined : values["cgroup-parent"],
    resources: resourcesOf(values),
    retries: parseRetries(values.retry),
    stepTimeoutMs: parseStepTimeout(values["step-timeout"]),
    contextModes: values["context-modes"],
    pull: parsePull(values.pull),
    cacheFrom: values["cache-from"].map(parseCacheSource),
    cacheTo: values["cache-to"].map(parseCacheTarget),
    network: values.network,
    caCerts: values["ca-certs"],
    platforms: values.platform.flatMap((list) => list.split(",")),
    projectFile: values["project-file"],
    assemble: values.assemble,
    locked: values.locked,
    sourcePolicy: values["source-policy-file"],
    runtime: values.runtime,
    builders: lateBuilders(values.builder),
    explain: values.explain,
    report: values.report,
    expectCached: values["expect-cached"],
    budgetBytes: values.budget === undefined ? undefined : parseBudget(values.budget),
    verifyReproducible: values["verify-reproducible"],
    allowSecretIn: values["allow-secret-in"].map(parseAllowedPath),
    compatibilityVersion: values["compatibility-version"] === undefined ? undefined : parseCompatibility(values["compatibility-version"]),
    ...parseAttestations({ ...values, attest: [...attest, ...values.attest] }),
    metadataProvenance: values["metadata-file"] === undefined ? undefined : metadataProvenanceOf(context.env),
    stdout: (chunk) => context.stdout.write(chunk),
  };
}

/** An empty one, such as of a variable that is not set, would allow every path. */
function parseAllowedPath(path: string): string {
  if (path === "") throw usageError('Cannot use --allow-secret-in "": wanted a path of the image, such as /app/.npmrc');
  return path;
}

function parseBudget(text: string): number {
  const sizeBytes = parseBytes(text);
  if (sizeBytes === undefined) throw usageError(`Cannot use --budget "${text}": wanted a size such as 80MB or 1.5GiB`);
  return sizeBytes;
}

function buildArgsOf(values: BuildValues, { env }: CliContext): Record<string, string> {
  return parseKeyValues(values["build-arg"], "--build-arg", (key) => env[key]);
}

/** Later ones win: what --resource says comes after --memory and its like. */
function resourcesOf(values: BuildValues): BuildOptions["resources"] {
  const single = RESOURCE_KEYS.flatMap((key) => (values[key] === undefined ? [] : [`${key}=${values[key]}`]));
  return parseResources([...single, ...values.resource]);
}

function outputsOf(values: BuildValues, { stdout }: CliContext): OutputSpec[] {
  const texts = [...values.output, ...(values.push === true ? ["type=registry"] : [])];
  const outputs = [...texts.map((text) => parseOutput(text, values.tag)), ...parseLoad(values.load, values.tag)];
  refuseTerminal(outputs, stdout);
  return outputs;
}

/** How progress is shown: --quiet, --progress, else BUILDKIT_PROGRESS. Throws `USAGE`. */
export function progressMode(values: Pick<BuildValues, "quiet" | "progress">, { env }: CliContext): ProgressMode {
  if (values.quiet === true) return "quiet";
  const usual = env["BUILDKIT_PROGRESS"] ?? "";
  if (values.progress !== undefined || usual === "") return values.progress ?? "auto";
  const mode = PROGRESS_MODES.find((known) => known === usual);
  if (mode === undefined) throw usageError(`Cannot use BUILDKIT_PROGRESS "${usual}": wanted ${PROGRESS_MODES.join(", ")}`);
  return mode;
}
