/** Images in and out of the store: pull, push, import. */
import type { ByteStream } from "../bytes.ts";
import type { Digest } from "../digest.ts";
import { checkParsed, parseDockerfile } from "../dockerfile/index.ts";
import { DecantError, usageError } from "../errors.ts";
import { toGraph } from "../graph/index.ts";
import { type ExportResult, importRootfs, pullImage as pull, pullReferrers, pushImage as push, targetNames } from "../image/index.ts";
import { type ContainerConfig, formatReference, type Platform } from "../oci/index.ts";
import { step } from "../step.ts";
import { openNamedFile } from "../sys/index.ts";
import { summaryOf } from "./list-images.ts";
import { withSimilarImage } from "../project/index.ts";
import { guardedStdin } from "./callbacks.ts";
import { IMPORT, PULL, PUSH } from "./options/images.ts";
import { startRun } from "./run-handle.ts";
import { imageContext, openSession, platformOf } from "../context/index.ts";
import type { ImageSummary, ImportImageOptions, PullImageOptions, PushImageOptions, Run } from "./types.ts";

/** Pulls an image with all its layers and names it in the store. */
export function pullImage(options: PullImageOptions): Run<ImageSummary & { readonly name: string }> {
  return startRun(PULL, options, async (emit, signal) => {
    await using session = await openSession(options);
    const platform = platformOf(session, options.platform);
    const context = imageContext(session, emit, "pull", signal);
    const pulled = await step(emit, { vertex: "pull", name: `pulling ${options.image}` }, signal, async () => {
      const image = await pull(context, options.image, platform, { load: true, name: true }).catch(async (error: unknown) => {
        throw await withSimilarImage(error, options.image, session.store);
      });
      const top = image.reference.digest ?? image.descriptor.digest;
      await pullReferrers(context, image.reference, { image: image.descriptor, named: image.named, top });
      return image;
    });
    const { digest: _digest, ...reference } = pulled.reference;
    return { name: formatReference(reference), ...(await summaryOf(session.store, pulled, signal)) };
  });
}

/** Pushes an image of the store under its own name, or `name`. */
export function pushImage(options: PushImageOptions): Run<{ readonly name: string; readonly digest: Digest }> {
  return startRun(PUSH, options, async (emit, signal) => {
    await using session = await openSession(options);
    const { compression, level, force, encoder } = options;
    const name = options.name ?? options.image;
    const names = options.name === undefined ? [] : [options.name];
    const pushed = await step(emit, { vertex: "push", name: `pushing ${name}` }, signal, () =>
      push(imageContext(session, emit, "push", signal), options.image, names, {
        platform: options.platform === undefined ? undefined : platformOf(session, options.platform),
        host: session.platform,
        compression,
        level,
        force,
        encoder,
      }),
    );
    return { name: pushed.names[0] ?? name, digest: pushed.descriptor.digest };
  });
}

/** Makes an image of one layer from a tar. */
export function importImage(options: ImportImageOptions): Run<ExportResult> {
  return startRun(IMPORT, options, async (emit, signal) => {
    targetNames([options.name]);
    await using session = await openSession(options);
    const platform = platformOf(session, options.platform);
    const config = await configOfChanges(options.changes ?? [], platform);
    const tar = openTar(options);
    // Awaited here: the store must stay open until then.
    return await step(emit, { vertex: "import", name: `importing ${options.name}` }, signal, () =>
      importRootfs(imageContext(session, emit, "import", signal), tar, {
        name: options.name,
        config,
        platform,
        message: options.message,
      }),
    );
  });
}

function openTar(options: ImportImageOptions): ByteStream {
  if (options.file === "-") {
    const stdin = guardedStdin(options.stdin);
    if (stdin === undefined) throw usageError("Cannot import from standard input: it was not given");
    return stdin;
  }
  const opened = openNamedFile({ path: options.file }, { pipes: true });
  if ("problem" in opened) throw new DecantError("NOT_FOUND", `Cannot import "${options.file}": ${opened.problem}`);
  return opened.chunks();
}

/** `--change` instructions as a configuration. Throws `USAGE` for one that makes a layer. */
async function configOfChanges(changes: readonly string[], platform: Platform): Promise<ContainerConfig> {
  if (changes.length === 0) return {};
  const parsed = parseDockerfile(`FROM scratch\n${changes.join("\n")}\n`, { name: "--change" });
  checkParsed(parsed);
  const layered =
    parsed.stages.length > 1
      ? "FROM"
      : parsed.stages[0]?.instructions.find(({ kind }) => kind === "run" || kind === "copy" || kind === "add")?.keyword.text;
  if (layered !== undefined)
    throw usageError(`Cannot use --change "${layered}": only instructions that change the configuration make sense here`);
  const { config } = await toGraph(parsed, {
    buildArgs: {},
    labels: {},
    platform,
    buildPlatform: platform,
    noCache: false,
    resolveImage: () => Promise.reject(usageError("Cannot use FROM in --change")),
  });
  return config;
}
