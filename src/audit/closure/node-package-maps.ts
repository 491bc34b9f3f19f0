/**
 * What `exports` and `imports` of a package.json lead to, by Node.js, "ECMAScript modules", "Resolution algorithm specification": PACKAGE_EXPORTS_RESOLVE,
 * PACKAGE_IMPORTS_RESOLVE and PACKAGE_TARGET_RESOLVE. Whether there is a file at that URL is another question.
 */
import { isObject, type NodePackage } from "./node-packages.ts";
import { folderUrl } from "./node-urls.ts";

/** A URL, or why there is none. */
export type NodeMapped =
  | URL
  /** No condition fits: what is around it goes on. */
  | "unmatched"
  /** `null`: what is around it is excluded, too; only a list goes on. */
  | "excluded"
  /** A target that may not be: an error, over which only a list passes. */
  | "invalid"
  /** Any other error, which ends the resolution. */
  | "failed";

/** Resolves a bare specifier from a package on. */
type ResolveBare = (specifier: string) => Promise<NodeMapped>;

/** So many targets of one map are looked at; its rest counts as unmatched. */
const MAX_TARGETS = 1000;
const MAX_DEPTH = 50;
/** Encoded or not, in any case: segments that lead out of a package, or into another. */
const INVALID_SEGMENTS: ReadonlySet<string> = new Set([".", "..", "node_modules"]);

/** What `exports` gives for a subpath: "." or "./x". */
export async function exportedTarget(one: NodePackage, subpath: string, conditions: ReadonlySet<string>): Promise<NodeMapped> {
  const map = subpathsOf(one.exports);
  if (map === undefined) return "failed";
  const mapped = matched(map, subpath, !subpath.endsWith("/"));
  return mapped === undefined ? "unmatched" : await resolveTarget({ ...mapped, folder: folderUrl(one.folder), conditions });
}

/** What `imports` gives for a name with "#". */
export async function importedTarget(
  { imports, folder }: NodePackage,
  name: string,
  { conditions, bare }: { readonly conditions: ReadonlySet<string>; readonly bare: ResolveBare },
): Promise<NodeMapped> {
  if (name === "#" || name.endsWith("/")) return "failed";
  const mapped = isObject(imports) ? matched(imports, name, true) : undefined;
  return mapped === undefined ? "unmatched" : await resolveTarget({ ...mapped, folder: folderUrl(folder), conditions, bare });
}

/** `exports` by subpath; undefined when its keys are partly subpaths and partly conditions. */
function subpathsOf(exports: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!isObject(exports)) return { ".": exports };
  const keys = Object.keys(exports);
  const count = keys.filter((key) => key.startsWith(".")).length;
  if (count === keys.length) return exports;
  return count === 0 ? { ".": exports } : undefined;
}

/** A target of a map. */
interface Matched {
  readonly target: unknown;
  /** What stands for "*" where the key is a pattern. */
  readonly match: string | undefined;
}

/** The target of the exact key, or of the pattern with the longest part before its "*". */
function matched(map: Readonly<Record<string, unknown>>, name: string, mayBeExact: boolean): Matched | undefined {
  if (mayBeExact && Object.hasOwn(map, name) && !name.includes("*")) return { target: map[name], match: undefined };
  const patterns = Object.keys(map).filter((key) => {
    const [before = "", after, ...more] = key.split("*");
    return after !== undefined && more.length === 0 && name.length >= key.length && name.startsWith(before) && name.endsWith(after);
  });
  patterns.sort((one, other) => other.indexOf("*") - one.indexOf("*") || other.length - one.length);
  const [best] = patterns;
  if (best === undefined) return undefined;
  const at = best.indexOf("*");
  return { target: map[best], match: name.slice(at, name.length - (best.length - at - 1)) };
}

interface Resolving extends Matched {
  /** The URL of the package's directory. */
  readonly folder: URL;
  readonly conditions: ReadonlySet<string>;
  /** Absent: targets are files of the package alone. */
  readonly bare?: ResolveBare;
}

async function resolveTarget({ target: whole, ...how }: Resolving): Promise<NodeMapped> {
  let left = MAX_TARGETS;
  return await resolve(whole, 0);

  async function resolve(target: unknown, depth: number): Promise<NodeMapped> {
    left -= 1;
    if (left < 0 || depth > MAX_DEPTH) return "unmatched";
    if (typeof target === "string") return await resolveText(target, how);
    if (target === null) return "excluded";
    if (Array.isArray(target)) return await firstOf(target, depth);
    return isObject(target) ? await conditional(target, depth) : "invalid";
  }

  /** The first that is a target; else what the last one that was refused came to. */
  async function firstOf(targets: readonly unknown[], depth: number): Promise<NodeMapped> {
    let last: NodeMapped = targets.length === 0 ? "excluded" : "unmatched";
    for (const target of targets) {
      if (left < 0) break;
      const mapped = await resolve(target, depth + 1);
      if (mapped === "unmatched") continue;
      if (mapped !== "invalid" && mapped !== "excluded") return mapped;
      last = mapped;
    }
    return last;
  }

  async function conditional(targets: Readonly<Record<string, unknown>>, depth: number): Promise<NodeMapped> {
    const keys = Object.keys(targets);
    if (keys.some(isIndex)) return "failed";
    for (const key of keys) {
      if (key !== "default" && !how.conditions.has(key)) continue;
      const mapped = await resolve(targets[key], depth + 1);
      if (mapped !== "unmatched") return mapped;
    }
    return "unmatched";
  }
}

async function resolveText(target: string, { folder, match, bare }: Omit<Resolving, "target">): Promise<NodeMapped> {
  if (!target.startsWith("./")) {
    if (bare === undefined || /^(?:\.\.)?\//.test(target) || URL.canParse(target)) return "invalid";
    return await bare(match === undefined ? target : target.replaceAll("*", () => match));
  }
  if (hasInvalidSegment(target.slice(2))) return "invalid";
  // URLs leave out some characters: what is no ".." in the text can be one in the URL.
  const url = new URL(target, folder);
  if (!url.pathname.startsWith(folder.pathname)) return "invalid";
  if (match === undefined) return url;
  return hasInvalidSegment(match) ? "failed" : new URL(url.href.replaceAll("*", () => match));
}

function hasInvalidSegment(path: string): boolean {
  return path.split(/[/\\]/).some((segment) => INVALID_SEGMENTS.has(decodedAscii(segment).toLowerCase()));
}

function decodedAscii(segment: string): string {
  return segment.replace(/%([2-7][0-9a-f])/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** Keys that JavaScript keeps in the order of numbers, not in that of the file. */
function isIndex(key: string): boolean {
  const value = Number(key);
  return String(value) === key && value >= 0 && value < 2 ** 32 - 1;
}
