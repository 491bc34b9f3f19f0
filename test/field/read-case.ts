/** Reads the files of this folder (see README.md), and makes cases of the conformance suite's kind of them. */
import { readFileSync } from "node:fs";
import * as v from "valibot";
import { parse } from "yaml";
import { tar } from "../conformance/files.ts";
import type { Case } from "../conformance/types.ts";
import type { TarMember } from "../support/archive.ts";

/** What is looked at; see README.md. */
interface Wanted {
  readonly tree?: Readonly<Record<string, string | null>>;
  readonly config?: Readonly<Record<string, unknown>>;
  readonly history?: string;
  readonly layers?: number;
  readonly error?: string;
  readonly check?: readonly string[];
  readonly outline?: readonly string[];
}

/** One input with what is right. */
export interface FieldCase {
  readonly name: string;
  readonly definition: Case;
  readonly want: Wanted;
}

/** Reads one. Throws for what README.md does not have. */
export function readCase(path: string): FieldCase {
  const {
    item,
    about,
    from,
    dockerfile,
    files = {},
    base,
    busybox = false,
    args,
    want,
  } = v.parse(fileSchema(), parse(readFileSync(path, "utf8")));
  const name = `${item}: ${about} (${from})`;
  const planted = Object.entries(files).map(
    ([at, content]) => [at, typeof content === "string" ? content : tar(content.map(memberOf))] as const,
  );
  const definition: Case = {
    name,
    dockerfile,
    file: "Dockerfile",
    files: Object.fromEntries(planted),
    busybox,
    bases: base === undefined ? {} : { base: { layers: [base.map(memberOf)] } },
    buildArgs: args ?? {},
  };
  return { name, definition, want };
}

/** "x file 0644 0:0 text", "bin link usr/bin". */
function memberOf(line: string): TarMember {
  const [path = "", kind = "", ...rest] = line.split(" ");
  if (kind === "link" || kind === "hard")
    return { path, type: kind === "link" ? "symlink" : "hardlink", link: rest.join(" "), mode: 0o644 };
  if (kind !== "file" && kind !== "dir" && kind !== "fifo") throw new Error(`"${line}": "${kind}" is no kind of member`);
  const [mode = kind === "dir" ? "0755" : "0644", owner = "0:0", ...words] = rest;
  const [uid = 0, gid = 0] = owner.split(":").map(Number);
  return { path, type: kind, mode: Number.parseInt(mode, 8), uid, gid, ...(kind === "file" ? { content: words.join(" ") } : {}) };
}

function fileSchema() {
  const lines = v.array(v.string());
  const wanted = v.strictObject({
    tree: v.exactOptional(v.record(v.string(), v.nullable(v.string()))),
    config: v.exactOptional(v.record(v.string(), v.unknown())),
    history: v.exactOptional(v.string()),
    layers: v.exactOptional(v.number()),
    error: v.exactOptional(v.string()),
    check: v.exactOptional(lines),
    outline: v.exactOptional(lines),
  });
  return v.strictObject({
    item: v.string(),
    about: v.string(),
    from: v.string(),
    dockerfile: v.string(),
    files: v.exactOptional(v.record(v.string(), v.union([v.string(), lines]))),
    base: v.exactOptional(lines),
    busybox: v.exactOptional(v.boolean()),
    args: v.exactOptional(v.record(v.string(), v.string())),
    want: wanted,
  });
}
