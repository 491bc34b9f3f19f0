/** `decant run`: a container of an image in the foreground, as docker run --rm. */
import { unsupported } from "../../errors.ts";
import { runImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import type { CliContext } from "../context.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

const PORTS_HINT = "With --network host, which is the default, the ports of the container are ports of the host";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "run",
    usage: "IMAGE [COMMAND] [ARGUMENTS…]",
    summary: "Run a container of an image, and pass on its output, signals and exit code",
    notes: `The container is removed when it ends. Its first process gets SIGINT, SIGTERM and SIGHUP that decant gets.

Examples:
  decant run app
  decant run -e PORT=8080 -u 1000 app
  decant run --entrypoint /bin/ls app -l /`,
    options: {
      ...STORE_OPTION_TABLE,
      entrypoint: { type: "string", value: "PROGRAM", help: "Run this instead of the image's entry point" },
      env: {
        type: "string",
        multiple: true,
        short: "e",
        value: "KEY[=VALUE]",
        help: "Environment variable; without =VALUE that of the environment",
      },
      user: { type: "string", short: "u", value: "USER[:GROUP]", help: "Run as this user" },
      workdir: { type: "string", short: "w", value: "FOLDER", help: "Start in this folder" },
      network: { type: "string", value: "MODE", help: "Network of the container", choices: ["host", "none"] },
      "read-only": { type: "boolean", help: "Make the container's file system read-only" },
      rm: { type: "boolean", help: "Remove the container when it ends, which is always done" },
      runtime: { type: "string", value: "NAME", help: "OCI runtime", choices: ["auto", "crun", "runc"] },
    },
    unsupported: {
      detach: { type: "boolean", short: "d", hint: "Decant has no daemon: run it in the foreground, or with nohup" },
      publish: { type: "string", short: "p", hint: PORTS_HINT },
      "publish-all": { type: "boolean", short: "P", hint: PORTS_HINT },
      interactive: { type: "boolean", short: "i" },
      tty: { type: "boolean", short: "t" },
      volume: { type: "string", short: "v" },
      mount: { type: "string" },
      name: { type: "string" },
      hostname: { type: "string" },
      "env-file": { type: "string" },
      label: { type: "string", short: "l" },
      privileged: { type: "boolean" },
      "cap-add": { type: "string" },
      "cap-drop": { type: "string" },
      "security-opt": { type: "string" },
      tmpfs: { type: "string" },
      memory: { type: "string", short: "m" },
      cpus: { type: "string" },
      init: { type: "boolean" },
      platform: { type: "string" },
      pull: { type: "string" },
      restart: { type: "string" },
      device: { type: "string" },
      "add-host": { type: "string" },
      dns: { type: "string" },
      ulimit: { type: "string" },
    },
    words: { min: 1, max: Infinity },
    optionsFirst: true,
  },
  async (values, [image = "", ...args], context) => {
    if (values.rm === false) throw unsupported("Keeping the container (--rm=false)");
    await using container = await runImage({
      ...storeOptions(values, context),
      image,
      environment: values.env.flatMap((item) => expandVariable(item, context)),
      ...(args.length === 0 ? {} : { args }),
      entrypoint: values.entrypoint,
      user: values.user,
      workdir: values.workdir,
      network: values.network,
      runtime: values.runtime,
      readOnly: values["read-only"],
    });
    using _forward = context.forwardSignals((name) => container.kill(name));
    return await container.exit;
  },
);

/** `KEY` alone takes the value of our environment, and is nothing where that has none. */
function expandVariable(item: string, { env }: CliContext): string[] {
  if (item.includes("=")) return [item];
  const value = env[item];
  return value === undefined ? [] : [`${item}=${value}`];
}
