/** `RUN --mount` → mounts of an ExecOp, with BuildKit's defaults for ids, targets and owners (rules S112 to S120). */
import { posix } from "node:path";
import type { FromTarget, RunValues } from "../../dockerfile/index.ts";
import { given } from "../../given.ts";
import type { SourceRange } from "../../source.ts";
import type { BindMount, CacheMount, Mount, SecretEnv } from "../ops.ts";
import { vertex, type Vertex } from "../vertex.ts";
import type { BuildArgs } from "./args.ts";
import { semanticError } from "./errors.ts";
import { checkImagePath } from "./image-path.ts";
import type { StageState } from "./stage-state.ts";

type Resolved = RunValues["mounts"][number]["mount"];

/** What the mounts of a RUN become. */
interface ConvertedMounts {
  readonly mounts: readonly Mount[];
  readonly secretEnv: readonly SecretEnv[];
  /** Where the first agent socket is, for SSH_AUTH_SOCK. */
  readonly sshSocket?: string;
}

/** What `convertMounts` asks for. */
export interface MountOptions {
  readonly buildArgs: BuildArgs;
  /** The files that a mount's from= names, or the build context; undefined is an empty tree. */
  readonly mountSource: (from: FromTarget | undefined) => Vertex | undefined;
  /** The index of an input of the vertex; -1 for an empty tree. */
  readonly indexOf: (input: Vertex | undefined) => number;
}

const SECRET_MODE = 0o400;
const SOCKET_MODE = 0o600;
const CACHE_MODE = 0o755;
/** Where a directory with an owner and a mode of its own is made for a new cache. */
const OWNED_CACHE = "/cache";

/** Converts the mounts of a RUN, in order. Throws `DOCKERFILE_SEMANTIC`. */
export function convertMounts(state: StageState, planned: RunValues["mounts"], options: MountOptions): ConvertedMounts {
  const mounts: Mount[] = [];
  const secretEnv: SecretEnv[] = [];
  let sockets = 0;
  let sshSocket: string | undefined;
  for (const { mount, from } of planned) {
    const { range } = mount;
    switch (mount.type) {
      case "bind":
        mounts.push(bindMount(state, mount, options.indexOf(options.mountSource(from))));
        break;
      case "cache":
        mounts.push(cacheMount(state, mount, from, options));
        break;
      case "tmpfs":
        mounts.push({
          type: "tmpfs",
          dest: targetOf(state, mount),
          readonly: mount.readOnly,
          ...(mount.sizeBytes === undefined || mount.sizeBytes === 0 ? {} : { sizeBytes: mount.sizeBytes }),
        });
        break;
      case "secret": {
        const id = mount.source ?? mount.id ?? posix.basename(mount.target ?? "");
        const optional = !mount.required;
        if (mount.env === "") throw semanticError("Cannot mount: env= names no variable", range, "Write env=NAME");
        if (mount.env !== undefined) secretEnv.push({ id, name: mount.env, optional, range });
        if (mount.env !== undefined && mount.target === undefined) break;
        const { mode = SECRET_MODE, uid = 0, gid = 0 } = mount;
        const dest = joinTarget(state, mount.target ?? `/run/secrets/${posix.basename(id)}`, range);
        mounts.push({ type: "secret", id, dest, mode, uid, gid, optional, range });
        break;
      }
      case "ssh": {
        if (mount.source !== undefined)
          throw semanticError("Cannot mount: ssh does not support source", range, "Name an agent of --ssh with id=");
        const { mode = SOCKET_MODE, uid = 0, gid = 0 } = mount;
        const dest = mount.target ?? `/run/buildkit/ssh_agent.${sockets}`;
        sockets += 1;
        sshSocket ??= dest;
        mounts.push({
          type: "ssh",
          id: mount.id ?? "default",
          dest: joinTarget(state, dest, range),
          mode,
          uid,
          gid,
          optional: !mount.required,
          range,
        });
        break;
      }
      default:
        mount.type satisfies never;
    }
  }
  return { mounts, secretEnv, ...given({ sshSocket }) };
}

function bindMount(state: StageState, mount: Resolved, input: number): BindMount {
  const { readOnly, range } = mount;
  return { type: "bind", input, selector: selectorOf(mount), dest: targetOf(state, mount), readonly: readOnly, output: -1, range };
}

function cacheMount(state: StageState, mount: Resolved, from: FromTarget | undefined, options: MountOptions): CacheMount {
  const { uid, gid, mode, range } = mount;
  const base = mount.from === undefined ? undefined : options.mountSource(from);
  const selector = selectorOf(mount);
  const owned = selector === "/" && (uid ?? gid ?? mode) !== undefined;
  return {
    type: "cache",
    input: options.indexOf(owned ? ownedDirectory(state, base, { uid: uid ?? 0, gid: gid ?? 0, mode: mode ?? CACHE_MODE }) : base),
    selector: owned ? OWNED_CACHE : selector,
    dest: targetOf(state, mount),
    readonly: mount.readOnly,
    id: `${options.buildArgs["BUILDKIT_CACHE_MOUNT_NS"] ?? ""}/${mount.id ?? cleanPath(mount.target ?? "")}`,
    sharing: mount.sharing ?? "shared",
    range,
  };
}

function ownedDirectory(
  state: StageState,
  base: Vertex | undefined,
  { uid, gid, mode }: { readonly uid: number; readonly gid: number; readonly mode: number },
): Vertex {
  const action = { kind: "mkdir", path: OWNED_CACHE, mode, makeParents: false, owner: { user: uid, group: gid } } as const;
  return vertex({ kind: "file", base: base === undefined ? -1 : 0, actions: [action] }, base === undefined ? [] : [base], state.platform, {
    name: "[internal] settings cache mount permissions",
    ignoreCache: false,
    internal: true,
    slot: "cache-mount",
  });
}

function selectorOf({ source = "" }: Resolved): string {
  return posix.join("/", source);
}

function targetOf(state: StageState, mount: Resolved): string {
  const target = joinTarget(state, mount.target ?? "", mount.range);
  if (target === "/")
    throw semanticError('Cannot mount: invalid mount target "/"', mount.range, "Give target= a path below the root directory");
  return target;
}

function joinTarget(state: StageState, target: string, range: SourceRange): string {
  const path = cleanPath(posix.isAbsolute(target) ? target : posix.join("/", state.config.WorkingDir ?? "/", target));
  checkImagePath(path, range);
  return path;
}

/** As Go's path.Clean. */
function cleanPath(path: string): string {
  const clean = posix.normalize(path);
  return clean.length > 1 ? clean.replace(/\/$/, "") : clean;
}
