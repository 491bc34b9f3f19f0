/** Where an image for Docker goes that has no destination: into a daemon that answers, else into the store. */
import { findDaemon } from "../../daemon/index.ts";
import { usageError } from "../../errors.ts";
import type { DockerOutput, ExportContext, LoadPlace } from "../types.ts";

/** Looks for it. The caller disposes the daemon. Throws `EXPORT` for one that is demanded and does not answer, `USAGE`, `CONFIG_FILE`. */
export async function findLoadPlace(
  { into, context, names }: DockerOutput,
  { env = process.env, signal }: Pick<ExportContext, "env" | "signal">,
): Promise<LoadPlace> {
  const found = await findDaemon({ into, context, env, signal });
  if (found.daemon === undefined) return { title: `exporting to image in Decant's store: ${found.why}` };
  const { daemon } = found;
  if (daemon.kind === "containerd" && names.length === 0)
    throw usageError("Cannot load an image without a name into containerd: it would not keep it", "Name it with --tag");
  return { daemon, title: `loading into ${daemon.kind} (${daemon.address})` };
}
