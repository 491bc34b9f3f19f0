/**
 * Checks every JSON document of an OCI layout folder against its official description: the JSON schemas of the image specification
 * (testdata/image-spec), in-toto's statement v1, SPDX. docker's manifest.json has no schema; its fields are those of docker/docker's image/spec.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import * as v from "valibot";
import { assertSpdx } from "./validate-sbom.ts";

const FOLDER = join(import.meta.dirname, "testdata/image-spec");
const FILES = [
  "config-schema",
  "content-descriptor",
  "defs",
  "defs-descriptor",
  "image-index-schema",
  "image-layout-schema",
  "image-manifest-schema",
] as const;
type SchemaName = (typeof FILES)[number];

const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
/** https://github.com/in-toto/attestation, spec/v1/statement.md */
const statementSchema = v.strictObject({
  _type: v.picklist(["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"]),
  subject: v.pipe(v.array(v.strictObject({ name: v.string(), digest: v.strictObject({ sha256 }) })), v.minLength(1)),
  predicateType: v.pipe(v.string(), v.url()),
  predicate: v.looseObject({}),
});
const blobName = v.pipe(v.string(), v.regex(/^blobs\/sha256\/[0-9a-f]{64}$/));
const dockerManifestSchema = v.array(
  v.strictObject({
    Config: blobName,
    RepoTags: v.nullable(v.array(v.string())),
    Layers: v.array(blobName),
    LayerSources: v.optional(v.record(v.string(), v.looseObject({ mediaType: v.string(), digest: v.string(), size: v.number() }))),
  }),
);

interface Named {
  readonly mediaType: string;
  readonly digest: string;
}

let compiled: Map<SchemaName, ValidateFunction> | undefined;

/** Fails with the messages of a schema. Gives how many documents there were of each kind: "image-manifest-schema", "in-toto", …. */
export function assertDocuments(layout: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  const count = (kind: string): void => void (counts[kind] = (counts[kind] ?? 0) + 1);
  const bySchema = (name: SchemaName, document: unknown, what: string): void => {
    const validate = schemas().get(name);
    assert.ok(
      validate?.(document),
      `${what} by ${name}: ${JSON.stringify(validate?.errors, null, 1)}\n${JSON.stringify(document, null, 1)}`,
    );
    count(name);
  };
  const read = (name: string): unknown => JSON.parse(readFileSync(join(layout, name), "utf8"));
  const seen = new Set<string>();
  const visit = ({ mediaType, digest }: Named): void => {
    const file = `blobs/${digest.replace(":", "/")}`;
    const kind = kindOf(mediaType);
    if (kind === undefined || seen.has(digest) || !existsSync(join(layout, file))) return;
    seen.add(digest);
    const document = read(file);
    if (kind === "in-toto") {
      const { predicateType, predicate } = v.parse(statementSchema, document);
      if (predicateType.startsWith("https://spdx.dev/")) assertSpdx(predicate);
      return count(predicateType);
    }
    if (kind === "json") return count(mediaType);
    bySchema(kind, document, `${mediaType} ${digest}`);
    for (const child of childrenOf(document)) visit(child);
  };
  bySchema("image-layout-schema", read("oci-layout"), "oci-layout");
  const index = read("index.json");
  bySchema("image-index-schema", index, "index.json");
  for (const child of childrenOf(index)) visit(child);
  if (existsSync(join(layout, "manifest.json"))) {
    v.parse(dockerManifestSchema, read("manifest.json"));
    count("manifest.json");
  }
  return counts;
}

function kindOf(mediaType: string): SchemaName | "in-toto" | "json" | undefined {
  if (/^application\/vnd\.(?:oci\.image\.index\.v1|docker\.distribution\.manifest\.list\.v2)\+json$/.test(mediaType))
    return "image-index-schema";
  if (/^application\/vnd\.(?:oci\.image\.manifest\.v1|docker\.distribution\.manifest\.v2)\+json$/.test(mediaType))
    return "image-manifest-schema";
  if (/^application\/vnd\.(?:oci\.image\.config\.v1|docker\.container\.image\.v1)\+json$/.test(mediaType)) return "config-schema";
  if (mediaType === "application/vnd.in-toto+json") return "in-toto";
  return mediaType.endsWith("+json") ? "json" : undefined;
}

function childrenOf(document: unknown): Named[] {
  const descriptor = v.looseObject({ mediaType: v.string(), digest: v.string() });
  const { manifests, config, layers } = v.parse(
    v.looseObject({ manifests: v.optional(v.array(descriptor)), config: v.optional(v.unknown()), layers: v.optional(v.array(descriptor)) }),
    document,
  );
  return [...(manifests ?? []), ...(v.is(descriptor, config) ? [config] : []), ...(layers ?? [])];
}

/** They are of draft 4: later drafts write `$id`, and the names of the files are all that their references need. */
function schemas(): Map<SchemaName, ValidateFunction> {
  if (compiled !== undefined) return compiled;
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
  addFormats.default(ajv);
  for (const name of FILES) ajv.addSchema(withoutIds(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), "utf8"))), `${name}.json`);
  compiled = new Map(FILES.map((name) => [name, ajv.getSchema(`${name}.json`) ?? assert.fail(`no schema ${name}`)]));
  return compiled;
}

function withoutIds(schema: unknown): object {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    ["id", "$schema"].includes(key) && typeof value === "string" ? undefined : value,
  );
  const parsed: unknown = JSON.parse(text);
  assert.ok(typeof parsed === "object" && parsed !== null);
  return parsed;
}
