/** `replayImage`: an image is built once more from its provenance, and compared. What does it is loaded on use. */
import { randomUUID } from "node:crypto";
import type { ReplayOptions, ReplayResult } from "../build/index.ts";
import { imageContext, openSession, platformOf, type Session } from "../context/index.ts";
import { copyImage, findImage, loadFound, type OpenedImage, provenanceOf, removeImages } from "../image/index.ts";
import { imageSourceOf } from "../project/index.ts";
import { step } from "../step.ts";
import type { Emit } from "../events.ts";
import type { Platform } from "../oci/index.ts";
import { workingDirectory } from "../working-directory.ts";
import { guardedStdout } from "./callbacks.ts";
import { REPLAY } from "./options/build.ts";
import { startRun } from "./run-handle.ts";
import type { Run } from "./types.ts";

/**
 * Builds `options.image` once more as its provenance says, and compares: the digest of the manifest, else the first byte that differs. All sources
 * must be what they were. Rejects with `REPLAY` where something is missing or another one now, and as `build` does.
 */
export function replayImage(options: ReplayOptions): Run<ReplayResult> {
  return startRun(REPLAY, options, async (emit, signal) => {
    await using session = await openSession(options);
    const cwd = options.cwd ?? workingDirectory();
    const platform = platformOf(session, options.platform);
    await using stack = new AsyncDisposableStack();
    const image = await openSubject(session, options.image, { cwd, platform, emit, signal, stack });
    const { readProvenance, replayBase, replayBuild, replayError } = await import("../build/replay/index.ts");
    const found = await provenanceOf(session.store, image);
    if (found === undefined)
      throw replayError(options.image, image.attestations.length > 0 ? "the store does not have its provenance" : "it has no provenance", {
        hint:
          image.attestations.length > 0
            ? `Take it from its registry, with all that is said of it: decant replay docker://${options.image}`
            : "Build it with --provenance, or --provenance=mode=max",
      });
    const recorded = readProvenance(options.image, found.version, found.predicate);
    const subject = { image, platform, recorded };
    const asked = { ...options, stdout: guardedStdout(options.stdout) };
    if (recorded.record?.kind === "base") return await replayBase(session, subject, recorded.record, asked, { emit, signal });
    return await replayBuild(session, subject, asked, { emit, signal });
  });
}

interface Opening {
  readonly cwd: string;
  readonly platform: Platform;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** Takes away what was brought into the store. */
  readonly stack: AsyncDisposableStack;
}

/** An image of the store; one of elsewhere is brought there for as long as it is needed, with what is said of it. */
async function openSubject(session: Session, name: string, { cwd, platform, emit, signal, stack }: Opening): Promise<OpenedImage> {
  const source = await imageSourceOf(session, name, cwd);
  if (source.kind === "store") return await loadFound(session.store, name, await findImage(session.store, source.name), platform);
  const own = `replay.invalid/${randomUUID()}:subject`;
  const context = { ...imageContext(session, emit, "fetch", signal), cwd };
  await step(emit, { vertex: "fetch", name: `fetching ${name}` }, signal, () =>
    copyImage(context, source, { kind: "store", name: own }, { platform: undefined, host: session.platform }),
  );
  stack.defer(async () => void (await removeImages(session.store, [own], { force: true })));
  return await loadFound(session.store, name, await findImage(session.store, own), platform);
}
