/** `decant images`. */
import { formatSize } from "../../bytes.ts";
import { shortDigest } from "../../digest.ts";
import { listImages, type ImageSummary } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { formatTable } from "../table.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "images",
    usage: "",
    summary: "List the images of the store",
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["table", "json"] },
      quiet: { type: "boolean", short: "q", help: "Print the image IDs only" },
    },
    unsupported: {
      all: { type: "boolean", short: "a" },
      digests: { type: "boolean" },
      filter: { type: "string" },
      "no-trunc": { type: "boolean" },
      tree: { type: "boolean" },
    },
    words: { min: 0, max: 0 },
  },
  async (values, _words, context) => {
    const images = await listImages(storeOptions(values, context));
    await context.stdout.write(
      values.quiet === true
        ? images.map((image) => `${image.configDigest}\n`).join("")
        : values.format === "json"
          ? `${JSON.stringify(images, undefined, 2)}\n`
          : imageTable(images),
    );
    return 0;
  },
);

function imageTable(images: readonly ImageSummary[]): string {
  const rows = images.map(({ name, configDigest, platform, created, sizeBytes }) => [
    name ?? "<none>",
    shortDigest(configDigest),
    platform,
    created === undefined ? "" : created.slice(0, 16).replace("T", " "),
    formatSize(sizeBytes),
  ]);
  return formatTable([["NAME", "IMAGE ID", "PLATFORM", "CREATED", "SIZE"], ...rows], [4]);
}
