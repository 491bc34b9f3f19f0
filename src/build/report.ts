/** The report of a build: what its images hold while the build has them, and a page at its end, however it ends. */
import { resolve } from "node:path";
import { checkOutputFile, writeOutputFile } from "../image/index.ts";
import { buildData, imageData, makeReport, type ReportImage } from "../report/index.ts";
import type { History } from "../store/index.ts";
import type { JudgedImage } from "./audit.ts";
import { keptBuild } from "./kept-events.ts";
import type { OpenedBuild } from "./open-build.ts";
import type { BuildOptions } from "./types.ts";

/** More builds than the history keeps. */
const ALL_BUILDS = 1000;

/** Collects, and writes. */
export interface BuildReport {
  /** An image that the build made, before it is refused or exported. */
  readonly add: (judged: JudgedImage) => Promise<void>;
  /** Writes the page of a build whose history is kept. Throws `EXPORT`. */
  write(history: History, buildId: string): Promise<void>;
  /** The same where the build has failed: a page that cannot be written is a warning then. */
  writeOfFailure(history: History, buildId: string): Promise<void>;
}

/** Checks that `file` can be written; a relative one is in the build's working directory. Throws `EXPORT`. */
export async function openBuildReport(file: string, { cwd, emit, guard, signal }: OpenedBuild<BuildOptions>): Promise<BuildReport> {
  const path = resolve(cwd, file);
  await checkOutputFile(path, signal);
  const images: ReportImage[] = [];
  // Also of a build that was cancelled.
  const write: BuildReport["write"] = async (history, buildId) =>
    writeOutputFile(
      path,
      await pageOf(history, buildId, { images, mask: (text) => guard?.masked(text) ?? text }),
      new AbortController().signal,
    );
  return {
    add: async ({ subject, report }) => void images.push(await imageData({ subject, audit: report, signal })),
    write,
    async writeOfFailure(history, buildId) {
      try {
        await write(history, buildId);
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        emit({ type: "warning", code: "ReportNotWritten", message: `There is no report of this build. ${why}` });
      }
    },
  };
}

interface PageParts {
  readonly images: readonly ReportImage[];
  /** Hides the secrets of the build. Its history has none; names of files might. */
  readonly mask: (text: string) => string;
}

async function pageOf(history: History, buildId: string, { images, mask }: PageParts): Promise<string> {
  const record = history.list(ALL_BUILDS).find(({ id }) => id === buildId);
  if (record === undefined) return await makeReport({ subjects: [] });
  const build = buildData(keptBuild(history, record));
  const [image, ...otherImages] = images;
  const notes = image === undefined ? ["The build ended before it had an image."] : [];
  return await makeReport({
    subjects: [{ title: record.title, build, notes, ...(image === undefined ? {} : { image, otherImages }) }],
    mask,
  });
}
