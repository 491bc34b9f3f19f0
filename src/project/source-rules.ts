/** What stands between a source that a build names and what it fetches: the pins of a lock. A build without any takes every source as it is. */
import { DecantError } from "../errors.ts";
import { gitRefOf, isCommit, type SourceOp } from "../graph/index.ts";
import { formatReference, parseReference } from "../oci/index.ts";
import type { SourceRange } from "../source.ts";
import { publicUrl } from "../url-secrets.ts";
import { pinKey, type SourceLock, type SourcePin } from "./source-lock.ts";

/** Decides about sources. Everything throws `LOCK` for a source that has no pin and must have one. */
export interface SourceRules {
  /** The image to take for `name`. */
  readonly image: (name: string, range: SourceRange) => string;
  /** The source to take for that of an ADD. */
  readonly added: (op: SourceOp, range: SourceRange) => SourceOp;
}

/** A build without rules. */
export const NO_RULES: SourceRules = { image: (name) => name, added: (op) => op };

/** The names of a lock. */
type Pinned = Pick<SourcePin, "kind" | "name">;

/** What `name` is called in a lock; undefined where its digest says already what it is. */
export function pinnedImage(name: string): Pinned | undefined {
  const reference = parseReference(name);
  return reference.digest === undefined ? { kind: "image", name: formatReference(reference) } : undefined;
}

/** The same for the source of an ADD: undefined for one that has a checksum, or is a commit. */
export function pinnedSource(op: SourceOp): Pinned | undefined {
  if (!op.identifier.startsWith("git://"))
    return op.attrs["http.checksum"] === undefined ? { kind: "url", name: publicUrl(op.identifier) } : undefined;
  const { remote, ref = "HEAD", checksum } = gitRefOf(op);
  return checksum !== undefined || isCommit(ref) ? undefined : { kind: "git", name: `${publicUrl(remote)}#${ref}` };
}

/** Rules that demand a pin for every source that the Dockerfile does not pin itself. `lock`: undefined where there is none. */
export function lockRules(lock: SourceLock | undefined, { file, asked }: { readonly file: string; readonly asked: string }): SourceRules {
  const pins = new Map((lock?.sources ?? []).map((one) => [pinKey(one), one.pin]));
  const pinOf = (wanted: Pinned, range: SourceRange): string => {
    const pin = pins.get(pinKey(wanted));
    if (pin !== undefined) return pin;
    const state = lock === undefined ? `there is no lock "${file}"` : `the lock "${file}" does not have it`;
    throw new DecantError("LOCK", `Cannot take ${wanted.kind} "${wanted.name}" with --locked: ${state}`, {
      hint: `Run: ${asked}`,
      source: [range],
    });
  };
  return {
    image(name, range) {
      const wanted = pinnedImage(name);
      return wanted === undefined ? name : `${name}@${pinOf(wanted, range)}`;
    },
    added(op, range) {
      const wanted = pinnedSource(op);
      if (wanted === undefined) return op;
      const pin = pinOf(wanted, range);
      const attrs = wanted.kind === "git" ? { "git.checksum": pin, "git.fetchbycommit": "true" } : { "http.checksum": pin };
      return { ...op, attrs: { ...op.attrs, ...attrs } };
    },
  };
}
