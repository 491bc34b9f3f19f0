/** What a build takes of its client before steps run: the paths that they need from its folders, and the secrets that they may see. */
import type { localSources } from "../engine/index.ts";
import { reachable, type Vertex } from "../graph/index.ts";
import type { OpenedBuild } from "./open-build.ts";

const LOCAL = "local://";
/** A path with such a character is a pattern, or a part of one, to the client. */
const MEANS_MORE = /[\\!\s]/;
const WILDCARD = /[*?[]/;

/** The paths that steps take from each folder, by its name; undefined: all of it. Patterns of COPY and ADD are among them. */
export function pathsFromFolders(targets: readonly Vertex[]): ReadonlyMap<string, readonly string[] | undefined> {
  const wanted = new Map<string, Set<string> | undefined>();
  const folderOf = ({ op }: Vertex): string | undefined =>
    op.kind === "source" && op.identifier.startsWith(LOCAL) ? op.identifier.slice(LOCAL.length) : undefined;
  const take = (name: string, paths: readonly string[] | undefined): void => {
    const known = wanted.has(name) ? wanted.get(name) : new Set<string>();
    wanted.set(name, paths === undefined || known === undefined ? undefined : known.union(new Set(paths)));
  };
  for (const target of targets) {
    const name = folderOf(target);
    if (name !== undefined) take(name, undefined);
  }
  for (const node of reachable(...targets)) {
    for (const [at, input] of node.inputs.entries()) {
      const name = folderOf(input);
      if (name !== undefined) take(name, pathsOfInput(node, at));
    }
  }
  return new Map([...wanted].map(([name, paths]) => [name, paths === undefined ? undefined : [...paths].toSorted()]));
}

/** What a step takes of one of its inputs. */
function pathsOfInput({ op }: Vertex, at: number): readonly string[] | undefined {
  switch (op.kind) {
    case "source":
    case "merge":
    case "diff":
      return undefined;
    case "exec": {
      const paths = op.mounts.flatMap((mount) => ("input" in mount && mount.input === at ? [mount.selector] : []));
      return paths.some((path) => WILDCARD.test(path)) ? undefined : cleaned(paths);
    }
    case "file":
      if (op.base === at) return undefined;
      return cleaned(
        op.actions.flatMap((action) => {
          if (action.kind !== "copy" || action.input !== at) return [];
          return (action.includePatterns ?? [""]).map((pattern) => `${action.src}/${pattern}`);
        }),
      );
    default:
      return op satisfies never;
  }
}

/** From the folder on, without "." and "..". Undefined where one is the folder itself, or could mean something else to the client. */
function cleaned(paths: readonly string[]): readonly string[] | undefined {
  const clean = paths.map((path) => {
    const parts: string[] = [];
    for (const part of path.split("/")) {
      if (part === "..") parts.pop();
      else if (part !== "" && part !== ".") parts.push(part);
    }
    return parts.join("/");
  });
  return clean.some((path) => path === "" || MEANS_MORE.test(path)) ? undefined : clean;
}

/** Where "local://NAME" is, by the name. */
export type LocalContexts = Parameters<typeof localSources>[1];

/** As the build was opened. */
export function localContexts({ contexts, context }: OpenedBuild): LocalContexts {
  return { ...contexts.folders, context: context.files };
}

/** With what steps take of folders of the client, fetched. */
export async function fetchedContexts(opened: OpenedBuild, targets: readonly Vertex[]): Promise<LocalContexts> {
  const contexts = localContexts(opened);
  const { folder: lend } = opened.client ?? {};
  if (lend === undefined) return contexts;
  const wanted = pathsFromFolders(targets);
  const fetched: Record<string, LocalContexts[string]> = { ...contexts };
  for (const [name, context] of Object.entries(contexts))
    if (context.kind === "folder" && wanted.has(name)) fetched[name] = { ...context, path: await lend(context.path, wanted.get(name)) };
  return fetched;
}

/** The secrets that steps may see. */
export function secretsOfSteps(targets: readonly Vertex[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { op } of reachable(...targets)) {
    if (op.kind !== "exec") continue;
    for (const mount of op.mounts) if (mount.type === "secret") ids.add(mount.id);
    for (const { id } of op.secretEnv) ids.add(id);
  }
  return ids;
}

/** Lets the guard know the secrets that steps may see, also those of steps that come from the cache. A step that needs a secret says that it is missing. */
export async function learnSecrets({ access, client, guard, signal }: OpenedBuild, targets: readonly Vertex[]): Promise<void> {
  if (client === undefined || guard === undefined) return;
  for (const id of secretsOfSteps(targets)) await access.secret(id, signal);
}
