/** `decant sbom`: what an image is made of, as SPDX or CycloneDX. */
import { sbomOf, type SbomResult } from "../../index.ts";
import { displayPath } from "../../paths.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import type { CliContext } from "../context.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { openResultFile } from "../result-file.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { safeLine } from "../style.ts";

/** More are only counted. */
const SHOWN_UNREAD = 10;

/** The command. */
export const command: Command = defineCommand(
  {
    name: "sbom",
    usage: "IMAGE|oci:PATH|DIRECTORY",
    summary: "Write down what an image is made of, as SPDX or CycloneDX",
    notes: `IMAGE is an image of the store, or of a registry, from which Decant pulls it into the store. Other forms:
  oci:PATH[:TAG|@DIGEST]  an OCI layout
  dir:PATH                a root file system; also a path that starts with "." or "/"
Decant unpacks nothing and runs nothing of the image.
The same image gives the same document. Its time is SOURCE_DATE_EPOCH, else the image's. docs/sbom.md says what Decant finds, and how.

Examples:
  decant sbom app > app.spdx.json
  decant sbom --format cyclonedx -o app.cdx.json registry.example/app:1.2
  decant sbom --files=false --platform linux/arm64 oci:out`,
    options: {
      ...STORE_OPTION_TABLE,
      format: {
        type: "string",
        short: "f",
        value: "FORMAT",
        help: "Kind of document; by default spdx",
        choices: ["spdx", "cyclonedx"],
      },
      output: { type: "string", short: "o", value: "FILE", help: "Write to a file instead of standard output" },
      files: {
        type: "string",
        value: "BOOL",
        help: "List the files of packages with their sums; by default true",
        choices: ["true", "false"],
      },
      platform: { type: "string", value: "OS/ARCH", help: "Platform of a multi-platform image; by default the host's" },
      progress: { type: "string", value: "HOW", help: "How pulling is shown", choices: PROGRESS_MODES },
    },
    words: { min: 1, max: 1 },
  },
  async (values, [image = ""], context) => {
    const file = await openResultFile(values.output, context);
    const run = sbomOf({
      ...storeOptions(values, context),
      image,
      cwd: context.cwd,
      format: values.format ?? "spdx",
      files: values.files !== "false",
      platform: values.platform,
    });
    const { document, inventory } = await showRun(run, values.progress ?? "auto", context);
    await tellUnread(inventory, context);
    await file.write(`${JSON.stringify(document, undefined, 1)}\n`);
    return 0;
  },
);

/** What is missing from the document is never missing in silence. */
async function tellUnread({ unread }: SbomResult["inventory"], { stderr }: CliContext): Promise<void> {
  for (const { path, why } of unread.slice(0, SHOWN_UNREAD))
    await stderr.write(`WARNING: ${safeLine(displayPath(path))} is not in the SBOM: ${safeLine(why)}\n`);
  const more = unread.length - SHOWN_UNREAD;
  if (more > 0) await stderr.write(`WARNING: ${more} more records could not be read\n`);
}
