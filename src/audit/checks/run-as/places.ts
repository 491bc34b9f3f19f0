/** Whether the user can be in the working directory and write to what the image declares as its places. */
import { findProgram } from "../../../facts/index.ts";
import { displayPath, treePath } from "../../../paths.ts";
import { blockedAt, type Identity, mayExecute, mayWrite } from "../../access.ts";
import type { AuditCheck, AuditContext, AuditSubject, Finding } from "../../types.ts";
import { RUN_AS } from "./findings.ts";
import { subjectUser } from "../../subject-user.ts";

/** What OpenShift does: any number, in group 0. The home of root is of no use to it, and nobody expects that. */
const RANDOM: Identity = { uid: 1_000_770_001, gids: [0] };
const FIRST_FREE_PORT = 1024;

/** The check. */
export const placesCheck: AuditCheck = {
  group: "run-as",
  async run(subject, context) {
    const user = await subjectUser(subject);
    // An unknown user has a check of its own; nothing is known of its rights.
    if ("problem" in user) return [];
    const who: Identity = { uid: user.uid, gids: user.additionalGids };
    const findings: Finding[] = [
      ...workdir(subject, context, who),
      ...Object.keys(subject.config.Volumes ?? {}).flatMap((volume) => writable(subject, context, who, volume)),
      ...temporary(subject, context, who),
    ];
    if (who.uid !== 0) findings.push(...Object.keys(subject.config.ExposedPorts ?? {}).flatMap(port));
    const obstacles = randomObstacles(subject, context, who.uid === 0 ? undefined : user.home);
    if (obstacles.length > 0) {
      findings.push(
        RUN_AS.found("random-uid", {
          message: `A user id that the platform chooses (OpenShift, group 0) cannot use the image: ${obstacles.join("; ")}`,
          remedy: "Give these places to group 0 with the rights of their owner: COPY --chown=65532:0 --chmod=g=u, or another WORKDIR",
          details: { obstacles },
        }),
      );
    }
    return findings;
  },
};

function workdir({ config, tree }: AuditSubject, { files }: AuditContext, who: Identity): Finding[] {
  const told = config.WorkingDir === undefined || config.WorkingDir === "" ? "/" : config.WorkingDir;
  const path = treePath(told);
  const blocked = blockedAt(tree, path, who);
  const unreachable = (why: string, at: string): Finding[] => [
    RUN_AS.found("workdir-unreachable", {
      path: at,
      message: `User ${who.uid} cannot start in the working directory "${told}": ${why}`,
      remedy: `Give it to the user (RUN chown, COPY --chown=${who.uid}), or set another WORKDIR`,
      details: { workdir: told, uid: who.uid },
    }),
  ];
  if (blocked !== undefined) return unreachable(`it may not enter "${displayPath(blocked.path)}"`, displayPath(blocked.path));
  const entry = files.resolve(path);
  if (entry === undefined && told !== "/") {
    const owner = who.uid === 0 ? "" : ", owned by root";
    return [
      RUN_AS.found("workdir-missing", {
        path: told,
        message: `The working directory "${told}" is not in the image; the runtime makes it${owner}, which a read-only root forbids`,
        remedy: `Copy something into it, or make it in a build stage`,
      }),
    ];
  }
  if (entry !== undefined && entry.kind !== "dir") return unreachable("it is no directory", displayPath(entry.path));
  if (entry !== undefined && !mayExecute(entry, who)) return unreachable("it may not enter the directory", displayPath(entry.path));
  return [];
}

function writable({ tree }: AuditSubject, { files }: AuditContext, who: Identity, volume: string): Finding[] {
  if (who.uid === 0) return [];
  const path = treePath(volume);
  const entry = files.resolve(path);
  const blocked = blockedAt(tree, path, who);
  if (entry?.kind === "dir" && blocked === undefined && mayWrite(entry, who)) return [];
  const why =
    entry === undefined
      ? "it is not in the image, and a runtime makes it for root"
      : blocked === undefined
        ? entry.kind === "dir"
          ? `it belongs to ${entry.uid}:${entry.gid} with mode ${entry.mode.toString(8)}`
          : "it is no directory"
        : `it may not enter "${displayPath(blocked.path)}"`;
  return [
    RUN_AS.found("volume-not-writable", {
      path: displayPath(path),
      message: `User ${who.uid} cannot write to volume "${volume}": ${why}`,
      remedy: `Make it in the image for its user: COPY --chown=${who.uid} an empty directory to ${volume}`,
    }),
  ];
}

function temporary(_subject: AuditSubject, { files }: AuditContext, who: Identity): Finding[] {
  const entry = files.resolve(treePath("/tmp"));
  if (entry?.kind === "dir" && mayWrite(entry, who)) return [];
  return [
    RUN_AS.found("tmp-not-usable", {
      path: "/tmp",
      message: entry === undefined ? "The image has no /tmp" : `User ${who.uid} cannot write to /tmp`,
      remedy: "Make /tmp with mode 1777, or mount one (--tmpfs /tmp), if the program needs temporary files",
    }),
  ];
}

function port(told: string): Finding[] {
  const number = Number(told.split("/")[0]);
  if (!Number.isInteger(number) || number < 1 || number >= FIRST_FREE_PORT) return [];
  return [
    RUN_AS.found("port-privileged", {
      message: `Port ${told} is below ${FIRST_FREE_PORT}; Docker 20.10 and newer lets any user listen on it, other runtimes may not`,
      remedy: "Listen on a port above 1023, or set net.ipv4.ip_unprivileged_port_start",
      details: { port: told },
    }),
  ];
}

function randomObstacles({ config, tree }: AuditSubject, { files }: AuditContext, home: string | undefined): string[] {
  const obstacles: string[] = [];
  const told = config.WorkingDir ?? "/";
  const directory = files.resolve(treePath(told));
  if (directory?.kind === "dir" && (blockedAt(tree, directory.path, RANDOM) !== undefined || !mayExecute(directory, RANDOM)))
    obstacles.push(`it cannot enter the working directory "${told}"`);
  const [command] = [...(config.Entrypoint ?? []), ...(config.Cmd ?? [])];
  const program = command === undefined ? undefined : findProgram(command, config, files);
  if (program !== undefined && (blockedAt(tree, program.path, RANDOM) !== undefined || !mayExecute(program, RANDOM)))
    obstacles.push(`it cannot start "${displayPath(program.path)}"`);
  for (const volume of Object.keys(config.Volumes ?? {})) {
    const entry = files.resolve(treePath(volume));
    if (entry === undefined || !mayWrite(entry, RANDOM)) obstacles.push(`it cannot write to volume "${volume}"`);
  }
  const homeEntry = home === undefined || home === "/" || home === told ? undefined : files.resolve(treePath(home));
  if (homeEntry?.kind === "dir" && !mayExecute(homeEntry, RANDOM)) obstacles.push(`it cannot enter the home "${home ?? ""}"`);
  return obstacles;
}
