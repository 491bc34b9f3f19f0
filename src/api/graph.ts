/** `dockerfileGraph`: what a Dockerfile becomes, without building it (F59). */
import { imagesOf, planOptionsOf, platformNamed } from "../build/index.ts";
import { checkParsed } from "../dockerfile/index.ts";
import { toGraph } from "../graph/index.ts";
import { llbJson } from "../image/index.ts";
import type { SourceFile } from "../source.ts";
import { type DockerfileOptions, openDockerfile } from "./dockerfile-options.ts";
import { GRAPH } from "./options/build.ts";
import { checkOptions } from "./options/shape.ts";

/** What `dockerfileGraph` gives. */
export interface DockerfileGraph {
  readonly file: SourceFile;
  /** BuildKit's LLB in the JSON of protobuf: `def`, `metadata` and `source` as its convertllb gives them; digests of vertices are Decant's own. */
  readonly llb: unknown;
}

/** Converts the target. Images are looked up, in the store and then the registry. Rejects with `CONTEXT`, `DOCKERFILE_*`, `PLATFORM`, `REGISTRY*` … */
export async function dockerfileGraph(options: DockerfileOptions): Promise<DockerfileGraph> {
  checkOptions(GRAPH, options);
  await using opened = await openDockerfile(options);
  const { written } = opened;
  checkParsed(written);
  const images = await imagesOf(opened);
  const conversion = await toGraph(written, {
    ...planOptionsOf(opened, platformNamed(opened, options.platform)),
    allow: ["network.host", "security.insecure"],
    resolveImage: (request) => images.resolveImage(request),
  });
  return { file: written.file, llb: llbJson(conversion.target, written.file) };
}
