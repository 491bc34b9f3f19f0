/** What was solved, as an image with what is said of it. */
import type { BuiltImage } from "../image/index.ts";
import { withAttestations } from "./attestations.ts";
import { builtImage } from "./built-image.ts";
import { withLoaderCache } from "./loader-cache.ts";
import type { SolvedBuild } from "./solve-graph.ts";

/** The image of a target and platform. Throws `SECRET_IN_IMAGE`. */
export async function finishImage(build: SolvedBuild): Promise<BuiltImage> {
  const { opened, session, conversion, solution, started, epochSec, inIndex, platform } = build;
  const built = builtImage(conversion, solution, { nowMs: started.startedAt, epochSec, inIndex, requested: platform });
  const { emit, signal } = opened;
  const image = withAttestations(await withLoaderCache(built, { store: session.store, emit, signal }), build);
  return opened.guard === undefined ? image : (await import("./guarded-image.ts")).guardedImage(image, opened.guard, opened.options);
}
