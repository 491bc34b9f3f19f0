/** COPY and ADD → FileOp (one action a source), with `--link` on an empty tree that is merged (rule S86). */
import { type CopyValues, hasWildcard, joinWorkdir, parseChmod } from "../../dockerfile/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { FileAction } from "../ops.ts";
import { vertex, type Vertex } from "../vertex.ts";
import { semanticError } from "./errors.ts";
import { needsAccounts, parseOwner } from "./owner.ts";
import { layerItem } from "./history.ts";
import { checkImagePath } from "./image-path.ts";
import { inlineFile } from "./inline-file.ts";
import { checkChecksum, remoteSource } from "./remote-source.ts";
import { shownLine, type StageState, stepMeta } from "./stage-state.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;

/** Converts a COPY or ADD. `from` is what local sources come from; undefined is an empty tree. */
export function convertCopy(state: StageState, values: CopyValues, from: Vertex | undefined): void {
  const { instruction, sources, destination, chown, chmod, checksum } = values;
  const parents = isParents(instruction);
  if (chmod !== "") parseChmod(chmod, instruction.chmod?.range);
  if (instruction.kind === "add" && checksum !== undefined) checkChecksum(checksum, instruction.checksum?.range, sources);
  const dest = absoluteDestination(state.config.WorkingDir, destination);
  checkImagePath(dest, instruction.destination.range);
  for (const { text, range } of sources) if (text.includes("\0")) checkImagePath(text, range);
  const meta = stepMeta(state, instruction, shownLine(state, instruction));
  const linked = instruction.link?.value === true && chmod === "";
  const owner = parseOwner(chown, state.followed, instruction.chown?.range ?? instruction.range);
  if ((linked || state.vertex === undefined) && needsAccounts(owner)) {
    throw semanticError(
      `Cannot use --chown=${chown} ${linked ? "with --link" : "in an empty stage"}: there is no passwd file to look the name up in (invalid user index)`,
      instruction.chown?.range,
      "Use numeric ids",
    );
  }

  const inputs: Vertex[] = [];
  const indexOf = (input: Vertex): number => {
    const known = inputs.findIndex((other) => other.id === input.id);
    return known >= 0 ? known : inputs.push(input) - 1;
  };
  const base = linked || state.vertex === undefined ? -1 : indexOf(state.vertex);
  const common = {
    kind: "copy",
    dest,
    ...(chown === "" ? {} : { owner }),
    ...(chmod === "" ? {} : { mode: chmod }),
    excludePatterns: values.excludes,
  } as const;
  const plain = {
    followSymlinks: false,
    dirCopyContents: false,
    attemptUnpack: false,
    allowWildcard: false,
    allowEmptyWildcard: false,
  } as const;
  const actions: CopyAction[] = [];
  for (const source of sources) {
    const remote = remoteSource(instruction, source, checksum);
    if (remote !== undefined) {
      const input = indexOf(vertex(remote.op, [], state.platform, { ...meta, name: `${meta.name} (fetch)`, internal: true }));
      const isFile = remote.filename !== undefined;
      const unpack = isFile && instruction.kind === "add" && (instruction.unpack?.value ?? false);
      const src = remote.filename ?? "/";
      actions.push({ ...common, ...plain, dirCopyContents: !isFile, attemptUnpack: unpack, input, src, range: source.range });
      continue;
    }
    const unpack = instruction.kind === "add" && (instruction.unpack?.value ?? true);
    const input = from === undefined ? -1 : indexOf(from);
    actions.push({
      ...common,
      input,
      ...(parents ? withParents(source.text) : { src: source.text }),
      followSymlinks: true,
      dirCopyContents: true,
      attemptUnpack: unpack,
      allowWildcard: true,
      allowEmptyWildcard: true,
      range: source.range,
    });
  }
  for (const [at, heredoc] of instruction.heredocs.entries()) {
    const data = values.documents[at] ?? heredoc.content;
    const inline = vertex(
      { kind: "file", base: -1, actions: [inlineFile({ name: heredoc.name, mode: 0o644, data, range: instruction.range })] },
      [],
      state.platform,
      {
        ...meta,
        name: `${meta.name} (inline document)`,
        internal: true,
      },
    );
    actions.push({ ...common, ...plain, input: indexOf(inline), src: heredoc.name, range: heredoc.range });
  }

  const copied = vertex({ kind: "file", base, actions }, inputs, state.platform, meta);
  state.vertex =
    linked && state.vertex !== undefined
      ? vertex({ kind: "merge" }, [state.vertex, copied], state.platform, { ...meta, name: `${meta.name} (link)`, internal: true })
      : copied;
  state.history.push(layerItem(historyLine(values), true));
}

function isParents(instruction: CopyValues["instruction"]): boolean {
  return instruction.kind === "copy" && instruction.parents?.value === true;
}

/** `--parents`: what is before the pivot "/./" is not kept; a path without wildcards must be there (rule S84). */
function withParents(text: string): Pick<CopyAction, "src" | "includePatterns" | "requiredPaths"> {
  const pivot = text.indexOf("/./");
  const folder = pivot < 0 ? "/" : text.slice(0, pivot) || "/";
  const pattern = joinWorkdir("/", pivot < 0 ? text : text.slice(pivot + 3)).slice(1);
  return {
    src: folder,
    // The directory itself: all of it.
    ...(pattern === ""
      ? {}
      : { includePatterns: [pattern], ...(hasWildcard(folder) || hasWildcard(pattern) ? {} : { requiredPaths: [pattern] }) }),
  };
}

function historyLine({ instruction, chown, chmod, sources, destination }: CopyValues): string {
  return [
    instruction.kind === "add" ? "ADD" : "COPY",
    ...(isParents(instruction) ? ["--parents"] : []),
    ...(chown === "" ? [] : [`--chown=${chown}`]),
    ...(chmod === "" ? [] : [`--chmod=${chmod}`]),
    ...sources.map(({ text }) => publicUrl(text)),
    ...instruction.heredocs.map((heredoc) => `<<${heredoc.name}`),
    destination,
  ].join(" ");
}

/** The destination from the working directory on, with a trailing "/" or "/." kept (rule S83). */
function absoluteDestination(workdir: string | undefined, destination: string): string {
  const clean = joinWorkdir(workdir, destination);
  if (destination === "" || destination === "." || destination.endsWith("/.") || destination.endsWith("/..") || destination === "..")
    return clean === "/" ? "/" : `${clean}/`;
  return destination.endsWith("/") && clean !== "/" ? `${clean}/` : clean;
}
