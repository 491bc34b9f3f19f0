/**
 * SLSA provenance of a build, in the layout that BuildKit defines (its docs/attestations/slsa-definitions.md) and that readers of its images know:
 * v1, or v0.2 of the same facts. Nothing of a secret but its name. Pure.
 */
import type { Followed } from "../followed.ts";
import { given } from "../given.ts";
import { withoutUrlSecrets } from "../url-secrets.ts";
import type { BuildDefinition } from "./build-definition.ts";

/** What went into a build from outside. */
interface ProvenanceMaterial {
  readonly uri: string;
  /** By algorithm, in hexadecimal. */
  readonly digest: Readonly<Record<string, string>>;
}

/** What the build was asked, without what only mode=max tells. */
export interface ProvenanceRequest {
  /** As BuildKit's frontend names its options: "target", "build-arg:A", "label:B". */
  readonly args: Readonly<Record<string, string>>;
  readonly secrets: readonly { readonly id: string; readonly optional: boolean }[];
  readonly ssh: readonly { readonly id: string; readonly optional: boolean }[];
  /** Contexts of this machine: their files are no materials. */
  readonly locals: readonly string[];
}

/** The facts of a build. */
export interface ProvenanceFacts {
  readonly mode: "min" | "max";
  readonly builderId: string;
  readonly builderPlatform: string;
  readonly invocationId: string;
  /** RFC 3339. */
  readonly startedOn: string;
  readonly finishedOn: string;
  readonly materials: readonly ProvenanceMaterial[];
  /** Where the context came from, when not from this machine. */
  readonly source?: ProvenanceMaterial;
  /** The Dockerfile. */
  readonly file: { readonly path: string; readonly bytes: Uint8Array };
  readonly request: ProvenanceRequest;
  /** Everything that went in is among the materials: nothing came from this machine. */
  readonly complete: boolean;
  /** No step could use the network, and nothing came from this machine. */
  readonly hermetic: boolean;
  /** As the user claims it. */
  readonly reproducible: boolean;
  readonly followed: Followed;
  readonly definition?: BuildDefinition;
  /** The layers of the image that each step has below it: "step2:0" → its layers as a list of chains, as BuildKit has them. Empty: not known. */
  readonly layers: Readonly<Record<string, readonly (readonly StepLayer[])[]>>;
  /** What Decant needs besides to build the image once more, as JSON. */
  readonly replay?: object;
}

/** A layer of the image. */
interface StepLayer {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** The predicate types by version. */
export const PROVENANCE_PREDICATES = { v1: "https://slsa.dev/provenance/v1", "v0.2": "https://slsa.dev/provenance/v0.2" } as const;
/** Where the metadata of a predicate have what Decant adds. */
export const REPLAY_FIELDS = { v1: "decant_replay", "v0.2": "https://decant.example/provenance#replay" } as const;
const BUILD_TYPES = {
  v1: "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
  "v0.2": "https://mobyproject.org/buildkit@v1",
} as const;
const FRONTEND = "dockerfile.v0";
/** Told with mode=max only: their values may be nobody's business. */
const PRIVATE = /^(?:build-arg|label):/;

/** Writes the predicate, ready for JSON.stringify. */
export function provenancePredicate(version: keyof typeof PROVENANCE_PREDICATES, facts: ProvenanceFacts): unknown {
  const { file, source } = facts;
  const { frontend: dockerfileVersion } = facts.followed;
  const isMax = facts.mode === "max";
  const { request, isComplete } = requestOf(facts);
  const buildConfig =
    facts.definition === undefined || !isMax
      ? undefined
      : { llbDefinition: facts.definition.steps, digestMapping: facts.definition.digestMapping };
  const metadata = isMax && facts.definition !== undefined ? { source: sourceOf(file, facts.definition), ...layersOf(facts) } : {};
  if (version === "v1") {
    return {
      buildDefinition: {
        buildType: BUILD_TYPES.v1,
        externalParameters: { configSource: { ...source, path: file.path }, request },
        internalParameters: { ...given({ buildConfig }), builderPlatform: facts.builderPlatform, dockerfileVersion },
        resolvedDependencies: facts.materials,
      },
      runDetails: {
        builder: { id: facts.builderId },
        metadata: {
          invocationId: facts.invocationId,
          startedOn: facts.startedOn,
          finishedOn: facts.finishedOn,
          buildkit_metadata: metadata,
          ...(facts.hermetic ? { buildkit_hermetic: true } : {}),
          buildkit_completeness: { request: isComplete, resolvedDependencies: facts.complete },
          ...(facts.reproducible ? { buildkit_reproducible: true } : {}),
          ...given({ [REPLAY_FIELDS.v1]: facts.replay }),
        },
      },
    };
  }
  return {
    builder: { id: facts.builderId },
    buildType: BUILD_TYPES["v0.2"],
    materials: facts.materials,
    invocation: {
      configSource: { ...source, entryPoint: file.path },
      parameters: request,
      environment: { platform: facts.builderPlatform, dockerfileVersion },
    },
    ...given({ buildConfig }),
    metadata: {
      buildInvocationID: facts.invocationId,
      buildStartedOn: facts.startedOn,
      buildFinishedOn: facts.finishedOn,
      completeness: { parameters: isComplete, environment: true, materials: facts.complete },
      reproducible: facts.reproducible,
      "https://mobyproject.org/buildkit@v1#metadata": metadata,
      ...(facts.hermetic ? { "https://mobyproject.org/buildkit@v1#hermetic": true } : {}),
      ...given({ [REPLAY_FIELDS["v0.2"]]: facts.replay }),
    },
  };
}

function requestOf({ mode, request, followed }: ProvenanceFacts): { readonly request: unknown; readonly isComplete: boolean } {
  const told = Object.entries(request.args).filter(([key]) => mode === "max" || !PRIVATE.test(key));
  const uses = (list: ProvenanceRequest["secrets"]): readonly unknown[] =>
    list.map(({ id, optional }) => ({ id, ...(optional ? { optional: true } : {}) }));
  return {
    request: {
      frontend: FRONTEND,
      ...(told.length === 0 ? {} : { args: Object.fromEntries(told.toSorted(([a], [b]) => (a < b ? -1 : 1))) }),
      ...(mode === "max" && request.secrets.length > 0 ? { secrets: uses(request.secrets) } : {}),
      ...(mode === "max" && request.ssh.length > 0 ? { ssh: uses(request.ssh) } : {}),
      ...(request.locals.length === 0 ? {} : { locals: request.locals.map((name) => ({ name })) }),
      compatibilityVersion: followed.compatibility,
    },
    isComplete: told.length === Object.keys(request.args).length,
  };
}

function layersOf({ layers }: ProvenanceFacts): { readonly layers?: ProvenanceFacts["layers"] } {
  return Object.keys(layers).length === 0 ? {} : { layers };
}

function sourceOf({ path, bytes }: ProvenanceFacts["file"], { locations }: BuildDefinition): unknown {
  return { locations, infos: [{ filename: path, language: "Dockerfile", data: publicText(bytes).toString("base64") }] };
}

/** Byte by byte but for what addresses hold of secrets. */
function publicText(bytes: Uint8Array): Buffer {
  return Buffer.from(withoutUrlSecrets(Buffer.from(bytes).toString("latin1")), "latin1");
}
