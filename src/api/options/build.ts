/** The options of `build`, and of the functions that look at a Dockerfile. */
import * as v from "valibot";
import type {
  BuildOptions,
  LockSourcesOptions,
  OpenBuildOptions,
  ProvenanceOptions,
  ReplayOptions,
  SbomAttestationOptions,
} from "../../build/index.ts";
import type { ContextOptions, SecretSpec, SshSpec } from "../../context/index.ts";
import type { ProjectOptions } from "../../project/index.ts";
import type { DockerfileOptions } from "../dockerfile-options.ts";
import { cacheSources, cacheTargets } from "./caches.ts";
import {
  amount,
  annotations,
  call,
  count,
  type Fields,
  fields,
  flag,
  LIMITS,
  list,
  maybe,
  oneOf,
  outputs,
  record,
  STORE,
  stream,
  text,
} from "./kinds.ts";
import { type Kind, type Shape, shapeOf } from "./shape.ts";

const secret = fields<SecretSpec>({
  id: text,
  src: maybe(text),
  env: maybe(text),
  value: maybe(v.custom((value) => typeof value === "string" || value instanceof Uint8Array, "a text or bytes")),
  cacheKey: maybe(flag),
});

const CONTEXT: Fields<ContextOptions> = {
  ...STORE,
  context: text,
  file: maybe(text),
  stdin: maybe(stream),
  cwd: maybe(text),
  buildArgs: maybe(record(text)),
  buildContexts: maybe(record(text)),
  secrets: maybe(list(secret)),
  contextModes: maybe(oneOf("keep", "git")),
  ssh: maybe(list(fields<SshSpec>({ id: text, paths: maybe(list(text)) }))),
};

const PROJECT: Fields<ProjectOptions> = {
  projectFile: maybe(text),
  assemble: maybe(list(text)),
  locked: maybe(flag),
  sourcePolicy: maybe(text),
  pull: maybe(v.union([v.boolean(), v.picklist(["always", "missing", "never"])], 'a boolean, "always", "missing" or "never"')),
};

const OPEN: Fields<OpenBuildOptions> = {
  ...CONTEXT,
  ...PROJECT,
  target: maybe(text),
  compatibilityVersion: maybe(v.picklist([10, 20, 30], "10, 20 or 30")),
};

/** Of what looks at a Dockerfile. */
export const DOCKERFILE: Fields<DockerfileOptions> = { ...OPEN, platform: maybe(text) };

const entitlement: Kind = v.custom(
  (value) =>
    typeof value === "string" &&
    (["network.host", "security.insecure", "device", "buildx.local.delete"].includes(value) || value.startsWith("device=")),
  '"network.host", "security.insecure", "device", "device=NAME" or "buildx.local.delete"',
);

const BUILD_FIELDS: Fields<BuildOptions> = {
  ...OPEN,
  tags: maybe(list(text)),
  targets: maybe(list(text)),
  allTargets: maybe(flag),
  also: maybe(list(text)),
  annotations: maybe(annotations),
  autoAnnotations: maybe(flag),
  outputs: maybe(outputs),
  cgroupParent: maybe(text),
  builders: maybe(v.custom((value) => typeof value === "object" && value !== null && "open" in value, "builders")),
  cacheFrom: maybe(cacheSources),
  cacheTo: maybe(cacheTargets),
  cdiSpecDirs: maybe(list(text)),
  caCerts: maybe(text),
  platforms: maybe(list(text)),
  metadataProvenance: maybe(oneOf("min", "max")),
  runtime: maybe(oneOf("crun", "runc", "auto")),
  explain: maybe(flag),
  report: maybe(text),
  expectCached: maybe(flag),
  retries: maybe(count),
  stepTimeoutMs: maybe(amount),
  budgetBytes: maybe(amount),
  verifyReproducible: maybe(flag),
  allowSecretIn: maybe(list(text)),
  stdout: maybe(call),
  audit: maybe(oneOf("warn", "error", "strict")),
  onAudit: maybe(call),
  onStepFailed: maybe(call),
  labels: maybe(record(text)),
  noCache: maybe(flag),
  noCacheMounts: maybe(flag),
  noCacheStages: maybe(list(text)),
  allow: maybe(list(entitlement)),
  network: maybe(oneOf("default", "host", "none")),
  ...LIMITS,
  devices: maybe(list(fields<{ name: string; required?: boolean }>({ name: text, required: maybe(flag) }))),
  sbom: maybe(fields<SbomAttestationOptions>({ files: maybe(flag) })),
  provenance: maybe(
    fields<ProvenanceOptions>({
      mode: maybe(oneOf("min", "max")),
      version: maybe(oneOf("v1", "v0.2")),
      builderId: maybe(text),
      reproducible: maybe(flag),
      filename: maybe(text),
      inlineOnly: maybe(flag),
    }),
  ),
};
/** Of `build`. */
export const BUILD: Shape = shapeOf<BuildOptions>("build", BUILD_FIELDS);
/** Of `planBuild`. */
export const PLAN_BUILD: Shape = shapeOf<BuildOptions>("planBuild", BUILD_FIELDS);

/** Of `lockSources`. */
export const LOCK_SOURCES: Shape = shapeOf<LockSourcesOptions>("lockSources", {
  ...CONTEXT,
  projectFile: PROJECT.projectFile,
  assemble: PROJECT.assemble,
  sourcePolicy: PROJECT.sourcePolicy,
  compatibilityVersion: OPEN.compatibilityVersion,
  platforms: maybe(list(text)),
  write: maybe(flag),
});

/** Of `replayImage`. */
export const REPLAY: Shape = shapeOf<ReplayOptions>("replayImage", {
  ...STORE,
  image: text,
  context: maybe(text),
  buildContexts: CONTEXT.buildContexts,
  file: CONTEXT.file,
  buildArgs: CONTEXT.buildArgs,
  labels: BUILD_FIELDS.labels,
  secrets: CONTEXT.secrets,
  ssh: CONTEXT.ssh,
  allow: BUILD_FIELDS.allow,
  platform: maybe(text),
  tags: maybe(list(text)),
  outputs: maybe(outputs),
  stdout: maybe(call),
  runtime: BUILD_FIELDS.runtime,
  resources: BUILD_FIELDS.resources,
  cwd: maybe(text),
});

/** Of `outline`. */
export const OUTLINE: Shape = shapeOf<DockerfileOptions>("outline", DOCKERFILE);
/** Of `targets`. */
export const TARGETS: Shape = shapeOf<DockerfileOptions>("targets", DOCKERFILE);
/** Of `dockerfileGraph`. */
export const GRAPH: Shape = shapeOf<DockerfileOptions>("dockerfileGraph", DOCKERFILE);
