/** `sbomOf`: what an image is made of, as a document that scanners read. */
import { type Platform } from "../oci/index.ts";
import { describeTree, type SbomFormat, type SbomResult, type SbomSubject } from "../sbom/index.ts";
import { hostTree, loadTree, type Tree } from "../tree/index.ts";
import { type NamedSource, openNamedSource } from "../project/index.ts";
import { startRun } from "./run-handle.ts";
import { openSession, platformOf, type StoreOptions } from "../context/index.ts";
import { given } from "../given.ts";
import type { Run } from "./types.ts";
import { workingDirectory } from "../working-directory.ts";
import { flag, maybe, oneOf, STORE, text } from "./options/kinds.ts";
import { type Shape, shapeOf } from "./options/shape.ts";

/** Options of `sbomOf`. */
export interface SbomOptions extends StoreOptions {
  /**
   * An image of the store or of a registry (it is pulled into the store when it is not there), "oci:PATH[:TAG|@DIGEST]", or a root file system:
   * "dir:PATH", or a path that starts with "." or "/".
   */
  readonly image: string;
  /** Default "spdx". */
  readonly format?: SbomFormat | undefined;
  /** List the files of each package with their sums. Default true. */
  readonly files?: boolean | undefined;
  /** E.g. "linux/arm64". Default: the host's. */
  readonly platform?: string | undefined;
  /** Folder that relative paths start from. Default: the working directory. */
  readonly cwd?: string | undefined;
}

const OPTIONS: Shape = shapeOf<SbomOptions>("sbomOf", {
  ...STORE,
  image: text,
  format: maybe(oneOf("spdx", "cyclonedx")),
  files: maybe(flag),
  platform: maybe(text),
  cwd: maybe(text),
});

/**
 * Reads the records in an image and writes them as one document. The document's time is SOURCE_DATE_EPOCH, else the image's. Rejects with
 * `IMAGE_NOT_FOUND`, `REGISTRY*`, `USAGE` …, or with the signal's reason.
 */
export function sbomOf(options: SbomOptions): Run<SbomResult> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    await using session = await openSession(options, "look");
    const platform = platformOf(session, options.platform);
    const cwd = options.cwd ?? workingDirectory();
    const source = await openNamedSource(options.image, { session, platform, cwd, command: "sbom", emit, signal });
    const subject = subjectOf(options.image, source, platform, session.env["SOURCE_DATE_EPOCH"]);
    const tree = await treeOf(source, signal);
    return await describeTree(tree, subject, { format: options.format ?? "spdx", files: options.files ?? true, signal });
  });
}

async function treeOf(source: NamedSource, signal: AbortSignal): Promise<Tree> {
  if (source.kind === "directory") return hostTree(source.path);
  return await loadTree(source.image.layers, signal);
}

function subjectOf(name: string, source: NamedSource, platform: Platform, epoch: string | undefined): SbomSubject {
  const fixed = epoch !== undefined && /^\d{1,12}$/.test(epoch) ? new Date(Number(epoch) * 1000).toISOString() : undefined;
  if (source.kind === "directory") return { name, kind: "directory", platform, ...given({ created: fixed }) };
  const { config, descriptor } = source.image;
  const { os, architecture, variant } = config;
  const created = fixed ?? config.created;
  return {
    name,
    kind: "image",
    platform: { os, architecture, ...given({ variant }) },
    digest: descriptor.digest,
    ...given({ reference: source.reference, created }),
  };
}
