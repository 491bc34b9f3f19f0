/** Where the tools come from that `decant run --debug-with` puts over an image. */
import type { DebugTools } from "../containers/index.ts";
import type { Session } from "../context/index.ts";
import { assembleBase, busyboxTools } from "../distroless/index.ts";
import { loadImage } from "../image/index.ts";
import { loadLayers } from "../tree/index.ts";
import { workingDirectory } from "../working-directory.ts";
import { archiveAccess } from "./open-base.ts";
import { findProjectFile } from "./project-file.ts";

/** Debian's busybox, whatever images the store has. */
const BUSYBOX = "busybox";

/** "busybox", or an image of the store. Throws `IMAGE_NOT_FOUND`, `CONFIG_FILE`, `DEBIAN_…`, and the signal's reason. */
export async function openDebugTools(
  session: Session,
  name: string,
  {
    cwd = workingDirectory(),
    signal = new AbortController().signal,
  }: { readonly cwd?: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<DebugTools> {
  const { store, platform } = session;
  if (name !== BUSYBOX) {
    const { config, layers } = await loadImage(store, name, platform);
    return { name, config: config.config ?? {}, layers: await loadLayers(layers, signal) };
  }
  const project = await findProjectFile({ file: undefined, context: undefined, cwd });
  const access = archiveAccess(project?.debian ?? {}, session, { emit: () => undefined, signal });
  const { config, layers } = await assembleBase(store, busyboxTools(), { ...access, platform });
  return { name, config: config.config ?? {}, layers };
}
