/** How large a built image is: told beside what the last build of its name had, and refused above a budget. */
import { framedDigest } from "../digest.ts";
import { given } from "../given.ts";
import { type BuiltImage, sizeAtHand, unpackedSize } from "../image/index.ts";
import { formatPlatform } from "../oci/index.ts";
import { titleOf } from "./open-build.ts";
import type { SolvedBuild } from "./solve-graph.ts";
import { shownImage, shownTarget } from "./targets.ts";

/** Bytes of the last build of a name, target and platform. */
const SPACE = "build.bytes";

/** A size that was told. */
interface ToldSize {
  /** From now on, the next build is compared with it. */
  keep(): void;
}

/** Tells the size of an image, unless a layer would have to be fetched for it. Throws `BUDGET`: then layers are fetched where they are missing. */
export async function tellSize(build: SolvedBuild, image: BuiltImage, severalPlatforms: boolean): Promise<ToldSize> {
  const { opened, session, platform } = build;
  const { options, emit, signal } = opened;
  const { store } = session;
  const { budgetBytes } = options;
  const sizeBytes = await (budgetBytes === undefined ? sizeAtHand : unpackedSize)(store, image.layers, signal);
  if (sizeBytes === undefined) return { keep: () => undefined };
  const name = titleOf(opened);
  const id = framedDigest([name, build.target.name ?? "", formatPlatform(platform)]);
  const kept = store.records.get(SPACE, id);
  const previousBytes = typeof kept === "number" ? kept : undefined;
  const place = { target: shownTarget(build.target), platform: severalPlatforms ? formatPlatform(platform) : undefined };
  emit({ type: "size", name, sizeBytes, ...given({ ...place, previousBytes }) });
  if (budgetBytes !== undefined && sizeBytes > budgetBytes) {
    const { overBudget } = await import("./over-budget.ts");
    throw await overBudget(image, { shown: shownImage(build.target, place.platform), sizeBytes, budgetBytes, signal });
  }
  return {
    keep() {
      if (kept !== sizeBytes) store.records.put(SPACE, id, sizeBytes);
    },
  };
}
