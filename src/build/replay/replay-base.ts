/** A distroless base is assembled once more from the lock in its provenance, in a store of its own, and compared. */
import { join, resolve } from "node:path";
import { rebuildBase } from "../../distroless/index.ts";
import { InternalError, unsupported } from "../../errors.ts";
import { given } from "../../given.ts";
import { loadImage, writeOutputFile } from "../../image/index.ts";
import type { Session } from "../../context/index.ts";
import { formatPlatform } from "../../oci/index.ts";
import { assembleOptions, baseImage, openBase } from "../../project/index.ts";
import { step } from "../../step.ts";
import { openStore } from "../../store/index.ts";
import { makeTemporaryFolder } from "../../sys/index.ts";
import { workingDirectory } from "../../working-directory.ts";
import type { BuildRun } from "../open-build.ts";
import { writeOutput } from "../outputs.ts";
import { compareImages } from "./compare-images.ts";
import type { BaseRecord } from "./record.ts";
import { type ReplaySubject, storeOutput } from "./replay-build.ts";
import type { ReplayOptions, ReplayResult } from "./types.ts";

/** A recipe that is a file is looked for in the context, else in the working directory. Throws `RECIPE*`, the `DEBIAN_…` codes, `UNSUPPORTED`. */
export async function replayBase(
  session: Session,
  { image, platform }: ReplaySubject,
  record: BaseRecord,
  options: ReplayOptions,
  { emit, signal }: BuildRun,
): Promise<ReplayResult> {
  if ((options.tags ?? []).length > 0 || (options.outputs ?? []).length > 0)
    throw unsupported("Keeping the replay of a base", { hint: `Run: decant base build ${record.base}` });
  const { cwd: here = workingDirectory() } = options;
  const cwd = options.context === undefined ? here : resolve(here, options.context);
  await using scratch = makeTemporaryFolder("replay");
  const lockFile = join(scratch.path, "base.lock.json");
  await writeOutputFile(lockFile, record.lock, signal);
  const opened = await openBase(record.base, { cwd, lockFile, locked: true });
  const { lock, recipe } = opened;
  if (lock === undefined) throw new InternalError("a lock was wanted, and none was opened");
  const vertex = `replay ${recipe.name}`;
  const run = { platform, emit, signal, vertex };
  await using fresh = await openStore({ root: join(scratch.path, "store") });
  const base = await step(emit, { vertex, name: `assembling ${record.base} once more` }, signal, () =>
    rebuildBase(session.store, fresh, recipe, { ...assembleOptions(session, opened, {}, run), lock }),
  );
  const output = storeOutput(record.form ?? {}, image, []);
  const own = { ...session, store: fresh };
  const { descriptor } = await writeOutput(() => Promise.resolve([baseImage(base, platform)]), output, {
    index: 0,
    session: own,
    stdout: undefined,
    cwd,
    emit,
    signal,
  });
  if (descriptor === undefined) throw new InternalError("the replay was not stored");
  const replayed = await loadImage(fresh, descriptor.digest, platform);
  const difference = await step(emit, { vertex: "compare", name: `comparing with ${options.image}` }, signal, () =>
    compareImages(image, replayed, signal),
  );
  return {
    image: options.image,
    platform: formatPlatform(platform),
    digest: image.descriptor.digest,
    replayed: replayed.descriptor.digest,
    same: difference === undefined,
    ...given({ difference }),
    outputs: [],
  };
}
