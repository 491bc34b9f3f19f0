/** `decant save`. */
import { saveImages } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { refuseTerminal } from "../output-spec.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

const FORMATS = ["docker-archive", "oci-archive"] as const;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "save",
    usage: "IMAGE…",
    summary: "Write images into one archive",
    notes: `docker, podman, skopeo and "decant load" read the archive. Digests, IDs and attestations stay as they are in the store.
A name without a tag stands for all of its tags. IMAGE is one of the store, or docker://NAME, oci:PATH, docker-archive:FILE.

Examples:
  decant save -o app.tar app:1.2
  decant save app redis | gzip > both.tar.gz`,
    options: {
      ...STORE_OPTION_TABLE,
      output: { type: "string", short: "o", value: "FILE", help: "Write to this file; by default to standard output" },
      format: {
        type: "string",
        value: "FORMAT",
        help: "docker-archive is an OCI layout with docker's manifest.json, and the default; oci-archive is without",
        choices: FORMATS,
      },
      platform: { type: "string", value: "OS/ARCH", help: "Only this platform of images for several" },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
      quiet: { type: "boolean", short: "q", help: "Show no progress" },
    },
    unsupported: {
      compress: { type: "boolean", hint: "Pipe the archive through a compressor: decant save IMAGE | zstd > FILE" },
      "multi-image-archive": { type: "boolean", short: "m", hint: "Leave it out: name all images" },
    },
    words: { min: 1, max: Infinity },
  },
  async (values, images, context) => {
    const { output: dest = "-", format = "docker-archive", platform } = values;
    refuseTerminal([{ dest }], context.stdout, "Use --output FILE, or redirect standard output");
    const run = saveImages({
      ...storeOptions(values, context),
      images,
      dest,
      format: format === "docker-archive" ? "docker" : "oci",
      platform,
      cwd: context.cwd,
      stdout: (chunk) => context.stdout.write(chunk),
    });
    await showRun(run, values.quiet === true ? "quiet" : (values.progress ?? "auto"), context);
    return 0;
  },
);
