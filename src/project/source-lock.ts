/**
 * `decant.lock`, beside a Dockerfile: what its sources were when they were locked. Images by the digest of their manifest or index, files of http(s)
 * by that of their bytes, git references by their commit. A pin only says what bytes a name stands for: it cannot lead to another place.
 */
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { type Digest, isDigest } from "../digest.ts";
import { DecantError } from "../errors.ts";
import { shapeProblem } from "../shape-problem.ts";
import { isCommit } from "../graph/index.ts";
import { formatReference, parseReference } from "../oci/index.ts";
import { type FilePlace, pathOfPlace, placeOf, readNamedFile } from "../sys/index.ts";
import { VERSION } from "../version.ts";

/** What one source was. */
export interface SourcePin {
  readonly kind: "image" | "url" | "git";
  /** "docker.io/library/debian:13", "https://host/file", "https://host/x.git#main": without credentials. */
  readonly name: string;
  /** A digest; of git the whole id of a commit. */
  readonly pin: string;
  /** Platforms of builds that need it, sorted. */
  readonly platforms: readonly string[];
  /** When it came to be what it is: an ISO time in whole seconds. */
  readonly locked: string;
}

/** A lock file. */
export interface SourceLock {
  readonly sources: readonly SourcePin[];
}

const FORMAT = 1;
const MAX_BYTES = 4 * 1024 * 1024;
const PLATFORM = /^[a-z0-9]+(?:\/[a-z0-9_.-]+){1,2}$/;
/** Control characters would write over what a terminal shows of it. */
const ADDRESS = /^[^\s\p{C}]{1,8192}$/u;

const digest = v.custom<Digest>((value) => typeof value === "string" && isDigest(value), "wanted a digest");
const shared = {
  platforms: v.pipe(v.array(v.pipe(v.string(), v.regex(PLATFORM, "wanted a platform"))), v.minLength(1, "wanted platforms")),
  locked: v.pipe(v.string(), v.isoTimestamp("wanted an ISO time")),
};
const address = v.pipe(v.string(), v.regex(ADDRESS, "wanted an address"));
const image = v.custom<string>((value) => typeof value === "string" && isCanonical(value), "wanted the whole name of an image, with a tag");
const url = v.pipe(address, v.regex(/^https?:\/\//, "wanted an http or https URL"));
const commit = v.custom<string>((value) => typeof value === "string" && isCommit(value), "wanted the whole id of a commit");
const schema = v.strictObject({
  format: v.literal(FORMAT),
  tool: v.string(),
  sources: v.array(
    v.union(
      [
        v.strictObject({ image, digest, ...shared }),
        v.strictObject({ url, digest, ...shared }),
        v.strictObject({ git: v.pipe(address, v.includes("#", "wanted REPOSITORY#REF")), commit, ...shared }),
      ],
      "wanted an image or url with its digest, or a git reference with its commit, each with platforms and the time that it was locked",
    ),
  ),
});

function isCanonical(name: string): boolean {
  try {
    const reference = parseReference(name);
    return reference.digest === undefined && formatReference(reference) === name;
  } catch {
    return false;
  }
}

/**
 * Where the lock of a Dockerfile is: `decant.lock`, or `NAME.decant.lock` for one that is not called Dockerfile or Containerfile. `folder`: that of
 * the context, out of which nothing in it leads.
 */
export function sourceLockPlace(dockerfile: string, folder: string | undefined): FilePlace {
  const name = basename(dockerfile);
  const file = /^(?:docker|container)file$/i.test(name) ? "decant.lock" : `${name}.decant.lock`;
  return placeOf(join(dirname(dockerfile), file), folder === undefined ? [] : [folder]);
}

/** Reads a lock; undefined when there is none. `asked`: the command that makes it. Throws `LOCK`. */
export async function readSourceLock(place: FilePlace, asked: string): Promise<SourceLock | undefined> {
  const file = pathOfPlace(place);
  const read = await readNamedFile(place, { maxBytes: MAX_BYTES });
  if ("bytes" in read) return parseSourceLock(read.bytes.toString("utf8"), file, asked);
  if (read.isMissing) return undefined;
  throw lockError(file, read.problem, asked);
}

/** Parses the text of a lock; `file` is its name, for messages. Throws `LOCK`. */
export function parseSourceLock(text: string, file: string, asked: string): SourceLock {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw lockError(file, `it is not JSON: ${cause instanceof Error ? cause.message : ""}`, asked);
  }
  const parsed = v.safeParse(schema, json);
  if (!parsed.success) {
    throw lockError(file, shapeProblem(parsed.issues[0]), asked);
  }
  const sources = parsed.output.sources.map(({ platforms, locked, ...rest }): SourcePin => {
    const shown = { platforms, locked };
    if ("image" in rest) return { kind: "image", name: rest.image, pin: rest.digest, ...shown };
    return "url" in rest
      ? { kind: "url", name: rest.url, pin: rest.digest, ...shown }
      : { kind: "git", name: rest.git, pin: rest.commit, ...shown };
  });
  const seen = new Set<string>();
  for (const one of sources) {
    const key = pinKey(one);
    if (seen.has(key)) throw lockError(file, `it pins "${one.name}" twice`, asked);
    seen.add(key);
  }
  return { sources };
}

/** What a pin is for; no two pins of a lock have the same. */
export function pinKey({ kind, name }: Pick<SourcePin, "kind" | "name">): string {
  return `${kind} ${name}`;
}

/** The text of a lock: JSON, sorted, with a line for each source, so that a change of one is a change of one line. */
export function formatSourceLock({ sources }: SourceLock): string {
  const lines = sources
    .toSorted((a, b) => (pinKey(a) < pinKey(b) ? -1 : 1))
    .map(({ kind, name, pin, platforms, locked }) =>
      JSON.stringify({ [kind]: name, [kind === "git" ? "commit" : "digest"]: pin, platforms, locked }),
    );
  const list = lines.length === 0 ? "[]" : `[\n    ${lines.join(",\n    ")}\n  ]`;
  return `{\n  "format": ${FORMAT},\n  "tool": ${JSON.stringify(`decant ${VERSION}`)},\n  "sources": ${list}\n}\n`;
}

/** `asked`: the command that mends it. */
function lockError(file: string, state: string, asked: string): DecantError {
  return new DecantError("LOCK", `Cannot use lock "${file}": ${state}`, { hint: `Take it out of the way, and run: ${asked}` });
}
