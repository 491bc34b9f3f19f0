/** What stands between a source that a build names and what it fetches: a policy, then the pins of a lock. A build without them takes every source as it is. */
import { DecantError, unsupported } from "../errors.ts";
import { given } from "../given.ts";
import { gitRefOf, isCommit, type SourceOp } from "../graph/index.ts";
import { formatReference, parseReference } from "../oci/index.ts";
import type { SourceRange } from "../source.ts";
import { publicUrl } from "../url-secrets.ts";
import type { SourcePolicy } from "./source-policy.ts";
import { pinKey, type SourceLock, type SourcePin } from "./source-lock.ts";

/** Decides about sources. Everything throws `SOURCE_POLICY` for what a policy denies, and `LOCK` for a source that has no pin and must have one. */
export interface SourceRules {
  /** The image to take for `name`. */
  readonly image: (name: string, range: SourceRange) => string;
  /** Whether what it was found to be may be used: `identifier` has its digest. Gives the name of another image to take instead. */
  readonly found: (identifier: string, range: SourceRange) => string | undefined;
  /** The source to take for that of an ADD. */
  readonly added: (op: SourceOp, range: SourceRange) => SourceOp;
  /** The same for a context, which has no pin. */
  readonly context: (op: SourceOp, range?: SourceRange) => SourceOp;
}

/** A build without rules. */
export const NO_RULES: SourceRules = { image: (name) => name, found: () => undefined, added: (op) => op, context: (op) => op };

const IMAGE = "docker-image://";

/** The policy in a file. Throws `SOURCE_POLICY`. */
export async function openSourcePolicy(file: string): Promise<SourcePolicy> {
  const { readSourcePolicy } = await import("./source-policy.ts");
  return await readSourcePolicy({ path: file });
}

/** The policy in a text; `name`: what messages call it. Throws `SOURCE_POLICY`. */
export async function sourcePolicyIn(text: string, name: string): Promise<SourcePolicy> {
  const { parseSourcePolicy } = await import("./source-policy.ts");
  return parseSourcePolicy(text, name);
}

/** The rules of a policy, and of what comes after it. */
export function policyRules(policy: SourcePolicy, { image, added }: Pick<SourceRules, "image" | "added"> = NO_RULES): SourceRules {
  const asked = (op: SourceOp, range?: SourceRange): SourceOp => {
    const taken = policy.apply(op, range);
    if (
      schemeOf(taken.identifier) !== schemeOf(op.identifier) ||
      (schemeOf(op.identifier) === "local" && taken.identifier !== op.identifier)
    )
      throw notConverted(op.identifier, taken.identifier, range);
    return taken;
  };
  const nameOf = (identifier: string, range: SourceRange): string => {
    const { identifier: taken } = policy.apply({ identifier, attrs: {} }, range);
    if (!taken.startsWith(IMAGE)) throw notConverted(identifier, taken, range);
    return taken.slice(IMAGE.length);
  };
  return {
    image(name, range) {
      const canonical = formatReference(parseReference(name));
      const taken = nameOf(IMAGE + canonical, range);
      // An alias of registries.conf is only one as it is written.
      return image(taken === canonical ? name : taken, range);
    },
    found(identifier, range) {
      const taken = nameOf(identifier, range);
      return IMAGE + taken === identifier ? undefined : taken;
    },
    added: (op, range) => added(asked(op, range), range),
    context: asked,
  };
}

/** "http" for http and https. */
function schemeOf(identifier: string): string {
  return (/^[a-z-]+(?=:\/\/)/.exec(identifier)?.[0] ?? "").replace(/^https$/, "http");
}

function notConverted(from: string, to: string, range: SourceRange | undefined): DecantError {
  return unsupported(`Converting the source "${publicUrl(from)}" to "${publicUrl(to)}", another kind of source`, {
    row: "F136",
    ...given({ source: range }),
  });
}

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
    ...NO_RULES,
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
