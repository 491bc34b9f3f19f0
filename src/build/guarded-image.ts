/** What is said of an image has no secret of its build, or nothing is written. */
import type { BuiltImage } from "../image/index.ts";
import type { BuildOptions } from "./types.ts";
import type { SecretGuard } from "../secrets/index.ts";

/** The image, whose attestations are looked through when they are made. Throws `SECRET_IN_IMAGE` for its configuration, history and annotations. */
export function guardedImage(image: BuiltImage, guard: SecretGuard, options: Pick<BuildOptions, "annotations" | "outputs">): BuiltImage {
  for (const { created_by: instruction } of image.history)
    guard.checkText(`the history ("${shortened(guard.masked(instruction ?? ""))}")`, instruction ?? "");
  guard.checkText("the configuration of the image", JSON.stringify([image.config, image.author]));
  const ofOutputs = options.outputs?.map((output) => ("annotations" in output ? output.annotations : undefined));
  guard.checkText("an annotation", JSON.stringify([options.annotations, ofOutputs]));
  const { attestations } = image;
  if (attestations === undefined) return image;
  return {
    ...image,
    attestations: attestations.map((attestation) => ({
      ...attestation,
      async predicate(layers, output) {
        const made = await attestation.predicate(layers, output);
        guard.checkText(`its ${attestation.fileName}`, JSON.stringify(made));
        return made;
      },
    })),
  };
}

const SHOWN = 60;

function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
