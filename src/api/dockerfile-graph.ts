/** `dockerfileGraph`: what a Dockerfile becomes, without building it (F59). */
import { checkParsed, parseDockerfile } from "../dockerfile/index.ts";
import { noEvents } from "../events.ts";
import { toGraph } from "../graph/index.ts";
import { llbJson } from "../image/index.ts";
import { parsePlatform } from "../oci/index.ts";
import type { SourceFile } from "../source.ts";
import { baseImages } from "./base-images.ts";
import type { CheckDockerfileOptions } from "./check.ts";
import { openCheckedContext } from "./check-context.ts";
import { namedContexts } from "./named-contexts.ts";
import { findProjectFile } from "./project-file.ts";
import { refuseFrontend } from "./refusals.ts";
import { openSession } from "./session.ts";

/** What `dockerfileGraph` gives. */
export interface DockerfileGraph {
  readonly file: SourceFile;
  /** BuildKit's LLB in the JSON of protobuf: `def`, `metadata` and `source` as its convertllb gives them; digests of vertices are Decant's own. */
  readonly llb: unknown;
}

/** Converts the target. Images are looked up, in the store and then the registry. Rejects with `CONTEXT`, `DOCKERFILE_*`, `PLATFORM`, `REGISTRY*` … */
export async function dockerfileGraph(options: CheckDockerfileOptions): Promise<DockerfileGraph> {
  const { cwd = process.cwd(), buildArgs = {}, target, platform: wanted, signal = new AbortController().signal } = options;
  const { dockerfile, folder } = await openCheckedContext(options);
  const parsed = parseDockerfile(dockerfile.bytes, { name: dockerfile.name });
  refuseFrontend(parsed, buildArgs);
  checkParsed(parsed);
  await using session = await openSession(options);
  const buildPlatform = session.platform;
  const platform = wanted === undefined || wanted === "local" ? buildPlatform : parsePlatform(wanted, buildPlatform);
  const project = await findProjectFile({ file: options.projectFile, context: folder, cwd });
  const contexts = await namedContexts(options.buildContexts ?? {}, cwd, buildPlatform);
  const images = baseImages(session, { project, contexts, pull: false, emit: noEvents, signal });
  const conversion = await toGraph(parsed, {
    ...(target === undefined ? {} : { target }),
    buildArgs,
    labels: {},
    platform,
    buildPlatform,
    noCache: false,
    allow: ["network.host", "security.insecure"],
    hasContext: (name, at) => contexts.find(name, at) !== undefined,
    resolveImage: (request) => images.resolveImage(request),
  });
  return { file: parsed.file, llb: llbJson(conversion.target, parsed.file) };
}
