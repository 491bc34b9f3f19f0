/** From a finished build to the facts of its provenance. */
import { basename } from "node:path";
import type { Material } from "../engine/index.ts";
import { reachable, type Vertex } from "../graph/index.ts";
import {
  type Attestation,
  type BuiltImage,
  buildDefinition,
  dockerPurl,
  PROVENANCE_PREDICATES,
  type ProvenanceFacts,
  provenancePredicate,
  type ProvenanceRequest,
} from "../image/index.ts";
import { type Descriptor, formatPlatform, parseReference, type Platform } from "../oci/index.ts";
import { formatPurl } from "../purl.ts";
import { publicUrl, publicVariable, withoutUrlSecrets } from "../url-secrets.ts";
import { VERSION } from "../version.ts";
import { algorithmOf, hexOf } from "../digest.ts";
import { given } from "../given.ts";
import type { ProvenanceOptions } from "./attestation-types.ts";
import type { OpenedBuild } from "./open-build.ts";
import type { SolvedBuild } from "./solve-graph.ts";
import type { BuildOptions } from "./types.ts";

const IMAGE = "docker-image://";
const LOCAL = "local://";
const OWN = /^(distroless|oci-layout)\/(.+)$/;
const BUILDER_ID = formatPurl({ type: "npm", name: "decant", version: VERSION });

/** Provenance of the build. */
export function provenanceAttestation(image: BuiltImage, build: SolvedBuild, wanted: ProvenanceOptions): Attestation {
  const version = wanted.version ?? "v1";
  const facts = provenanceFacts(build, wanted);
  const depths = wanted.mode === "max" ? stepDepths(image, build) : new Map<string, number>();
  return {
    predicateType: PROVENANCE_PREDICATES[version],
    fileName: wanted.filename ?? "provenance.json",
    predicate: async (layers, output) => {
      // Loaded on use: most builds have no provenance.
      const { buildRecord } = await import("./replay/record.ts");
      const replay = buildRecord(build, facts.mode, output);
      return provenancePredicate(version, { ...facts, layers: stepLayers(depths, layers), replay });
    },
  };
}

/** How many layers of the image the result of each step has: all of its layers are the first ones of the image. */
function stepDepths({ layers: whole }: BuiltImage, { conversion, solution }: SolvedBuild): ReadonlyMap<string, number> {
  const depths = new Map<string, number>();
  const order = conversion.target === undefined ? [] : reachable(conversion.target);
  for (const [at, { id }] of order.entries()) {
    const own = solution.layersOf(id) ?? [];
    if (own.length > 0 && own.every(({ key }, index) => key === whole[index]?.key)) depths.set(`step${at}:0`, own.length);
  }
  return depths;
}

/** Without annotations: what a layer is, not where this output found it. */
function stepLayers(depths: ReadonlyMap<string, number>, layers: readonly Descriptor[]): ProvenanceFacts["layers"] {
  if (layers.length === 0) return {};
  const told = layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size }));
  return Object.fromEntries([...depths].map(([step, depth]) => [step, [told.slice(0, depth)]]));
}

/**
 * What `--metadata-file` says of the build, as buildx writes it: v0.2, in mode "min" without the graph and the times, but with the arguments. It is for
 * who builds, and goes nowhere else.
 */
export function metadataProvenance(build: SolvedBuild, mode: "min" | "max"): Readonly<Record<string, unknown>> {
  const predicate = new Map(Object.entries(provenancePredicate("v0.2", provenanceFacts(build, { mode: "max" })) as object));
  if (mode === "min") for (const key of ["buildConfig", "metadata"]) predicate.delete(key);
  const materials: unknown = predicate.get("materials");
  if (Array.isArray(materials) && materials.length === 0) predicate.delete("materials");
  return Object.fromEntries(predicate);
}

function provenanceFacts(build: SolvedBuild, wanted: ProvenanceOptions): ProvenanceFacts {
  const { conversion, opened, session, started } = build;
  const { options, context } = opened;
  const mode = wanted.mode ?? "min";
  const order = conversion.target === undefined ? [] : reachable(conversion.target);
  const materials = [
    ...order.flatMap(imageMaterial),
    ...build.solution.materials,
    ...(context.material === undefined ? [] : [context.material]),
  ];
  const request = requestOf(opened, order);
  const complete = isComplete(opened, order);
  return {
    mode,
    builderId: wanted.builderId ?? BUILDER_ID,
    builderPlatform: formatPlatform(session.platform),
    invocationId: started.id,
    startedOn: new Date(started.startedAt).toISOString(),
    finishedOn: new Date(build.finishedAt).toISOString(),
    materials: unique(materials),
    ...given({ source: context.material }),
    file: { path: fileName(options.file), bytes: context.dockerfile.bytes },
    request,
    complete,
    followed: opened.followed,
    layers: {},
    hermetic: complete && order.every((vertex) => !usesNetwork(vertex, options.network)),
    reproducible: wanted.reproducible ?? false,
    ...(mode === "max" && conversion.target !== undefined ? { definition: buildDefinition(conversion.target) } : {}),
  };
}

/** "docker-image://docker.io/library/debian:13@sha256:…" as a material; bases that Decant made, and images of layouts, by names of their own. */
function imageMaterial({ op, platform }: Vertex): readonly Material[] {
  if (op.kind !== "source" || !op.identifier.startsWith(IMAGE)) return [];
  const name = op.identifier.slice(IMAGE.length);
  const { digest, ...reference } = parseReference(name, { defaultTag: null });
  if (digest === undefined) return [];
  const sums = { [algorithmOf(digest)]: hexOf(digest) };
  const own = OWN.exec(name.slice(0, name.indexOf("@")));
  return [{ uri: own === null ? dockerPurl(nameOf(reference, name), platform) : ownUri(own, platform), digest: sums }];
}

/** Without the digest, which stands beside it; a name that has nothing else keeps it. */
function nameOf({ tag }: { readonly tag?: string }, name: string): string {
  return tag === undefined ? name : name.slice(0, name.indexOf("@"));
}

function ownUri([, kind = "", name = ""]: readonly string[], platform: Platform): string {
  if (kind === "distroless") return `distroless:${name}`;
  return formatPurl({ type: "oci", name: name.toLowerCase(), qualifiers: { platform: formatPlatform(platform) } });
}

function unique(materials: readonly Material[]): readonly Material[] {
  return [...new Map(materials.map((one) => [JSON.stringify(one), one])).values()];
}

function usesNetwork({ op }: Vertex, network: string | undefined): boolean {
  return op.kind === "exec" && (op.network === "host" || (op.network === "sandbox" && network !== "none"));
}

function fileName(file = "Dockerfile"): string {
  return basename(/^https?:\/\//.test(file) ? (URL.parse(file)?.pathname ?? "Dockerfile") : file);
}

/** Paths of this machine are nobody's business: folders are called as BuildKit's client calls them. */
function contextOf(name: string, value: string): string {
  if (value.startsWith("oci-layout:")) return `oci-layout:${name}`;
  return /^(?:[a-z][a-z0-9+.-]*:|git@)/i.test(value) ? publicUrl(value) : `local:${name}`;
}

/** A Dockerfile from elsewhere than the context is no material, nor is anything from standard input or of this machine. */
function isComplete({ options, context }: OpenedBuild, order: readonly Vertex[]): boolean {
  const isOutside = options.file === "-" || /^https?:\/\//.test(options.file ?? "");
  return context.material !== undefined && !isOutside && namedFolders(order).length === 0;
}

/** Named contexts that are folders of this machine. */
function namedFolders(order: readonly Vertex[]): readonly string[] {
  const names = order.flatMap(({ op }) =>
    op.kind === "source" && op.identifier.startsWith(LOCAL) ? [op.identifier.slice(LOCAL.length)] : [],
  );
  return [...new Set(names)].filter((name) => name !== "context").toSorted();
}

/** The options of the build under the names that BuildKit's frontend has for them. */
function requestOf({ options, context }: OpenedBuild<BuildOptions>, order: readonly Vertex[]): ProvenanceRequest {
  const args: Record<string, string> = {};
  const prefixed = (prefix: string, values: Readonly<Record<string, string>> | undefined): void => {
    for (const [key, value] of Object.entries(values ?? {})) args[`${prefix}${key}`] = withoutUrlSecrets(value);
  };
  const buildArgs = Object.entries(options.buildArgs ?? {});
  prefixed("build-arg:", Object.fromEntries(buildArgs.map(([key, value]) => [key, publicVariable(key, value)])));
  prefixed("label:", options.labels);
  const contexts = Object.entries(options.buildContexts ?? {}).map(([name, value]) => [name, contextOf(name, value)] as const);
  prefixed("context:", Object.fromEntries(contexts));
  if (options.target !== undefined) args["target"] = options.target;
  if (options.noCache === true) args["no-cache"] = "";
  else if ((options.noCacheStages ?? []).length > 0) args["no-cache"] = (options.noCacheStages ?? []).join(",");
  if (options.network !== undefined && options.network !== "default") args["force-network-mode"] = options.network;
  if ((options.ulimits ?? []).length > 0)
    args["ulimit"] = (options.ulimits ?? []).map(({ name, soft, hard }) => `${name}=${soft}:${hard}`).join(",");
  if (options.shmSizeBytes !== undefined) args["shm-size"] = String(options.shmSizeBytes);
  if ((options.addHosts ?? []).length > 0) args["add-hosts"] = (options.addHosts ?? []).map(({ host, ip }) => `${host}=${ip}`).join(",");
  const mounts = order.flatMap(({ op }) => (op.kind === "exec" ? [...op.mounts] : []));
  const variables = order.flatMap(({ op }) => (op.kind === "exec" ? [...op.secretEnv] : []));
  const uses = (all: readonly { readonly id: string; readonly optional: boolean }[]): ProvenanceRequest["secrets"] =>
    [...new Map(all.map(({ id, optional }) => [id, { id, optional }])).values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return {
    args,
    secrets: uses([...mounts.filter((mount) => mount.type === "secret"), ...variables]),
    ssh: uses(mounts.filter((mount) => mount.type === "ssh")),
    locals: [
      ...(context.material === undefined && context.files.kind === "folder" ? ["context", "dockerfile"] : []),
      ...namedFolders(order),
    ],
  };
}
