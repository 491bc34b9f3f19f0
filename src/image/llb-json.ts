/**
 * The build graph as BuildKit's frontend gives it for `convertllb` (frontend/subrequests/convertllb): LLB in the canonical JSON of protobuf. The
 * digests of vertices are Decant's own: it has no protobuf whose bytes could be digested. Pure.
 */
import { sha256 } from "../digest.ts";
import { reachable, type Vertex } from "../graph/index.ts";
import type { SourceFile } from "../source.ts";
import { withoutUrlSecrets } from "../url-secrets.ts";
import { buildDefinition } from "./build-definition.ts";

/** The graph below `target`, with what is shown of each vertex and its lines in `file`; an empty one without a target. */
export function llbJson(target: Vertex | undefined, file: SourceFile): unknown {
  const order = target === undefined ? [] : reachable(target);
  const steps = target === undefined ? [] : buildDefinition(target).steps;
  const digests = new Map(order.map(({ id }, at) => [`step${at}:0`, id]));
  const def: Record<string, unknown> = {};
  for (const [at, step] of steps.entries()) {
    // The last one is the result: an op that only has an input.
    const digest = order[at]?.id ?? sha256(`result ${target?.id}`);
    def[digest] = canonical(step, digests);
  }
  return {
    def,
    metadata: Object.fromEntries(
      order.map(({ id, meta }) => [
        id,
        {
          ...(meta.ignoreCache ? { ignore_cache: true } : {}),
          description: { "llb.customname": meta.name },
        },
      ]),
    ),
    source: {
      locations: Object.fromEntries(
        order.flatMap(({ id, meta }) =>
          meta.source === undefined
            ? []
            : [[id, { locations: [{ ranges: [{ start: { line: meta.source.start.line }, end: { line: meta.source.end.line } }] }] }]],
        ),
      ),
      infos: [{ filename: file.name, data: Buffer.from(withoutUrlSecrets(file.text)).toString("base64"), language: "Dockerfile" }],
    },
  };
}

/** 64-bit numbers are texts. */
const LONG = new Set(["input", "output", "secondaryInput", "timestamp", "size", "Soft", "Hard"]);
const ENUMS: Readonly<Record<string, readonly string[]>> = {
  network: ["UNSET", "HOST", "NONE"],
  security: ["SANDBOX", "INSECURE"],
  mountType: ["BIND", "SECRET", "SSH", "CACHE", "TMPFS"],
  sharing: ["SHARED", "PRIVATE", "LOCKED"],
};
const RENAMED: Readonly<Record<string, string>> = { include_patterns: "includePatterns", exclude_patterns: "excludePatterns" };
/** Go's wrappers around alternatives, which protobuf's JSON does not have. */
const WRAPPERS = new Set(["op", "Op", "Action", "User"]);
/** Maps of the user's own keys. */
const PLAIN = new Set(["attrs"]);

/** From the JSON of Go's structs to that of protobuf: without zeros. */
function canonical(value: unknown, digests: ReadonlyMap<string, string>): unknown {
  if (Array.isArray(value)) return value.map((each) => canonical(each, digests));
  if (typeof value !== "object" || value === null) return value;
  const fields: [string, unknown][] = [];
  for (const [key, field] of Object.entries(value)) {
    const other = canonical(field, digests);
    if (key === "id" && "op" in value) continue;
    if (WRAPPERS.has(key) && typeof other === "object" && other !== null) fields.push(...Object.entries(other));
    else if (key === "inputs" && "op" in value && Array.isArray(field))
      fields.push([key, field.map((input) => ({ digest: digests.get(String(input)) ?? "" }))]);
    else if (PLAIN.has(key)) fields.push([key, field]);
    // An alternative that is chosen is there, zero or not.
    else if (key === "byID" || (field !== 0 && field !== false && field !== ""))
      fields.push([RENAMED[key] ?? key, scalar(key, field, other)]);
  }
  return Object.fromEntries(fields);
}

function scalar(key: string, field: unknown, other: unknown): unknown {
  if (typeof field !== "number") return other;
  return LONG.has(key) ? String(field) : (ENUMS[key]?.[field] ?? field);
}
