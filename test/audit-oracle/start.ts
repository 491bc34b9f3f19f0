/** Really starts a program: in crun (runc where this host's crun cannot start anything), as nonroot, without a network, on a read-only root. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { environment, USER } from "./image.ts";
import type { Outcome, Program } from "./types.ts";

const MAX_MS = 60_000;
const MAX_OUTPUT = 4000;
const RUNTIMES = [["crun", "--cgroup-manager=disabled"], ["runc"]] as const;
let runtime: Promise<readonly string[]> | undefined;
let count = 0;

/** The first runtime that starts a program which is known to run. */
async function findRuntime(folder: string, root: string, program: Program): Promise<readonly string[]> {
  for (const words of RUNTIMES) if ((await startIn(words, { folder, root, program })).runs) return words;
  return ["runc"];
}

/** Starts it on the root file system at `root`; `folder` is scratch space. With `trace`, also tells which paths it asked for and got. */
export async function start(
  folder: string,
  root: string,
  program: Program,
  options: { readonly trace?: boolean } = {},
): Promise<Outcome & { readonly opened: readonly string[] }> {
  return await startIn(await (runtime ??= findRuntime(folder, root, program)), { folder, root, program, ...options });
}

interface Starting {
  readonly folder: string;
  readonly root: string;
  readonly program: Program;
  readonly trace?: boolean;
}

async function startIn(
  runtimeWords: readonly string[],
  { folder, root, program, trace = false }: Starting,
): Promise<Outcome & { readonly opened: readonly string[] }> {
  count += 1;
  const id = `decant-oracle-${process.pid}-${count}`;
  const bundle = join(folder, id);
  mkdirSync(bundle, { recursive: true });
  writeFileSync(join(bundle, "config.json"), JSON.stringify(configuration(root, program, id)));
  const log = join(bundle, "trace");
  const [name = "", ...settings] = runtimeWords;
  const run = [name, "--root", join(folder, "state"), ...settings, "run", "--bundle", bundle, id];
  const words = trace
    ? ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=open,openat,execve,readlink,stat,newfstatat,statx", "-o", log, ...run]
    : run;
  const [command = "", ...args] = words;
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], timeout: MAX_MS, killSignal: "SIGTERM" });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (part: string) => (output = (output + part).slice(-MAX_OUTPUT)));
  const [code] = (await once(child, "close")) as [number | null];
  const opened = trace && existsSync(log) ? openedPaths(readFileSync(log, "latin1"), program.args[0] ?? "") : [];
  return { runs: code === 0, output: output.trim(), opened };
}

/** Paths that a traced program got, absolute, in order. */
function openedPaths(log: string, program: string): readonly string[] {
  const lines = log.split("\n");
  const first = lines.findIndex((line) => line.includes(`execve("${program}"`));
  const paths = lines.slice(Math.max(first, 0)).flatMap((line) => {
    const [, path = "", result = ""] = /\((?:AT_FDCWD, )?"(\/[^"]*)".*\) = (-?\d+)/.exec(line) ?? [];
    return path !== "" && result !== "-1" ? [path] : [];
  });
  return [...new Set(paths)];
}

function configuration(root: string, program: Program, id: string): unknown {
  return {
    ociVersion: "1.0.2",
    process: {
      terminal: false,
      user: { uid: USER, gid: USER },
      args: program.args,
      env: environment(program),
      cwd: "/app",
      noNewPrivileges: true,
    },
    root: { path: root, readonly: true },
    hostname: "oracle",
    mounts: [
      { destination: "/proc", type: "proc", source: "proc" },
      { destination: "/tmp", type: "tmpfs", source: "tmpfs", options: ["nosuid", "nodev", "mode=1777"] },
      { destination: "/dev", type: "tmpfs", source: "tmpfs", options: ["nosuid", "strictatime", "mode=755", "size=65536k"] },
    ],
    linux: { cgroupsPath: `/decant-oracle/${id}`, namespaces: ["pid", "ipc", "uts", "mount", "network"].map((type) => ({ type })) },
  };
}
