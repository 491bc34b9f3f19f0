/** `copyImage`: an image from one place to another. */
import { imageContext, openSession, platformOf, type StoreOptions } from "../context/index.ts";
import { type DecantError, unsupported } from "../errors.ts";
import { copyImage as copy, type CopiedImage, type CopyDestination } from "../image/index.ts";
import { imagePlaceOf, imageSourceOf } from "../project/index.ts";
import { step } from "../step.ts";
import { workingDirectory } from "../working-directory.ts";
import { maybe, STORE, text } from "./options/kinds.ts";
import { type Shape, shapeOf } from "./options/shape.ts";
import { startRun } from "./run-handle.ts";
import type { Run } from "./types.ts";

/** Options of `copyImage`. */
export interface CopyImageOptions extends StoreOptions {
  /** A name: of the store, else of a registry. "docker://NAME": of a registry. "store:NAME", "oci:PATH[:TAG]", "docker-archive:FILE[:NAME]". */
  readonly source: string;
  /** A name, or "docker://NAME": at a registry. "store:NAME", "oci:PATH[:TAG]" (a folder, or a file that ends with .tar), "docker-archive:FILE[:NAME]". */
  readonly destination: string;
  /** Only this platform. Default: all. */
  readonly platform?: string | undefined;
  /** Where relative paths start. Default: the working directory. */
  readonly cwd?: string | undefined;
}

const OPTIONS: Shape = shapeOf<CopyImageOptions>("copyImage", {
  ...STORE,
  source: text,
  destination: text,
  platform: maybe(text),
  cwd: maybe(text),
});

/** Copies an image with all platforms and attestations; its digest stays. Rejects with `USAGE`, `IMAGE_NOT_FOUND`, `REGISTRY*`, `EXPORT`. */
export function copyImage(options: CopyImageOptions): Run<CopiedImage> {
  return startRun(OPTIONS, options, async (emit, signal) => {
    const cwd = options.cwd ?? workingDirectory();
    const destination = destinationOf(options.destination, cwd);
    await using session = await openSession(options);
    if (options.source.startsWith("dir:")) throw noFolder();
    const source = await imageSourceOf(session, options.source, cwd);
    const platform = options.platform === undefined ? undefined : platformOf(session, options.platform);
    const context = { ...imageContext(session, emit, "copy", signal), cwd };
    return await step(emit, { vertex: "copy", name: `copying ${options.source} to ${options.destination}` }, signal, () =>
      copy(context, source, destination, { platform, host: session.platform }),
    );
  });
}

function destinationOf(text: string, cwd: string): CopyDestination {
  if (text.startsWith("dir:")) throw noFolder();
  const place = imagePlaceOf(text, cwd);
  switch (place.kind) {
    case "name":
    case "registry":
      return { kind: "registry", name: place.name };
    case "oci":
      return { ...place, kind: place.path.endsWith(".tar") ? "oci-archive" : "oci-folder" };
    case "store":
    case "oci-archive":
    case "docker-archive":
      return place;
  }
}

function noFolder(): DecantError {
  return unsupported('Copying from or to "dir:"', { hint: "Use oci:FOLDER" });
}
