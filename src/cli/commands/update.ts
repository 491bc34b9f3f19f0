/** `decant update`: locks what the sources of a Dockerfile are now, and shows what moved. */
import { lockSources, type LockSourcesResult } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { parseKeyValues } from "../key-values.ts";
import { PROGRESS_MODES, showRun } from "../progress/show.ts";
import { REGISTRY_OPTION_TABLE } from "../registry-options.ts";
import { SOURCE_POLICY_OPTION } from "../source-options.ts";
import { parseSecret, parseSsh, STEP_OPTION_TABLE } from "../step-options.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { safeLine } from "../style.ts";
import { formatTable } from "../table.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "update",
    usage: "[CONTEXT]",
    summary: "Lock what the sources of a Dockerfile are now, and show what moved",
    notes: `Decant looks up every base image, URL of ADD and git reference of all stages. It writes decant.lock beside the Dockerfile.
A build with --locked takes what the lock says. What has a digest, a checksum or a commit in the Dockerfile needs no lock.
CONTEXT is a folder; by default the working directory. The lock of FILE is FILE.decant.lock, unless FILE is called Dockerfile or Containerfile.
With --check Decant writes nothing, and the exit code is 1 when a source has moved.

Examples:
  decant update
  decant update --check -f deploy/Dockerfile .
  decant update --platform linux/amd64,linux/arm64 .`,
    options: {
      ...STORE_OPTION_TABLE,
      ...REGISTRY_OPTION_TABLE,
      file: { type: "string", short: "f", value: "FILE", help: "The Dockerfile; by default CONTEXT/Dockerfile" },
      platform: {
        type: "string",
        multiple: true,
        value: "OS/ARCH",
        help: "Platforms of builds that use the lock; by default those that it has, else the host's",
      },
      "build-arg": { type: "string", multiple: true, value: "KEY[=VALUE]", help: "Value of an ARG, where names of sources need it" },
      "build-context": { type: "string", multiple: true, value: "NAME=WHAT", help: "Files or image that replace FROM, as in a build" },
      secret: STEP_OPTION_TABLE.secret,
      ssh: STEP_OPTION_TABLE.ssh,
      "project-file": { type: "string", value: "FILE", help: "Settings of the project; by default decant.yaml in CONTEXT or here" },
      "source-policy-file": SOURCE_POLICY_OPTION,
      check: { type: "boolean", help: "Only show what would change" },
      format: { type: "string", value: "FORMAT", help: "How to print", choices: ["pretty", "json"] },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
    },
    words: { min: 0, max: 1 },
  },
  async (values, [folder = "."], context) => {
    const check = values.check === true;
    const run = lockSources({
      ...storeOptions(values, context),
      context: folder,
      cwd: context.cwd,
      file: values.file,
      platforms: values.platform.flatMap((list) => list.split(",")),
      buildArgs: parseKeyValues(values["build-arg"], "--build-arg", (key) => context.env[key]),
      buildContexts: parseKeyValues(values["build-context"], "--build-context", () => ""),
      secrets: values.secret.map(parseSecret),
      ssh: values.ssh.map(parseSsh),
      projectFile: values["project-file"],
      sourcePolicy: values["source-policy-file"],
      write: !check,
    });
    const result = await showRun(run, values.progress ?? "auto", context);
    await context.stdout.write(values.format === "json" ? `${JSON.stringify(result, undefined, 2)}\n` : changesText(result));
    return check && result.changes.length > 0 ? 1 : 0;
  },
);

/** A line for each source that changed, marked as in \`decant base update\`. */
function changesText({ file, written, changes, sources }: LockSourcesResult): string {
  const rows = changes.map(({ kind, name, before, after }) => [
    before === undefined ? "+" : after === undefined ? "-" : "~",
    kind,
    safeLine(name),
    before === undefined || after === undefined
      ? shortPin(after ?? before ?? "")
      : before === after
        ? "for other platforms"
        : `${shortPin(before)} → ${shortPin(after)}`,
  ]);
  const count = `${sources.length} ${sources.length === 1 ? "source" : "sources"}`;
  const end = written ? `Wrote ${safeLine(file)}: ${count}\n` : changes.length === 0 ? `${safeLine(file)} is up to date: ${count}\n` : "";
  return formatTable(rows) + end;
}

/** "sha256:0123456789ab", "0123456789ab". */
function shortPin(pin: string): string {
  return /^(?:sha\d+:)?[0-9a-f]{12}/.exec(pin)?.[0] ?? safeLine(pin);
}
