/** `verifyBase`: a base is made once more from its lock, in a store of its own, and compared with what is there. */
import { join } from "node:path";
import { type AssembledBase, rebuildBase } from "../../distroless/index.ts";
import { InternalError, usageError } from "../../errors.ts";
import { formatPlatform } from "../../oci/index.ts";
import { openStore } from "../../store/index.ts";
import { step } from "../../step.ts";
import { loadLayers } from "../../tree/index.ts";
import { openNamedSource } from "../../project/index.ts";
import { startRun } from "../run-handle.ts";
import { openSession, platformOf } from "../../context/index.ts";
import { given } from "../../given.ts";
import type { Run } from "../types.ts";
import { assembleOpened, assembleOptions, type AssembleRun } from "../../project/index.ts";
import { type ComparedImage, firstDifference } from "./first-difference.ts";
import { openBase } from "../../project/index.ts";
import type { BaseOptions, VerifyBaseResult } from "./types.ts";
import { makeTemporaryFolder } from "../../sys/index.ts";
import { workingDirectory } from "../../working-directory.ts";
import { count, maybe, text } from "../options/kinds.ts";
import { type Shape, shapeOf } from "../options/shape.ts";
import { BASE } from "../options/bases.ts";

/** Options of `verifyBase`. */
export interface VerifyBaseOptions extends BaseOptions {
  /** An image to compare with: of the store, of a registry or "oci:PATH". Default: what this store assembles, or has assembled, from the lock. */
  readonly image?: string | undefined;
  readonly platform?: string | undefined;
  readonly jobs?: number | undefined;
}

const OPTIONS: Shape = shapeOf<VerifyBaseOptions>("verifyBase", {
  ...BASE,
  image: maybe(text),
  platform: maybe(text),
  jobs: maybe(count),
});

/** There must be a lock. Throws `RECIPE_LOCK`, `RECIPE_DRIFT`, the `DEBIAN_…` codes, and what opening the image throws. */
export function verifyBase(options: VerifyBaseOptions): Run<VerifyBaseResult> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    await using session = await openSession(options);
    const { cwd = workingDirectory(), image } = options;
    const place = { cwd, locked: true, ...given({ lockFile: options.lockFile }) };
    const opened = await openBase(options.base, place);
    const { lock, recipe, variant } = opened;
    if (lock === undefined) throw new InternalError("a lock was wanted, and none was opened");
    const platform = platformOf(session, options.platform);
    const vertex = `verify ${recipe.name}`;
    const run: AssembleRun = { platform, emit, signal, vertex };
    const difference = await step(emit, { vertex, name: `assembling ${recipe.name} once more` }, signal, async () => {
      const found = image === undefined ? compared(await assembleOpened(session, opened, options, run)) : await openImage(image, run);
      await using folder = makeTemporaryFolder("verify");
      await using fresh = await openStore({ root: join(folder.path, "store") });
      const wanted = await rebuildBase(session.store, fresh, recipe, { ...assembleOptions(session, opened, options, run), lock });
      return firstDifference(found, compared(wanted));
    });
    return {
      recipe: variant === undefined ? recipe.name : `${recipe.name}:${variant}`,
      platform: formatPlatform(platform),
      comparedWith: image ?? "store",
      same: difference === undefined,
      ...given({ firstDifference: difference }),
    };

    async function openImage(name: string, context: AssembleRun): Promise<ComparedImage> {
      const source = await openNamedSource(name, { ...context, session, cwd, command: "base verify" });
      if (source.kind === "directory") throw usageError(`Cannot compare with "${name}": it is a folder; wanted an image`);
      const { config, layers } = source.image;
      return { config, layers: await loadLayers(layers, context.signal) };
    }
  });
}

function compared({ config, layers }: AssembledBase): ComparedImage {
  return { config, layers };
}
