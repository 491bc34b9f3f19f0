/** Whether folders are those that an image was built from: by digests of what its steps read of them. */
import { pathChanges } from "../../engine/index.ts";
import type { PathChange } from "../../events.ts";
import type { PreparedBuild } from "../prepare.ts";
import { readFilesOf } from "../read-files.ts";
import { replayError } from "./errors.ts";
import type { RecordedRead } from "./record.ts";

const MAX_TOLD = 5;

/** Hashes what the build will read, before any step runs. Throws `REPLAY` for the first step that would read other files, and as steps do. */
export async function checkReads(image: string, prepared: PreparedBuild, recorded: readonly RecordedRead[]): Promise<void> {
  for (const [at, { context, digest, lines, step }] of (await readFilesOf(prepared)).entries()) {
    const known = recorded[at];
    const { name, source } = step.meta;
    if (known === undefined || known.context !== context)
      throw replayError(image, `its provenance has no digest of the files that ${name} reads of the folder "${context}"`, {
        hint: "Build it with this version of Decant, and with --provenance",
        source,
      });
    if (known.digest === digest) continue;
    const changes = known.files === undefined || lines === undefined ? [] : pathChanges(Buffer.from(known.files), Buffer.from(lines));
    const what = context === "context" ? "the folder of its context" : `the folder of its context "${context}"`;
    throw replayError(image, `${what} has other files than it was built from, in ${name}${told(changes)}`, {
      hint: `Check out the sources that it was built from, and give their folder: --context ${context === "context" ? "" : `${context}=`}PATH`,
      source,
    });
  }
}

function told(changes: readonly PathChange[]): string {
  if (changes.length === 0) return "";
  const shown = changes.slice(0, MAX_TOLD).map(({ path, change }) => `${path} (${change})`);
  const more = changes.length - shown.length;
  return `: ${shown.join(", ")}${more > 0 ? `, and ${more} more` : ""}`;
}
