/** Digests of what the steps of a build read of folders, worked out without running them: for a replay, and for builds whose steps ran elsewhere. */
import { hashReadFiles, localSources } from "../engine/index.ts";
import { localContexts } from "./lent-files.ts";
import type { PreparedBuild } from "./prepare.ts";
import type { SolvedBuild } from "./solve-graph.ts";

/** In the order of the steps. Rejects as steps do that find no files. */
export async function readFilesOf({ opened, session, conversion }: PreparedBuild): Promise<SolvedBuild["solution"]["read"]> {
  if (conversion.target === undefined) return [];
  await using local = localSources(session.store, localContexts(opened), { modes: opened.options.contextModes });
  return await hashReadFiles(conversion.target, local, opened.signal);
}
