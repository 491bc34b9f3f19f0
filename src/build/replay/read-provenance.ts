/** Provenance as facts of a build: SLSA v1 or v0.2 in BuildKit's layout, with what Decant adds. All of it is hostile. */
import * as v from "valibot";
import { type Digest, isDigest } from "../../digest.ts";
import { given } from "../../given.ts";
import { type PROVENANCE_PREDICATES, REPLAY_FIELDS } from "../../image/index.ts";
import { shapeProblem } from "../../shape-problem.ts";
import { replayError } from "./errors.ts";
import type { BaseRecord, BuildRecord } from "./record.ts";

/** A source of a build, and what it was. */
export interface RecordedMaterial {
  readonly uri: string;
  /** By algorithm, in hexadecimal. */
  readonly digest: Readonly<Record<string, string>>;
}

/** What provenance tells of a build. */
export interface RecordedBuild {
  readonly args: Readonly<Record<string, string>>;
  readonly secrets: readonly RecordedUse[];
  readonly ssh: readonly RecordedUse[];
  readonly locals: readonly string[];
  /** It names all that was asked: nothing was left out by mode=min. */
  readonly isComplete: boolean;
  readonly materials: readonly RecordedMaterial[];
  /** Where the context came from, when not from a folder. */
  readonly source?: RecordedMaterial;
  /** Milliseconds since 1970. */
  readonly startedAt?: number;
  /** With mode=max. */
  readonly dockerfile?: Buffer;
  readonly compatibility?: number;
  /** Absent: another builder made it. */
  readonly record?: BuildRecord | BaseRecord;
}

/** A secret or an agent that steps asked for. */
interface RecordedUse {
  readonly id: string;
  readonly optional?: boolean | undefined;
}

const digest = v.custom<Digest>((value) => typeof value === "string" && isDigest(value), "wanted a digest");
const text = v.pipe(v.string(), v.maxLength(1024 * 1024));
const material = v.looseObject({ uri: text, digest: v.record(v.string(), v.pipe(v.string(), v.regex(/^[0-9a-f]{32,128}$/))) });
const use = v.looseObject({ id: text, optional: v.optional(v.boolean()) });
const request = v.looseObject({
  args: v.optional(v.record(v.string(), v.string()), {}),
  secrets: v.optional(v.array(use), []),
  ssh: v.optional(v.array(use), []),
  locals: v.optional(v.array(v.looseObject({ name: text })), []),
  compatibilityVersion: v.optional(v.number()),
});
const origin = v.looseObject({ uri: v.optional(text), digest: v.optional(material.entries.digest) });
const source = v.optional(
  v.looseObject({ source: v.optional(v.looseObject({ infos: v.optional(v.array(v.looseObject({ data: text })), []) })) }),
);
const form = v.object({
  compression: v.optional(v.picklist(["uncompressed", "gzip", "estargz", "zstd"])),
  level: v.optional(v.pipe(v.number(), v.integer())),
  force: v.optional(v.boolean()),
  rewriteTimestamp: v.optional(v.boolean()),
  ociMediaTypes: v.optional(v.boolean()),
  sourceDateEpoch: v.optional(v.union([v.literal("none"), v.pipe(v.number(), v.integer())])),
  annotations: v.optional(
    v.array(
      v.object({
        level: v.exactOptional(v.picklist(["manifest", "manifest-descriptor", "index", "index-descriptor"])),
        platform: v.exactOptional(text),
        key: text,
        value: text,
      }),
    ),
  ),
});
const inside = v.pipe(text, v.regex(/^(?!\/)(?!.*(?:^|\/)\.\.(?:\/|$))[^\p{C}]+$/u, "wanted a path in the context"));
const buildSchema = v.object({
  version: v.literal(1),
  kind: v.literal("build"),
  platform: text,
  inIndex: v.optional(v.boolean()),
  epoch: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0))),
  dockerfile: v.object({ digest, path: v.optional(inside) }),
  context: v.optional(text),
  reads: v.optional(v.array(v.object({ context: text, digest, files: v.optional(text) }))),
  images: v.optional(v.array(v.object({ name: text, as: text, lock: v.optional(v.string()) }))),
  contextModes: v.optional(v.literal("git")),
  autoAnnotations: v.optional(v.boolean()),
  allow: v.optional(v.array(text)),
  form: v.optional(form),
});
const baseSchema = v.object({
  version: v.literal(1),
  kind: v.literal("base"),
  platform: text,
  base: text,
  lock: v.string(),
  form: v.optional(form),
});
const replay = v.optional(v.variant("kind", [buildSchema, baseSchema]));

const v1 = v.looseObject({
  buildDefinition: v.looseObject({
    externalParameters: v.looseObject({ configSource: v.optional(origin, {}), request: v.optional(request, {}) }),
    resolvedDependencies: v.optional(v.array(material), []),
  }),
  runDetails: v.looseObject({
    metadata: v.looseObject({
      startedOn: v.optional(text),
      buildkit_metadata: source,
      buildkit_completeness: v.optional(v.looseObject({ request: v.optional(v.boolean()) })),
      [REPLAY_FIELDS.v1]: replay,
    }),
  }),
});
const OLD_METADATA = "https://mobyproject.org/buildkit@v1#metadata";
const v02 = v.looseObject({
  materials: v.optional(v.array(material), []),
  invocation: v.looseObject({ configSource: v.optional(origin, {}), parameters: v.optional(request, {}) }),
  metadata: v.looseObject({
    buildStartedOn: v.optional(text),
    completeness: v.optional(v.looseObject({ parameters: v.optional(v.boolean()) })),
    [OLD_METADATA]: source,
    [REPLAY_FIELDS["v0.2"]]: replay,
  }),
});

/** Reads the predicate of an image, which messages call `image`. Throws `REPLAY`. */
export function readProvenance(image: string, version: keyof typeof PROVENANCE_PREDICATES, predicate: unknown): RecordedBuild {
  const wrong = (issues: readonly [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): Error =>
    replayError(image, `its provenance cannot be read: ${shapeProblem(issues[0])}`);
  if (version === "v1") {
    const parsed = v.safeParse(v1, predicate);
    if (!parsed.success) throw wrong(parsed.issues);
    const { buildDefinition, runDetails } = parsed.output;
    const { configSource, request: asked } = buildDefinition.externalParameters;
    const { metadata } = runDetails;
    return factsOf({
      asked,
      materials: buildDefinition.resolvedDependencies,
      configSource,
      startedOn: metadata.startedOn,
      isComplete: metadata.buildkit_completeness?.request ?? false,
      infos: metadata.buildkit_metadata?.source?.infos,
      record: metadata[REPLAY_FIELDS.v1],
    });
  }
  const parsed = v.safeParse(v02, predicate);
  if (!parsed.success) throw wrong(parsed.issues);
  const { materials, invocation, metadata } = parsed.output;
  return factsOf({
    asked: invocation.parameters,
    materials,
    configSource: invocation.configSource,
    startedOn: metadata.buildStartedOn,
    isComplete: metadata.completeness?.parameters ?? false,
    infos: metadata[OLD_METADATA]?.source?.infos,
    record: metadata[REPLAY_FIELDS["v0.2"]],
  });
}

interface Parts {
  readonly asked: v.InferOutput<typeof request>;
  readonly materials: readonly RecordedMaterial[];
  readonly configSource: v.InferOutput<typeof origin>;
  readonly startedOn: string | undefined;
  readonly isComplete: boolean;
  readonly infos: readonly { readonly data: string }[] | undefined;
  readonly record: RecordedBuild["record"];
}

function factsOf({ asked, materials, configSource, startedOn, isComplete, infos = [], record }: Parts): RecordedBuild {
  const started = Date.parse(startedOn ?? "");
  const { uri, digest: sums } = configSource;
  const [file] = infos;
  return {
    args: asked.args,
    secrets: asked.secrets,
    ssh: asked.ssh,
    locals: asked.locals.map(({ name }) => name),
    isComplete,
    materials,
    ...(uri === undefined || sums === undefined ? {} : { source: { uri, digest: sums } }),
    ...given({
      startedAt: Number.isNaN(started) ? undefined : started,
      dockerfile: file === undefined ? undefined : Buffer.from(file.data, "base64"),
      compatibility: asked.compatibilityVersion,
      record,
    }),
  };
}
