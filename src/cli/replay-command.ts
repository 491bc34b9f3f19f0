/** `decant replay` and `decant replay verify`: one command, whose exit code means less or more. */
import { given } from "../given.ts";
import { replayImage, type ReplayResult } from "../index.ts";
import { usageError } from "../errors.ts";
import { defineCommand } from "./args.ts";
import type { Command } from "./command.ts";
import { parseKeyValues } from "./key-values.ts";
import { OUTPUT_OPTION, parseOutput, refuseTerminal } from "./output-spec.ts";
import { PROGRESS_MODES, showRun } from "./progress/show.ts";
import { REGISTRY_OPTION_TABLE } from "./registry-options.ts";
import { parseEntitlement, parseSecret, parseSsh, STEP_OPTION_TABLE } from "./step-options.ts";
import { storeOptions, STORE_OPTION_TABLE } from "./store-options.ts";
import { safeLine } from "./style.ts";

const NOTES = `IMAGE is an image with provenance: of the store, else of a registry. Other forms: docker://NAME, store:NAME, oci:PATH[:TAG].
Decant takes the Dockerfile, target, arguments, platform and SOURCE_DATE_EPOCH of the provenance. Base images, git commits and files of URLs are
those of its digests. All steps run again; no result of an earlier build counts. Decant compares the digest of the manifest. If it differs,
Decant names the first byte that does, by layer, path and instruction.
A folder that the image was built from must be given, and must have the same files. Secrets must be given by their ids.

`;

/** The command of this name. */
export function replayCommand(name: "replay" | "replay verify"): Command {
  const verifies = name === "replay verify";
  return defineCommand(
    {
      name,
      usage: "IMAGE [CONTEXT]",
      summary: verifies
        ? "Build an image once more from its provenance, and fail unless the digest is the same"
        : "Build an image once more from its provenance, and compare",
      notes: `${NOTES}${
        verifies
          ? "Exit code 0: the digest is the same. Exit code 1: it is another one."
          : "Exit code 0: the image was built, and was compared. With --verify the exit code is 1 when the digest is another one."
      }

Examples:
  decant ${name} registry.example/app:1.2
  decant ${name} app .
  decant ${name} --context assets=../assets --secret id=npm,src=token app .`,
      options: {
        ...STORE_OPTION_TABLE,
        ...REGISTRY_OPTION_TABLE,
        context: {
          type: "string",
          multiple: true,
          value: "[NAME=]PATH",
          help: "Folder of the build context, or of a named context; NAME=oci-layout://PATH for a layout",
        },
        file: { type: "string", short: "f", value: "FILE", help: "The Dockerfile, where it is not at its place in the context" },
        "build-arg": { type: "string", multiple: true, value: "KEY[=VALUE]", help: "Value of an ARG that the provenance leaves out" },
        label: { type: "string", multiple: true, value: "KEY=VALUE", help: "Label that the provenance leaves out" },
        secret: STEP_OPTION_TABLE.secret,
        ssh: STEP_OPTION_TABLE.ssh,
        allow: STEP_OPTION_TABLE.allow,
        platform: { type: "string", value: "OS/ARCH", help: "Platform of a multi-platform image; by default the host's" },
        tag: { type: "string", multiple: true, short: "t", value: "NAME", help: "Keep what was built, by this name" },
        output: OUTPUT_OPTION,
        runtime: { type: "string", value: "NAME", help: "OCI runtime for RUN steps", choices: ["auto", "crun", "runc"] },
        verify: { type: "boolean", help: "Exit with code 1 when the digest is another one" },
        format: { type: "string", value: "FORMAT", help: "How to print", choices: ["text", "json"] },
        progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
      },
      words: { min: 1, max: 2 },
    },
    async (values, [image = "", folder], context) => {
      const outputs = values.output.map((text) => parseOutput(text, values.tag));
      refuseTerminal(outputs, context.stdout);
      const args =
        values["build-arg"].length === 0 ? undefined : parseKeyValues(values["build-arg"], "--build-arg", (key) => context.env[key]);
      const run = replayImage({
        ...storeOptions(values, context),
        image,
        cwd: context.cwd,
        ...contextsOf(values.context, folder),
        file: values.file,
        buildArgs: args,
        labels: values.label.length === 0 ? undefined : parseKeyValues(values.label, "--label", () => ""),
        secrets: values.secret.map(parseSecret),
        ssh: values.ssh.map(parseSsh),
        allow: values.allow.map(parseEntitlement),
        platform: values.platform,
        tags: values.tag,
        outputs,
        runtime: values.runtime,
        stdout: (chunk) => context.stdout.write(chunk),
      });
      const result = await showRun(run, values.progress ?? "auto", context);
      // Standard output may be an archive.
      const out = outputs.some((output) => "dest" in output && output.dest === "-") ? context.stderr : context.stdout;
      await out.write(values.format === "json" ? `${JSON.stringify(result, undefined, 2)}\n` : textOf(result));
      return result.same || !(verifies || values.verify === true) ? 0 : 1;
    },
  );
}

/** "PATH" or "NAME=PATH"; a path that starts with "." or "/" may have "=" in it. */
function contextsOf(
  texts: readonly string[],
  word: string | undefined,
): { readonly context?: string; readonly buildContexts: Record<string, string> } {
  const isNamed = (text: string): boolean => /^[^./=][^=]*=/.test(text);
  const folders = [...texts.filter((text) => !isNamed(text)), ...(word === undefined ? [] : [word])];
  if (folders.length > 1)
    throw usageError(`Cannot use ${folders.length} folders as the build context: wanted one`, "Write --context NAME=PATH for others");
  const [context] = folders;
  return {
    ...given({ context }),
    buildContexts: parseKeyValues(texts.filter(isNamed), "--context", () => ""),
  };
}

function textOf({ image, platform, digest, replayed, same, difference }: ReplayResult): string {
  const shown = safeLine(image);
  if (same) return `${shown} for ${platform} is the same: ${digest}\n`;
  const { what = "", why, cure } = difference ?? {};
  return [
    `${shown} for ${platform} differs: it is ${digest}, and the replay is ${replayed}`,
    safeLine(`  ${what}`),
    ...(why === undefined ? [] : [`  Usual cause: ${why}`]),
    ...(cure === undefined ? [] : [`  ${cure}`]),
    "",
  ].join("\n");
}
