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
    notes: `IMAGE is an image of the store, or of a registry: then it is pulled into the store. oci:PATH[:TAG|@DIGEST] is an OCI layout, a
folder or a tar (docker save writes one); dir:PATH, or a path that starts with "." or "/", is a root file system. Nothing is unpacked, and nothing of the image is run.
The policy is the part "audit" of decant.yaml in the working directory, or of --policy. Findings are described in docs/audit.md.
Exit code: 0 when no finding is an error (with --strict: nor a warning), 1 otherwise.

Examples:
  decant audit app
  decant audit --strict --format sarif -o audit.sarif registry.example/app:1.2
  decant audit --platform linux/arm64 oci:out
  decant audit ./rootfs`,
    options: {
      ...STORE_OPTION_TABLE,
      format: { type: "string", value: "FORMAT", help: "How the report is written; by default text", choices: REPORT_FORMATS },
      output: { type: "string", short: "o", value: "FILE", help: "Write the report to a file instead of standard output" },
      policy: { type: "string", value: "FILE", help: "File with the part audit; by default decant.yaml here" },
      offline: { type: "boolean", help: "Ask no archive which Debian packages would close a gap" },
      strict: { type: "boolean", help: "Fail for warnings too" },
      platform: { type: "string", value: "OS/ARCH", help: "Platform of an image for several; by default the host's" },
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
