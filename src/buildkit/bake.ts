/** Runs docker buildx's own bake on a server of this process, which is gone afterwards. No docker daemon is needed, and no builder of the user is touched. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import type { StoreOptions } from "../context/index.ts";
import { usageError } from "../errors.ts";
import { findTool, makeTemporaryFolder, runProcess, startProcess } from "../sys/index.ts";
import type { AnswerWriters, OptionReaders } from "./serve/readers.ts";
import { serve } from "./serve/run-server.ts";

/** Options of `bake`. */
interface BakeOptions extends StoreOptions {
  readonly readers: OptionReaders;
  readonly writers: AnswerWriters;
  /** What `docker buildx bake` gets. */
  readonly words: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** Where docker looks for buildx, after the user's own folder. */
const PLUGIN_FOLDERS: readonly string[] = [
  "/usr/local/lib/docker/cli-plugins",
  "/usr/local/libexec/docker/cli-plugins",
  "/usr/lib/docker/cli-plugins",
  "/usr/libexec/docker/cli-plugins",
];
const NAME = "decant";
/** How long buildx may take to end after Ctrl-C. */
const GRACE_MS = 10_000;

/** Bakes, with the terminal of this process. Gives buildx's exit code. Throws `USAGE` where there is no buildx, and what `serve` throws. */
export async function bake({ words, cwd, env, signal, ...options }: BakeOptions): Promise<number> {
  const buildx = findBuildx(env);
  if (buildx === undefined) {
    throw usageError(
      "Cannot bake: docker buildx is not installed, and it is what reads bake files",
      "Install it (Debian: docker-buildx; no docker daemon is needed), or run decant build for each target",
    );
  }
  using folder = makeTemporaryFolder("bake");
  const address = `unix://${join(folder.path, "decant.sock")}`;
  const ended = new AbortController();
  const opened = Promise.withResolvers<void>();
  const serving = serve({
    ...options,
    env,
    // The user runs both sides: what steps may do is said to buildx (--allow).
    allow: ["network.host", "security.insecure", "device"],
    addresses: [address],
    onOpen: () => opened.resolve(),
    signal: ended.signal,
  });
  try {
    await Promise.race([opened.promise, serving]);
    // Builders of the user stay as they are.
    const own = { ...env, BUILDX_CONFIG: join(folder.path, "buildx"), BUILDX_BUILDER: NAME };
    const made = await runProcess({ argv: [buildx, "create", "--name", NAME, "--driver", "remote", address], env: own, cwd, signal });
    if (made.exitCode !== 0) throw usageError(`Cannot bake: "${buildx}" has failed: ${made.stderr.toString("utf8").trim()}`);
    const child = startProcess({
      argv: [buildx, "bake", ...words],
      env: own,
      cwd,
      stdio: { stdin: "inherit", stdout: "inherit", stderr: "inherit" },
      signal,
      killSignal: "SIGINT",
      graceMs: GRACE_MS,
    });
    return (await child.exit).exitCode ?? 1;
  } finally {
    ended.abort(new DOMException("The bake is over", "AbortError"));
    await serving.catch(() => undefined);
  }
}

/** docker's plugin, which also runs by itself. */
function findBuildx(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { DOCKER_CONFIG: config, HOME: home } = env;
  const own = config === undefined || config === "" ? (home === undefined ? [] : [join(home, ".docker")]) : [config];
  const folders = [...own.map((folder) => join(folder, "cli-plugins")), ...PLUGIN_FOLDERS];
  return (
    folders.map((folder) => join(folder, "docker-buildx")).find(isProgram) ?? findTool("docker-buildx", env) ?? findTool("buildx", env)
  );
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
