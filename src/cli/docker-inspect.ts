/** An image as `docker inspect` has it: what templates of `decant inspect --format` see. */
import type { ImageDetails } from "../index.ts";
import { familiarName, formatFamiliar, parseReference } from "../oci/index.ts";
import type { Value } from "./template/functions.ts";

/** Fields of "config" that are maps of Go, where a key that is not there is no mistake. */
const MAPS: ReadonlySet<string> = new Set(["Labels", "ExposedPorts", "Volumes"]);
/** Fields of "config" that docker has in any case. */
const CONFIG: { readonly [Field: string]: Value } = {
  User: "",
  ExposedPorts: null,
  Env: null,
  Cmd: null,
  Entrypoint: null,
  Volumes: null,
  WorkingDir: "",
  Labels: null,
  OnBuild: null,
  StopSignal: "",
  Healthcheck: null,
  Shell: null,
};

/** The fields of an image, by docker's names. */
export function dockerInspect(details: ImageDetails): Value {
  const { names, digest, configDigest, layers } = details;
  const references = names.map((name) => parseReference(name));
  return {
    Id: configDigest,
    RepoTags: references.map(formatFamiliar),
    RepoDigests: [...new Set(references.map((reference) => `${familiarName(reference)}@${digest}`))],
    Comment: "",
    Created: textOf(details.config, "created"),
    Author: textOf(details.config, "author"),
    Architecture: textOf(details.config, "architecture"),
    Variant: textOf(details.config, "variant"),
    Os: textOf(details.config, "os"),
    Size: details.sizeBytes ?? 0,
    RootFS: { Type: "layers", Layers: layers.map(({ diffId }) => diffId) },
    Config: { ...CONFIG, ...configOf(property(details.config, "config")) },
    Digest: digest,
    Platform: details.platform,
    Attestations: details.attestations,
  };
}

function configOf(config: unknown): { readonly [Field: string]: Value } {
  if (typeof config !== "object" || config === null) return {};
  return Object.fromEntries(Object.entries(config).map(([key, value]) => [key, MAPS.has(key) ? mapOf(value) : valueOf(value)]));
}

function mapOf(value: unknown): Value {
  if (typeof value !== "object" || value === null) return null;
  return new Map(Object.entries(value).map(([key, item]) => [key, valueOf(item)]));
}

/** JSON that was validated on its way into the store. */
function valueOf(value: unknown): Value {
  if (Array.isArray(value)) return value.map(valueOf);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "object" || value === null) return null;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, valueOf(item)]));
}

function textOf(value: unknown, key: string): string {
  const found = property(value, key);
  return typeof found === "string" ? found : "";
}

/** A field of an object of JSON, or undefined. */
export function property(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined;
}
