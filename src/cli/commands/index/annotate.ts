/** `decant index annotate`. */
import { annotateIndex } from "../../../index.ts";
import { usageError } from "../../../errors.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { parseKeyValues } from "../../key-values.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "index annotate",
    usage: "NAME",
    summary: "Set annotations of an index, or of one of its images",
    notes: `NAME is one of the store; docker://NAME is one of a registry, whose layers stay there; oci:FOLDER:TAG is one of a layout.
The name moves to the new index, because an annotation changes its digest.

Example: decant index annotate --platform linux/arm64 --annotation tested=yes app:1`,
    options: {
      ...STORE_OPTION_TABLE,
      annotation: { type: "string", multiple: true, value: "KEY=VALUE", help: "Annotation to set" },
      platform: { type: "string", value: "OS/ARCH", help: "Of the image for this platform; by default of the index" },
    },
    unsupported: {
      arch: { type: "string", hint: "The platform is that of the image: build it with decant build --platform OS/ARCH" },
      os: { type: "string", hint: "The platform is that of the image: build it with decant build --platform OS/ARCH" },
      variant: { type: "string", hint: "The platform is that of the image: build it with decant build --platform OS/ARCH" },
    },
    words: { min: 1, max: 1 },
  },
  async (values, [name = ""], context) => {
    const annotations = parseKeyValues(values.annotation, "--annotation", () => "");
    if (Object.keys(annotations).length === 0)
      throw usageError("Cannot annotate an index: no annotation was given", "Use --annotation KEY=VALUE");
    const made = await annotateIndex({ ...storeOptions(values, context), name, annotations, platform: values.platform, cwd: context.cwd });
    await context.stdout.write(`${made.name}@${made.descriptor.digest}: ${made.platforms.join(", ")}\n`);
    return 0;
  },
);
