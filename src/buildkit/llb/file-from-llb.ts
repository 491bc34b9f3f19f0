/** File ops of clients as ours: a chain of actions is one vertex, and any other graph of actions is a vertex for each. Pure. */
import { isUtf8 } from "node:buffer";
import { type DecantError, usageError } from "../../errors.ts";
import { given } from "../../given.ts";
import { type ChownOpt, type FileAction, type Vertex, vertex } from "../../graph/index.ts";
import type { ChownOpt as WireOwner, FileAction as WireAction, FileCopy, UserOpt } from "../wire/llb_pb.ts";
import { lacking } from "./lacking.ts";

const NSEC = 1_000_000_000n;

/** What a file op gives, by number of the output. Throws `USAGE`, `UNSUPPORTED`. */
export function fileOutputs(
  actions: readonly WireAction[],
  inputs: readonly Vertex[],
  { platform, meta }: Pick<Vertex, "platform" | "meta">,
): (output: bigint) => Vertex {
  if (actions.length === 0) throw usageError("Cannot read the build graph: a file op has no actions");
  const outputs = new Map<bigint, Vertex>();
  if (isChain(actions, inputs.length)) {
    const [first] = actions;
    const ours = actions.map((action) => actionIn(action, { copied: Number(action.secondaryInput), based: Number(first?.input ?? -1n) }));
    outputs.set(0n, vertex({ kind: "file", base: Number(first?.input ?? -1n), actions: ours }, inputs, platform, meta));
  } else {
    const made: Vertex[] = [];
    const all = (at: bigint): Vertex | undefined => (at < 0n ? undefined : [...inputs, ...made][Number(at)]);
    for (const action of actions) {
      const [base, copied] = [all(action.input), all(action.secondaryInput)];
      if ((base === undefined && action.input >= 0n) || (copied === undefined && action.secondaryInput >= 0n)) throw notThere();
      const own = [base, copied].filter((one) => one !== undefined);
      const places = { copied: own.length - 1, based: base === undefined ? -1 : 0 };
      const op = { kind: "file", base: places.based, actions: [actionIn(action, places)] } as const;
      // Each is a step of its own for people, too.
      const slot = `${meta.slot} ${made.length}`;
      const one = vertex(op, own, platform, { ...meta, slot });
      made.push(one);
      if (action.output >= 0n) outputs.set(action.output, one);
    }
  }
  return (output) => {
    const found = outputs.get(output);
    if (found === undefined) throw usageError(`Cannot read the build graph: a file op has no output ${output}`);
    return found;
  };
}

/** Is each action on the result of the one before, and the last one the only result? */
function isChain(actions: readonly WireAction[], inputs: number): boolean {
  return actions.every(({ input, secondaryInput, output }, at) => {
    const isNext = at === 0 ? input < BigInt(inputs) : input === BigInt(inputs + at - 1);
    return isNext && secondaryInput < BigInt(inputs) && output === (at === actions.length - 1 ? 0n : -1n);
  });
}

function notThere(): DecantError {
  return usageError("Cannot read the build graph: a file action names an input that it does not have");
}

/** Indexes into the inputs of the vertex: what is copied, and what is edited. */
interface Places {
  readonly copied: number;
  readonly based: number;
}

function actionIn({ action, secondaryInput }: WireAction, { copied, based }: Places): FileAction {
  switch (action.case) {
    case "copy":
      if (secondaryInput < 0n) throw lacking("a copy of nothing");
      return copyIn(action.value, { copied, based });
    case "mkfile": {
      const { path, mode, data, owner, timestamp } = action.value;
      const bytes = Buffer.from(data);
      const text = isUtf8(data) ? { data: bytes.toString("utf8") } : { data: bytes.toString("base64"), encoding: "base64" as const };
      return { kind: "mkfile", path, mode, ...text, ...ownerIn(owner, based), ...timeIn(timestamp) };
    }
    case "mkdir": {
      const { path, mode, makeParents, owner, timestamp } = action.value;
      return { kind: "mkdir", path, mode, makeParents, ...ownerIn(owner, based), ...timeIn(timestamp) };
    }
    case "symlink": {
      const { oldpath, newpath, owner, timestamp } = action.value;
      return { kind: "symlink", path: newpath, target: oldpath, ...ownerIn(owner, based), ...timeIn(timestamp) };
    }
    case "rm": {
      const { path, allowNotFound, allowWildcard } = action.value;
      return { kind: "rm", path, allowNotFound, allowWildcard };
    }
    case undefined:
      throw lacking(`the file action "${action.case ?? "none"}"`);
    default:
      return action satisfies never;
  }
}

function copyIn(copy: FileCopy, { copied: input, based }: Places): FileAction {
  const { createDestPath, alwaysReplaceExistingDestPaths } = copy;
  const mode = copy.modeStr !== "" ? copy.modeStr : copy.mode >= 0 ? copy.mode.toString(8) : undefined;
  return {
    kind: "copy",
    input,
    src: copy.src,
    dest: copy.dest,
    ...ownerIn(copy.owner, based),
    ...timeIn(copy.timestamp),
    ...(createDestPath ? {} : { existingDestOnly: true }),
    ...(alwaysReplaceExistingDestPaths ? { replacesOther: true } : {}),
    ...given({ mode }),
    followSymlinks: copy.followSymlink,
    dirCopyContents: copy.dirCopyContents,
    attemptUnpack: copy.attemptUnpack,
    allowWildcard: copy.allowWildcard,
    allowEmptyWildcard: copy.allowEmptyWildcard,
    excludePatterns: copy.excludePatterns,
    ...(copy.includePatterns.length === 0 ? {} : { includePatterns: copy.includePatterns }),
    ...(copy.requiredPaths.length === 0 ? {} : { requiredPaths: copy.requiredPaths }),
  };
}

function timeIn(timestamp: bigint): { mtimeSec?: number } {
  if (timestamp === -1n) return {};
  if (timestamp % NSEC !== 0n) throw lacking("a time that is no whole second");
  return { mtimeSec: Number(timestamp / NSEC) };
}

function ownerIn(owner: WireOwner | undefined, based: number): { owner?: ChownOpt } {
  if (owner === undefined) return {};
  return { owner: given({ user: whoIn(owner.user, based), group: whoIn(owner.group, based) }) };
}

/** Names are looked up in what is edited. */
function whoIn(who: UserOpt | undefined, based: number): string | number | undefined {
  if (who?.user.case === "byId") return who.user.value;
  if (who?.user.case !== "byName") return undefined;
  if (who.user.value.input > 0n && who.user.value.input !== BigInt(based)) throw lacking("a name of a user that another input knows");
  return who.user.value.name;
}
