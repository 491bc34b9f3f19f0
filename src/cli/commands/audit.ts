/** `decant audit`: will an image run, and what is in it that should not be. */
import { auditImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import { formatReport, REPORT_FORMATS } from "../audit/format-report.ts";
import type { Command } from "../command.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { openResultFile } from "../result-file.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { createStyle } from "../style.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "audit",
    usage: "IMAGE|oci:PATH|DIRECTORY",
    summary: "Say whether an image will run, whether it is distroless, and where its bytes are",
    notes: `IMAGE is an image of the store, or of a registry, from which Decant pulls it into the store. Other forms:
  oci:PATH[:TAG|@DIGEST]  an OCI layout: a folder or a tar (docker save writes one)
  dir:PATH                a root file system; also a path that starts with "." or "/"
Decant unpacks nothing and runs nothing of the image.
The policy is the part "audit" of decant.yaml in the working directory, or of --policy. docs/audit.md describes each finding.
The exit code is 0 when no finding is an error, and 1 otherwise. With --strict, warnings count as errors.

Examples:
  decant audit app
  decant audit --strict --format sarif -o audit.sarif registry.example/app:1.2
  decant audit --platform linux/arm64 oci:out
  decant audit ./rootfs`,
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", value: "FORMAT", help: "Format of the report; by default text", choices: REPORT_FORMATS },
      output: { type: "string", short: "o", value: "FILE", help: "Write the report to a file instead of standard output" },
      policy: { type: "string", value: "FILE", help: "File with the part audit; by default decant.yaml in the working directory" },
      offline: { type: "boolean", help: "Do not search Debian's archive for packages that close a gap" },
      strict: { type: "boolean", help: "Fail for warnings too" },
      platform: { type: "string", value: "OS/ARCH", help: "Platform of a multi-platform image; by default the host's" },
      progress: { type: "string", value: "HOW", help: "How pulling is shown", choices: PROGRESS_MODES },
    },
    words: { min: 1, max: 1 },
  },
  async (values, [image = ""], context) => {
    const file = await openResultFile(values.output, context);
    const run = auditImage({
      ...storeOptions(values, context),
      image,
      cwd: context.cwd,
      platform: values.platform,
      offline: values.offline,
      policyFile: values.policy,
    });
    const report = await showRun(run, values.progress ?? "auto", context);
    const isFile = file.path !== undefined;
    const style = createStyle(!isFile && context.stdout.color);
    const columns = !isFile && context.stdout.isTerminal ? { columns: context.stdout.size().columns } : {};
    const text = formatReport(report, values.format ?? "text", { style, ...columns });
    await file.write(text);
    return report.counts.error > 0 || (values.strict === true && report.counts.warning > 0) ? 1 : 0;
  },
);
