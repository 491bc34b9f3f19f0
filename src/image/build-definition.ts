/**
 * The build graph as BuildKit writes it into provenance (mode=max): LLB in the JSON form of its protobuf (moby/buildkit solver/pb/ops.proto), one
 * step for each vertex, and the lines of the Dockerfile that each came from. Values of secrets are not in the graph. Pure.
 */
import { algorithmOf, hexOf } from "../digest.ts";
import { given } from "../given.ts";
import { type ChownOpt, type FileAction, type Mount, type Op, reachable, type Vertex } from "../graph/index.ts";
import type { Platform } from "../oci/index.ts";
import { publicUrl, publicVariable, withoutUrlSecrets } from "../url-secrets.ts";

/** The steps, and where each is in the Dockerfile. */
export interface BuildDefinition {
  readonly steps: readonly unknown[];
  /** By vertex: "sha256:…" → "step0". */
  readonly digestMapping: Readonly<Record<string, string>>;
  readonly locations: Readonly<Record<string, unknown>>;
}

const NETWORKS = { sandbox: undefined, host: 1, none: 2 } as const;
const SECURITY = { sandbox: undefined, insecure: 1 } as const;
const MOUNT_TYPES = { bind: undefined, secret: 1, ssh: 2, cache: 3, tmpfs: 4 } as const;
const SHARINGS = { shared: undefined, private: 1, locked: 2 } as const;

/** Writes the graph below `target`, inputs first, and at its end the step that BuildKit calls the result. */
export function buildDefinition(target: Vertex): BuildDefinition {
  const order = reachable(target);
  const ids = new Map(order.map(({ id }, index) => [id, `step${index}`]));
  const inputsOf = ({ inputs }: Vertex): readonly string[] => inputs.map(({ id }) => `${ids.get(id) ?? ""}:0`);
  const steps = order.map((vertex, index) => ({
    id: `step${index}`,
    op: { Op: opOf(vertex.op, vertex.inputs.length), platform: platformOf(vertex.platform), constraints: {} },
    ...(vertex.inputs.length === 0 ? {} : { inputs: inputsOf(vertex) }),
  }));
  const locations = order.map(({ meta }, index): [string, unknown] => {
    const { source } = meta;
    const range = source === undefined ? undefined : { start: { line: source.start.line }, end: { line: source.end.line } };
    return [`step${index}`, range === undefined ? {} : { locations: [{ ranges: [range] }] }];
  });
  return {
    steps: [...steps, { id: `step${order.length}`, op: { Op: {} }, inputs: [`${ids.get(target.id) ?? ""}:0`] }],
    digestMapping: Object.fromEntries(order.map(({ id }) => [`${algorithmOf(id)}:${hexOf(id)}`, ids.get(id) ?? ""])),
    locations: Object.fromEntries(locations),
  };
}

function opOf(op: Op, inputs: number): unknown {
  switch (op.kind) {
    case "source":
      return { source: { identifier: publicUrl(op.identifier), attrs: redacted(op.attrs) } };
    case "exec": {
      const { args, env, cwd, user, hostname, extraHosts, ulimits } = op.meta;
      return {
        exec: {
          meta: {
            args,
            env: env.map(publicLine),
            cwd,
            ...optional({ user: user === "" ? undefined : user, hostname }),
            ...(extraHosts.length === 0 ? {} : { extraHosts: extraHosts.map(({ host, ip }) => ({ Host: host, IP: ip })) }),
            ...(ulimits.length === 0 ? {} : { ulimit: ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })) }),
          },
          mounts: op.mounts.map(mountOf),
          ...(op.secretEnv.length === 0
            ? {}
            : {
                secretenv: op.secretEnv.map(({ id, name, optional: mayLack }) => ({
                  ID: id,
                  name,
                  ...(mayLack ? { optional: true } : {}),
                })),
              }),
          ...(op.devices.length === 0
            ? {}
            : { cdiDevices: op.devices.map(({ name, optional: mayLack }) => ({ name, ...(mayLack ? { optional: true } : {}) })) }),
          ...optional({ network: NETWORKS[op.network], security: SECURITY[op.security] }),
        },
      };
    }
    case "file":
      return { file: { actions: op.actions.map((action, index) => fileActionOf(action, index, op.actions.length, op.base)) } };
    case "diff":
      return { diff: { lower: { input: op.lower }, upper: { input: op.upper } } };
    case "merge":
      return { merge: { inputs: Array.from({ length: inputs }, (_, input) => (input === 0 ? {} : { input })) } };
    default:
      return op satisfies never;
  }
}

function publicLine(line: string): string {
  const at = line.indexOf("=");
  return `${line.slice(0, at)}=${withoutUrlSecrets(publicVariable(line.slice(0, at), line.slice(at + 1)))}`;
}

/** Addresses of sources may bring their passwords and tokens. */
function redacted(attrs: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(attrs).map(([key, value]) => [key, publicUrl(value)]));
}

function mountOf(mount: Mount): unknown {
  const common = { dest: mount.dest, ...optional({ mountType: MOUNT_TYPES[mount.type] }) };
  switch (mount.type) {
    case "bind":
      return {
        input: mount.input,
        ...selectorOf(mount.selector),
        ...common,
        output: mount.output,
        ...(mount.readonly ? { readonly: true } : {}),
      };
    case "cache":
      return {
        input: mount.input,
        ...selectorOf(mount.selector),
        ...common,
        output: -1,
        ...(mount.readonly ? { readonly: true } : {}),
        cacheOpt: { ID: mount.id, ...optional({ sharing: SHARINGS[mount.sharing] }) },
      };
    case "tmpfs":
      return { input: -1, ...common, output: -1, TmpfsOpt: optional({ size: mount.sizeBytes }) };
    case "secret":
    case "ssh": {
      const { id: ID, uid, gid, mode } = mount;
      const access = { ID, uid, gid, mode, ...(mount.optional ? { optional: true } : {}) };
      return { input: -1, ...common, output: -1, [mount.type === "secret" ? "secretOpt" : "SSHOpt"]: access };
    }
    default:
      return mount satisfies never;
  }
}

function selectorOf(selector: string): { readonly selector?: string } {
  return selector === "" || selector === "/" ? {} : { selector };
}

/** LLB chains the actions of a file op: each is applied to the result of the one before, the last one is the output. */
function fileActionOf(action: FileAction, index: number, count: number, base: number): unknown {
  const place = {
    input: index === 0 ? base : index - 1,
    secondaryInput: action.kind === "copy" ? action.input : -1,
    output: index === count - 1 ? 0 : -1,
  };
  switch (action.kind) {
    case "copy":
      return {
        ...place,
        Action: {
          copy: {
            src: action.src,
            dest: action.dest,
            ...optional({ owner: ownerOf(action.owner), modeStr: action.mode }),
            mode: -1,
            followSymlink: action.followSymlinks,
            dirCopyContents: action.dirCopyContents,
            ...(action.attemptUnpack ? { attemptUnpackDockerCompatibility: true } : {}),
            ...(action.existingDestOnly === true ? {} : { createDestPath: true }),
            allowWildcard: action.allowWildcard,
            allowEmptyWildcard: action.allowEmptyWildcard,
            ...(action.replacesOther === true ? { alwaysReplaceExistingDestPaths: true } : {}),
            timestamp: timeOf(action),
            ...given({ include_patterns: action.includePatterns }),
            ...(action.excludePatterns.length === 0 ? {} : { exclude_patterns: action.excludePatterns }),
          },
        },
      };
    case "mkfile": {
      const data = Buffer.from(action.data, action.encoding ?? "utf8").toString("base64");
      return {
        ...place,
        Action: {
          mkfile: { path: action.path, mode: action.mode, data, ...optional({ owner: ownerOf(action.owner) }), timestamp: timeOf(action) },
        },
      };
    }
    case "mkdir": {
      const { path, mode, makeParents } = action;
      const timestamp = timeOf(action);
      return { ...place, Action: { mkdir: { path, mode, makeParents, ...optional({ owner: ownerOf(action.owner) }), timestamp } } };
    }
    case "symlink": {
      const { path, target } = action;
      const timestamp = timeOf(action);
      return {
        ...place,
        Action: { symlink: { oldpath: target, newpath: path, ...optional({ owner: ownerOf(action.owner) }), timestamp } },
      };
    }
    case "rm": {
      const { path, allowNotFound, allowWildcard } = action;
      return { ...place, Action: { rm: { path, allowNotFound, allowWildcard } } };
    }
    default:
      return action satisfies never;
  }
}

function timeOf({ mtimeSec }: { readonly mtimeSec?: number }): number {
  return mtimeSec === undefined ? -1 : mtimeSec * 1e9;
}

function ownerOf(owner: ChownOpt | undefined): unknown {
  if (owner === undefined) return undefined;
  const one = (who: string | number | undefined): unknown =>
    who === undefined ? undefined : { User: typeof who === "number" ? { byID: who } : { byName: { name: who } } };
  return optional({ user: one(owner.user), group: one(owner.group) });
}

function platformOf({ architecture, os, variant }: Platform): unknown {
  return { Architecture: architecture, OS: os, ...optional({ Variant: variant }) };
}

function optional(fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
