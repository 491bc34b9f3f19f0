/** What a builder must be able to do for a graph: in BuildKit's words, with the step that needs it. Pure. */
import { DecantError, unsupported } from "../../errors.ts";
import { given } from "../../given.ts";
import { type FileAction, gitRefOf, isSshRemote, reachable, type Vertex } from "../../graph/index.ts";
import { OCTAL } from "../llb/to-llb.ts";
import type { BuilderNode } from "./node.ts";

/** Something that a step needs of its builder. */
interface Need {
  readonly capability: string;
  /** In the words of a Dockerfile. */
  readonly what: string;
  readonly vertex: Vertex;
}

const GIT: Readonly<Record<string, Omit<Need, "vertex">>> = {
  "git.checksum": { capability: "source.git.checksum", what: "checksums of git repositories" },
  "git.skipsubmodules": { capability: "source.git.skipsubmodules", what: "git repositories without their submodules" },
  "git.mtime": { capability: "source.git.mtime", what: "times of commits for files (mtime=commit)" },
  "git.fetchbycommit": { capability: "source.git.fetchbycommit", what: "fetching git repositories by commit" },
};

/** Everything that the graph below `target` needs and that not every builder has. */
function needsOf(target: Vertex): Need[] {
  return reachable(target).flatMap((vertex) => ownNeeds(vertex).map((need) => ({ ...need, vertex })));
}

function ownNeeds({ op }: Vertex): Omit<Need, "vertex">[] {
  switch (op.kind) {
    case "source":
      return [
        ...(op.identifier.startsWith("oci-layout://") ? [{ capability: "source.ocilayout", what: "base images that Decant sends" }] : []),
        ...("http.checksum" in op.attrs ? [{ capability: "source.http.checksum", what: "checksums of files from the network" }] : []),
        ...Object.keys(op.attrs).flatMap((key) => GIT[key] ?? []),
      ];
    case "exec":
      return [
        ...(op.secretEnv.length > 0 ? [{ capability: "exec.secretenv", what: "secrets as variables" }] : []),
        ...(op.devices.length > 0 ? [{ capability: "exec.meta.cdi", what: "devices (RUN --device)" }] : []),
        ...(op.meta.ulimits.length > 0 ? [{ capability: "exec.meta.ulimit", what: "--ulimit" }] : []),
        ...(op.security === "insecure" ? [{ capability: "exec.meta.security", what: "RUN --security=insecure" }] : []),
        ...op.mounts.flatMap((mount) =>
          mount.type === "tmpfs" && mount.sizeBytes !== undefined
            ? [{ capability: "exec.mount.tmpfs.size", what: "sizes of tmpfs mounts" }]
            : [],
        ),
      ];
    case "file":
      return op.actions.flatMap(actionNeeds);
    case "diff":
      return [{ capability: "diffop", what: "differences of trees" }];
    case "merge":
      return [{ capability: "mergeop", what: "COPY --link" }];
    default:
      return op satisfies never;
  }
}

function actionNeeds(action: FileAction): Omit<Need, "vertex">[] {
  if (action.kind !== "copy") return [];
  const { mode, includePatterns = [], excludePatterns } = action;
  return [
    ...(mode !== undefined && !OCTAL.test(mode) ? [{ capability: "file.copy.modestring", what: `--chmod=${mode}` }] : []),
    ...(includePatterns.length + excludePatterns.length > 0
      ? [{ capability: "file.copy.includeexcludepatterns", what: "COPY --parents and --exclude" }]
      : []),
  ];
}

/** Throws `BUILDER` for the first step below `target`, as it would be sent, that the builder cannot do. One that does not say what it can do is believed to do all. */
export function checkCapabilities({ address, facts }: Pick<BuilderNode, "address" | "facts">, target: Vertex): void {
  const ssh = reachable(target).find(
    ({ op }) => op.kind === "source" && op.identifier.startsWith("git:") && isSshRemote(gitRefOf(op).remote),
  );
  if (ssh !== undefined)
    throw unsupported(`Git over ssh, which ${ssh.meta.name} needs, together with --builder`, {
      row: "F146",
      hint: "Use https, or build here, without --builder",
      ...given({ source: ssh.meta.source }),
    });
  if (facts.capabilities.size === 0) return;
  const missing = needsOf(target).find(({ capability }) => !facts.capabilities.has(capability));
  if (missing === undefined) return;
  const { capability, what, vertex } = missing;
  const { name, source } = vertex.meta;
  throw new DecantError("BUILDER", `Cannot build on ${address}: its BuildKit ${facts.version} cannot do ${what}, which ${name} needs`, {
    hint: "Use a newer BuildKit, or build here, without --builder",
    source: source && [source],
    details: { builder: address, capability, step: name },
  });
}
