/** COPY and ADD → FileOp (one action a source), with `--link` on an empty tree that is merged (rule S86). */
import { type AddInstruction, type CopyInstruction, expandWord, hasWildcard, parseChmod, type Word } from "../../dockerfile/index.ts";
import { withSource } from "../../errors.ts";
import { isDigest } from "../../digest.ts";
import type { SourceRange } from "../../source.ts";
import { type GitRef, gitSourceOp, isChecksum, parseGitUrl, withoutCredentials } from "../git-url.ts";
import type { ChownOpt, FileAction, SourceOp } from "../ops.ts";
import { vertex, type Vertex } from "../vertex.ts";
import { semanticError } from "./errors.ts";
import { layerItem } from "./history.ts";
import { joinWorkdir } from "./metadata.ts";
import { expand, shownLine, type StageState, stepMeta } from "./stage-state.ts";

type CopyAction = Extract<FileAction, { kind: "copy" }>;

/** Converts a COPY or ADD. `from` is what local sources come from; undefined is an empty tree. */
export function convertCopy(state: StageState, instruction: CopyInstruction | AddInstruction, from: Vertex | undefined): void {
  const parents = instruction.kind === "copy" && instruction.parents?.value === true;
  const sources = instruction.sources.map((word) => ({ text: expand(state, word), range: word.range }));
  const destination = expand(state, instruction.destination);
  const chown = instruction.chown === undefined ? "" : expand(state, instruction.chown);
  const chmod = instruction.chmod === undefined ? "" : expand(state, instruction.chmod);
  if (chmod !== "") parseChmod(chmod, instruction.chmod?.range);
  const checksum = checkedChecksum(state, instruction, sources);
  const meta = stepMeta(state, instruction, shownLine(state, instruction));
  const linked = instruction.link?.value === true && chmod === "";
  const owner = parseOwner(chown);
  if ((linked || state.vertex === undefined) && Object.values(owner).some((part) => typeof part === "string")) {
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
    dest: absoluteDestination(state.config.WorkingDir, destination),
    ...(chown === "" ? {} : { owner }),
    ...(chmod === "" ? {} : { mode: chmod }),
    excludePatterns: instruction.excludes.map((word) => expand(state, word)),
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
    const git = gitRefAt(source);
    if (git !== undefined) {
      const remote = vertex(addedGit(instruction, git, checksum, source.range), [], state.platform, {
        ...meta,
        name: `${meta.name} (fetch)`,
        internal: true,
      });
      actions.push({ ...common, ...plain, dirCopyContents: true, input: indexOf(remote), src: "/", range: source.range });
      continue;
    }
    if (isHttpUrl(source.text)) {
      if (instruction.kind === "copy")
        throw semanticError(`Cannot copy "${source.text}": source can't be a URL for COPY`, source.range, "Use ADD");
      const unpack = instruction.unpack?.value ?? false;
      const filename = urlFilename(source.text);
      const remote = vertex(
        {
          kind: "source",
          identifier: source.text,
          attrs: { "http.filename": filename, ...(checksum === undefined ? {} : { "http.checksum": checksum }) },
        },
        [],
        state.platform,
        { ...meta, name: `${meta.name} (fetch)`, internal: true },
      );
      actions.push({ ...common, ...plain, attemptUnpack: unpack, input: indexOf(remote), src: filename, range: source.range });
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
  for (const heredoc of instruction.heredocs) {
    const data = heredoc.expand
      ? expandWord(heredoc.content, state.env, { escape: "\\", range: heredoc.range, quotes: "ignore" }).value
      : heredoc.content;
    const inline = vertex(
      { kind: "file", base: -1, actions: [{ kind: "mkfile", path: `/${heredoc.name}`, mode: 0o644, data }] },
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
  state.history.push(layerItem(historyLine(instruction, { chown, chmod, sources: sources.map(({ text }) => text), destination }), true));
}

/** `--parents`: what is before the pivot "/./" is not kept; a path without wildcards must be there (rule S84). */
function withParents(text: string): Pick<CopyAction, "src" | "includePatterns" | "requiredPaths"> {
  const pivot = text.indexOf("/./");
  const pattern = joinWorkdir("/", pivot < 0 ? text : text.slice(pivot + 3)).slice(1);
  return {
    src: pivot < 0 ? "/" : text.slice(0, pivot) || "/",
    // The directory itself: all of it.
    ...(pattern === "" ? {} : { includePatterns: [pattern], ...(hasWildcard(pattern) ? {} : { requiredPaths: [pattern] }) }),
  };
}

function historyLine(
  instruction: CopyInstruction | AddInstruction,
  given: { readonly chown: string; readonly chmod: string; readonly sources: readonly string[]; readonly destination: string },
): string {
  return [
    instruction.kind === "add" ? "ADD" : "COPY",
    ...(given.chown === "" ? [] : [`--chown=${given.chown}`]),
    ...(given.chmod === "" ? [] : [`--chmod=${given.chmod}`]),
    ...given.sources,
    ...instruction.heredocs.map((heredoc) => `<<${heredoc.name}`),
    given.destination,
  ].join(" ");
}

function checkedChecksum(
  state: StageState,
  instruction: CopyInstruction | AddInstruction,
  sources: readonly { readonly text: string; readonly range: SourceRange }[],
): string | undefined {
  if (instruction.kind !== "add" || instruction.checksum === undefined) return undefined;
  const word: Word = instruction.checksum;
  const checksum = expand(state, word);
  const [only] = sources;
  if (sources.length !== 1 || only === undefined)
    throw semanticError("Cannot check several sources: checksum can't be specified for multiple sources", word.range);
  const isGit = parseGitUrl(only.text) !== undefined;
  if (!isHttpUrl(only.text) && !isGit)
    throw semanticError("Cannot check a local source: checksum requires HTTP(S) or Git sources", word.range);
  if (isGit && !isChecksum(checksum))
    throw semanticError(`Cannot use checksum "${checksum}": wanted the id of a commit, or how it begins`, word.range);
  if (!isDigest(checksum) && !isGit)
    throw semanticError(`Cannot use checksum "${checksum}": wanted sha256: and 64 hexadecimal digits`, word.range);
  return checksum;
}

/** The destination from the working directory on, with a trailing "/" or "/." kept (rule S83). */
function absoluteDestination(workdir: string | undefined, destination: string): string {
  const clean = joinWorkdir(workdir, destination);
  if (destination === "" || destination === "." || destination.endsWith("/.") || destination.endsWith("/..") || destination === "..")
    return clean === "/" ? "/" : `${clean}/`;
  return destination.endsWith("/") && clean !== "/" ? `${clean}/` : clean;
}

/** "user:group", numbers or names. */
export function parseOwner(text: string): ChownOpt {
  const [user = "", group] = text.split(":", 2);
  const id = (part: string): string | number => (/^\d+$/.test(part) ? Number(part) : part);
  return { ...(user === "" ? {} : { user: id(user) }), ...(group === undefined || group === "" ? {} : { group: id(group) }) };
}

function isHttpUrl(text: string): boolean {
  return /^https?:\/\//.test(text);
}

function gitRefAt(source: { readonly text: string; readonly range: SourceRange }): GitRef | undefined {
  try {
    return parseGitUrl(source.text);
  } catch (error) {
    throw withSource(error, source.range);
  }
}

/** The flags of ADD joined to what the reference itself says. */
function addedGit(instruction: CopyInstruction | AddInstruction, git: GitRef, checksum: string | undefined, range: SourceRange): SourceOp {
  const shown = withoutCredentials(git.remote);
  if (instruction.kind === "copy") throw semanticError(`Cannot copy "${shown}": source can't be a git ref for COPY`, range, "Use ADD");
  if (checksum !== undefined && git.checksum !== undefined && checksum.toLowerCase() !== git.checksum)
    throw semanticError(`Cannot use --checksum=${checksum}: the reference itself wants "${git.checksum}"`, range);
  const wanted = checksum === undefined ? {} : { checksum: checksum.toLowerCase() };
  const keep = instruction.keepGitDir === undefined ? {} : { keepGitDir: instruction.keepGitDir.value };
  return gitSourceOp({ ...git, ...wanted, ...keep }, "default");
}

function urlFilename(text: string): string {
  const path = URL.canParse(text) ? new URL(text).pathname : "";
  const last = path.split("/").findLast((part) => part !== "");
  return last === undefined ? "__unnamed__" : safeDecode(last);
}

function safeDecode(part: string): string {
  try {
    return decodeURIComponent(part).replaceAll("/", "_");
  } catch {
    return part;
  }
}
