/** `decant mutate`. */
import { usageError } from "../../errors.ts";
import { mutateImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { parseKeyValues } from "../key-values.ts";
import { IMAGE_FORMS, LOOK_OPTION_TABLE, lookOptions } from "../look-options.ts";
import { showRun } from "../progress/show.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "mutate",
    usage: "IMAGE",
    summary: "Make an image with the same layers and another configuration",
    notes: `${IMAGE_FORMS}
The new image is in the store, under its --tag names; without a --tag it has an ID only. Attestations stay with the old one.
Options that take away want what is there: the variables, ports and volumes of a base, which no Dockerfile can unset.

Examples:
  decant mutate -t app:2 --unset-volume /var/lib/data --unset-expose 80 app:1
  decant mutate -t app:2 --entrypoint '["/app", "serve"]' --env MODE=fast --unset-env DEBUG app:1`,
    options: {
      ...LOOK_OPTION_TABLE,
      tag: { type: "string", multiple: true, short: "t", value: "NAME", help: "Name of the new image" },
      label: { type: "string", multiple: true, short: "l", value: "KEY=VALUE", help: "Set a label" },
      "unset-label": { type: "string", multiple: true, value: "KEY", help: "Take a label away" },
      env: { type: "string", multiple: true, short: "e", value: "KEY=VALUE", help: "Set a variable" },
      "unset-env": { type: "string", multiple: true, value: "KEY", help: "Take a variable away" },
      expose: { type: "string", multiple: true, value: "PORT", help: "Declare a port: 80, 80/udp" },
      "unset-expose": { type: "string", multiple: true, value: "PORT", help: "Take a port away" },
      volume: { type: "string", multiple: true, value: "PATH", help: "Declare a volume" },
      "unset-volume": { type: "string", multiple: true, value: "PATH", help: "Take a volume away" },
      entrypoint: { type: "string", value: "WORDS", help: 'Set the entry point: a word, or a list ["word", "word"]; "" for none' },
      cmd: { type: "string", value: "WORDS", help: 'Set the command: a word, or a list ["word", "word"]; "" for none' },
      user: { type: "string", short: "u", value: "USER[:GROUP]", help: 'Set the user; "" for none' },
      workdir: { type: "string", short: "w", value: "FOLDER", help: 'Set the working folder; "" for none' },
      "stop-signal": { type: "string", value: "SIGNAL", help: 'Set the stop signal; "" for none' },
    },
    unsupported: {
      annotation: { type: "string", short: "a", hint: "Annotations are set by a build: decant build --annotation" },
      append: { type: "string", hint: "Build it: FROM the image, and ADD the archive" },
      "exposed-ports": { type: "string", hint: "Use --expose PORT" },
      output: { type: "string", short: "o", hint: "Then save it: decant save -o FILE IMAGE" },
      push: { type: "boolean", hint: "Name it with --tag, then: decant push NAME" },
      repo: { type: "string", hint: "Use --tag NAME" },
      "set-platform": { type: "string", hint: "Build it for that platform: decant build --platform OS/ARCH" },
    },
    words: { min: 1, max: 1 },
  },
  async (values, [image = ""], context) => {
    const run = mutateImage({
      ...lookOptions(values, context),
      image,
      tags: values.tag,
      changes: {
        labels: parseKeyValues(values.label, "--label", () => ""),
        unsetLabels: values["unset-label"],
        env: parseKeyValues(values.env, "--env", (key) => context.env[key]),
        unsetEnv: values["unset-env"],
        expose: values.expose,
        unsetExpose: values["unset-expose"],
        volumes: values.volume,
        unsetVolumes: values["unset-volume"],
        entrypoint: wordsOf(values.entrypoint, "--entrypoint"),
        cmd: wordsOf(values.cmd, "--cmd"),
        user: values.user,
        workdir: values.workdir,
        stopSignal: values["stop-signal"],
      },
    });
    const { configDigest } = await showRun(run, values.progress ?? "auto", context);
    await context.stdout.write(`${configDigest ?? ""}\n`);
    return 0;
  },
);

/** A word, or a list in JSON. Throws `USAGE`. */
function wordsOf(text: string | undefined, option: string): readonly string[] | undefined {
  if (text === undefined || text === "") return text === undefined ? undefined : [];
  if (!text.startsWith("[")) return [text];
  try {
    const words: unknown = JSON.parse(text);
    if (Array.isArray(words) && words.every((word) => typeof word === "string")) return words;
  } catch {
    // Told below, with the right form.
  }
  throw usageError(`Cannot use ${option} ${text}: wanted a word, or a list of JSON: ["word", "word"]`);
}
