/** containerd by its own client `ctr`: images of one namespace, and the blobs that it has. */
import { isDigest } from "../digest.ts";
import { cleanText } from "../net/index.ts";
import { findTool, type ProcessOptions, runProcess } from "../sys/index.ts";
import type { Environment } from "./docker-endpoint.ts";
import { daemonError } from "./errors.ts";
import type { Daemon } from "./types.ts";

const USUAL_NAMESPACE = "default";
const VERSION_MS = 3000;

/** Asks containerd at the socket `path`; undefined when there is no `ctr`, or nobody answers. CONTAINERD_NAMESPACE names the namespace. */
export async function openContainerd(path: string, env: Environment, signal: AbortSignal): Promise<Daemon | undefined> {
  const ctr = findTool("ctr", env);
  if (ctr === undefined) return undefined;
  const namespace = env["CONTAINERD_NAMESPACE"] || USUAL_NAMESPACE;
  const where = `containerd (unix://${path}, namespace ${namespace})`;
  const run = async (args: readonly string[], more: Pick<ProcessOptions, "input" | "signal">): Promise<string> => {
    const { exitCode, stdout, stderr } = await runProcess({
      argv: [ctr, "--address", path, "--namespace", namespace, ...args],
      env,
      ...more,
    });
    if (exitCode !== 0) throw daemonError(where, cleanText(stderr.toString("utf8")) || `ctr ended with ${exitCode}`);
    return stdout.toString("utf8");
  };
  try {
    await run(["version"], { signal: AbortSignal.any([signal, AbortSignal.timeout(VERSION_MS)]) });
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
  return {
    kind: "containerd",
    address: `unix://${path}`,
    holdsAttestations: () => Promise.resolve(true),
    async find({ ids, names }, stop) {
      const images = (await run(["images", "ls"], { signal: stop })).split("\n").map((line) => line.split(/\s+/));
      const found = images.filter(([, , digest = ""]) => ids.some((id) => id === digest)).map(([name = ""]) => name);
      const [id] = ids;
      // It has no command that names an image without a name.
      return id === undefined || found.length === 0 || names.length === 0 ? undefined : { id: found[0] ?? id, names: found };
    },
    async tag(id, name, stop) {
      await run(["images", "tag", "--force", id, name], { signal: stop });
    },
    async layersThere({ layers }, _layersOf, stop) {
      const there = new Set((await run(["content", "ls", "--quiet"], { signal: stop })).split("\n").filter(isDigest));
      return new Set(layers.map(({ digest }) => digest).filter((digest) => there.has(digest)));
    },
    async load({ open, isIndex }, stop) {
      // What belongs to no platform would go with the next garbage collection.
      await run(["images", "import", ...(isIndex ? ["--all-platforms"] : []), "-"], { input: open(), signal: stop });
    },
    [Symbol.dispose]: () => undefined,
  };
}
