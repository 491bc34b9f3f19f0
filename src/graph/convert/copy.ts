/** COPY and ADD → FileOp (one action a source), with `--link` on an empty tree that is merged (rule S86). */
import { type CopyValues, hasWildcard, joinWorkdir, parseChmod } from "../../dockerfile/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { FileAction } from "../ops.ts";
import { vertex, type Vertex, type VertexMeta } from "../vertex.ts";
import type { ConvertOptions } from "./context.ts";
import { semanticError } from "./errors.ts";
import { needsAccounts, parseOwner } from "./owner.ts";
import { layerItem } from "./history.ts";
import { checkImagePath } from "./image-path.ts";
import { inlineFile } from "./inline-file.ts";
import { checkChecksum, remoteSource } from "./remote-source.ts";
import { shownLine, type StageState, stepMeta } from "./stage-state.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;
type Heredoc = CopyValues["instruction"]["heredocs"][number];

/** Where files come from. */
interface CopySurroundings extends Pick<ConvertOptions, "addedSource"> {
  /** What local sources come from; undefined is an empty tree. */
  readonly from: Vertex | undefined;
}

/** Converts a COPY or ADD. */
export function convertCopy(state: StageState, values: CopyValues, { from, addedSource }: CopySurroundings): void {
  const { instruction, sources, destination, chown, chmod, checksum } = values;
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

  const inputs = createInputs();
  const base = linked || state.vertex === undefined ? -1 : inputs.indexOf(state.vertex);
  const copy: Copy = {
    state,
    values,
    meta,
    inputs,
    addedSource,
    common: {
      kind: "copy",
      dest,
      ...(chown === "" ? {} : { owner }),
      ...(chmod === "" ? {} : { mode: chmod }),
      excludePatterns: values.excludes,
    },
  };
  const actions = [
    ...sources.map((source) => remoteAction(copy, source) ?? pathAction(copy, source, from)),
    ...instruction.heredocs.map((heredoc, at) => inlineAction(copy, heredoc, values.documents[at])),
  ];

  const copied = vertex({ kind: "file", base, actions }, inputs.all, state.platform, meta);
  state.vertex =
    linked && state.vertex !== undefined
      ? vertex({ kind: "merge" }, [state.vertex, copied], state.platform, { ...meta, name: `${meta.name} (link)`, internal: true })
      : copied;
  state.history.push(layerItem(historyLine(values), true));
}

/** What the actions of one instruction share. */
interface Copy {
  readonly state: StageState;
  readonly values: CopyValues;
  readonly meta: VertexMeta;
  readonly inputs: Inputs;
  readonly addedSource: ConvertOptions["addedSource"];
  readonly common: Pick<CopyAction, "kind" | "dest" | "owner" | "mode" | "excludePatterns">;
}

/** The inputs of the vertex, each once. */
interface Inputs {
  readonly all: readonly Vertex[];
  indexOf(input: Vertex): number;
}

function createInputs(): Inputs {
  const all: Vertex[] = [];
  return {
    all,
    indexOf(input) {
      const known = all.findIndex((other) => other.id === input.id);
      return known >= 0 ? known : all.push(input) - 1;
    },
  };
}

/** What Decant itself puts where it is copied from: nothing of its name means anything else. */
const PLAIN = {
  followSymlinks: false,
  dirCopyContents: false,
  attemptUnpack: false,
  allowWildcard: false,
  allowEmptyWildcard: false,
} as const;

/** A file or repository that is fetched; undefined for a path. */
function remoteAction(
  { state, values, meta, inputs, common, addedSource }: Copy,
  source: CopyValues["sources"][number],
): CopyAction | undefined {
  const { instruction, checksum } = values;
  const remote = remoteSource(instruction, source, checksum);
  if (remote === undefined) return undefined;
  const op = addedSource?.(remote.op, source.range) ?? remote.op;
  const input = inputs.indexOf(vertex(op, [], state.platform, { ...meta, name: `${meta.name} (fetch)`, internal: true }));
  const isFile = remote.filename !== undefined;
  const unpack = isFile && instruction.kind === "add" && (instruction.unpack?.value ?? false);
  return { ...common, ...PLAIN, dirCopyContents: !isFile, attemptUnpack: unpack, input, src: remote.filename ?? "/", range: source.range };
}

/** A path of the context, or of what `--from` names. */
function pathAction(
  { values, inputs, common }: Copy,
  { text, range }: CopyValues["sources"][number],
  from: Vertex | undefined,
): CopyAction {
  const { instruction } = values;
  return {
    ...common,
    input: from === undefined ? -1 : inputs.indexOf(from),
    ...(isParents(instruction) ? withParents(text) : { src: text }),
    followSymlinks: true,
    dirCopyContents: true,
    attemptUnpack: instruction.kind === "add" && (instruction.unpack?.value ?? true),
    allowWildcard: true,
    allowEmptyWildcard: true,
    range,
  };
}

/** A document that is written in the Dockerfile. */
function inlineAction({ state, values, meta, inputs, common }: Copy, heredoc: Heredoc, expanded: string | undefined): CopyAction {
  const file = inlineFile({ name: heredoc.name, mode: 0o644, data: expanded ?? heredoc.content, range: values.instruction.range });
  const inline = vertex({ kind: "file", base: -1, actions: [file] }, [], state.platform, {
    ...meta,
    name: "[internal] preparing inline document",
    internal: true,
  });
  return { ...common, ...PLAIN, input: inputs.indexOf(inline), src: heredoc.name, range: heredoc.range };
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
