/** `decant index create`. */
import { createIndex } from "../../../index.ts";
import { defineCommand } from "../../args.ts";
import type { Command } from "../../command.ts";
import { parseKeyValues } from "../../key-values.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../../store-options.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "index create",
    usage: "NAME IMAGE…",
    summary: "Make an index of images for several platforms",
    notes: `NAME is one of the store. "decant push NAME" sends the index with its images.
docker://NAME is one of a registry. It gets the index, and no layer that it has moves.
Each IMAGE is one of the store, or docker://NAME, oci:PATH, docker-archive:FILE. An index gives all its images.

Examples:
  decant index create app:1 app:1-amd64 app:1-arm64
  decant index create docker://registry.example/app:1 docker://registry.example/app:1-amd64 docker://registry.example/app:1-arm64`,
    options: {
      ...STORE_OPTION_TABLE,
      annotation: { type: "string", multiple: true, value: "KEY=VALUE", help: "Annotation of the index" },
    },
    unsupported: {
      amend: { type: "boolean", short: "a", hint: "Name the index itself as one of the images" },
      insecure: { type: "boolean", hint: 'Write "insecure = true" for the registry into registries.conf' },
    },
    words: { min: 2, max: Infinity },
  },
  async (values, [name = "", ...images], context) => {
    const annotations = parseKeyValues(values.annotation, "--annotation", () => "");
    const made = await createIndex({ ...storeOptions(values, context), name, images, annotations, cwd: context.cwd });
    await context.stdout.write(`${made.name}@${made.descriptor.digest}: ${made.platforms.join(", ")}\n`);
    return 0;
  },
);
