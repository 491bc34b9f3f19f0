/** Flags of kaniko and podman build that say what Decant does, too: turned into docker's. */
import { usageError } from "../errors.ts";
import type { RepeatedOption, TextOption } from "./command.ts";
import type { OutputSpec } from "../index.ts";

/** Spread it into the table of `decant build`. */
export const KANIKO_OPTION_TABLE: {
  readonly context: TextOption;
  readonly dockerfile: TextOption;
  readonly destination: RepeatedOption;
  readonly "no-push": { readonly type: "boolean"; readonly help: string };
} = {
  context: { type: "string", value: "CONTEXT", help: "The same as the argument CONTEXT, as kaniko has it; dir://FOLDER is a folder" },
  dockerfile: { type: "string", value: "FILE", help: "The same as --file" },
  destination: { type: "string", multiple: true, value: "NAME", help: "The same as --tag NAME with --push, as kaniko has it" },
  "no-push": { type: "boolean", help: "With --destination: keep the image in the store" },
};

interface KanikoValues {
  readonly context?: string;
  readonly dockerfile?: string;
  readonly destination: readonly string[];
  readonly "no-push"?: boolean;
  readonly file?: string;
  readonly tag: readonly string[];
  readonly push?: boolean;
}

/** The values as docker's flags would give them, and the context. Throws `USAGE`. */
export function asDocker<Values extends KanikoValues>(
  values: Values,
  words: readonly string[],
): { readonly values: Values; readonly contextFolder: string } {
  const { context, dockerfile, destination } = values;
  const contexts = [...words, ...(context === undefined ? [] : [context.replace(/^dir:\/\//, "")])];
  const [contextFolder, second] = contexts;
  if (contextFolder === undefined)
    throw usageError(
      "Cannot build without a context; wanted a folder, a git repository, a URL or -",
      "Name one, such as . for the working directory",
    );
  if (second !== undefined)
    throw usageError(`Cannot build two contexts: "${contextFolder}" and "${second}"`, "Leave out --context, or the argument");
  const { file } = values;
  if (file !== undefined && dockerfile !== undefined)
    throw usageError("Cannot use --file and --dockerfile: they mean the same", "Leave one out");
  const isPushed = destination.length > 0 && values["no-push"] !== true;
  return {
    values: {
      ...values,
      ...(dockerfile === undefined ? {} : { file: dockerfile }),
      tag: [...values.tag, ...destination],
      ...(isPushed ? { push: true } : {}),
    },
    contextFolder,
  };
}

/** Outputs with the media types of `--format`, where they do not say their own. */
export function withMediaTypes(
  outputs: readonly OutputSpec[],
  { format, tag }: { readonly format?: "docker" | "oci"; readonly tag: readonly string[] },
): readonly OutputSpec[] {
  if (format === undefined) return outputs;
  const ociMediaTypes = format === "oci";
  const all: readonly OutputSpec[] = outputs.length > 0 ? outputs : [{ type: "image", names: tag, push: false }];
  return all.map((output) => ("names" in output ? { ociMediaTypes, ...output } : output));
}
