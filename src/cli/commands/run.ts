/** `decant run`: a container of an image in the foreground, as docker run --rm. */
import { unsupported } from "../../errors.ts";
import { runImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import type { CliContext } from "../context.ts";
import { secondsToMs } from "../seconds.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

const FILES_HINT = "Containers see no folders of the host yet: COPY the files into the image";
const PORTS_HINT = "With --network host, which is the default, the ports of the container are ports of the host";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "run",
    usage: "IMAGE [COMMAND] [ARGUMENTS…]",
    summary: "Run a container of an image, and pass on its output, signals and exit code",
    notes: `Decant removes the container when it ends. It passes SIGINT, SIGTERM and SIGHUP on to the first process, which then has --stop-timeout to end.
A second signal ends it at once. "decant ps" lists running containers, and "decant stop" ends one.

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
        help: "Environment variable; without =VALUE, the value in the environment",
      },
      user: { type: "string", short: "u", value: "USER[:GROUP]", help: "Run as this user" },
      workdir: { type: "string", short: "w", value: "PATH", help: "Start in this folder" },
      network: { type: "string", value: "MODE", help: "Network of the container", choices: ["host", "none"] },
      "read-only": { type: "boolean", help: "Make the container's file system read-only" },
      rm: { type: "boolean", help: "Remove the container when it ends; Decant always does" },
      init: {
        type: "boolean",
        help: "Start it below an init of this machine (tini, catatonit), which passes signals on and buries orphans",
      },
      "stop-signal": { type: "string", value: "SIGNAL", help: "What decant stop sends; by default that of the image, else SIGTERM" },
      "stop-timeout": { type: "string", value: "SECONDS", help: "From a signal to SIGKILL: by default 10; -1: for ever" },
      runtime: { type: "string", value: "NAME", help: "OCI runtime", choices: ["auto", "crun", "runc"] },
    },
    unsupported: {
      detach: { type: "boolean", short: "d", hint: "Decant has no daemon: run it in the foreground, or below setsid" },
      publish: { type: "string", short: "p", hint: PORTS_HINT },
      "publish-all": { type: "boolean", short: "P", hint: PORTS_HINT },
      interactive: { type: "boolean", short: "i", hint: "Leave it out: standard input is passed on in any case" },
      tty: { type: "boolean", short: "t", hint: "Leave it out: a container has no terminal of its own yet" },
      volume: { type: "string", short: "v", hint: FILES_HINT },
      mount: { type: "string", hint: FILES_HINT },
      name: { type: "string", hint: 'Leave it out: "decant ps" shows the ID, and "decant stop" takes it' },
      hostname: { type: "string" },
      "env-file": { type: "string", hint: "Give each variable with -e; -e NAME takes it from the environment" },
      label: { type: "string", short: "l" },
      privileged: { type: "boolean" },
      "cap-add": { type: "string" },
      "cap-drop": { type: "string" },
      "security-opt": { type: "string" },
      tmpfs: { type: "string" },
      memory: { type: "string", short: "m" },
      cpus: { type: "string" },
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
      init: values.init,
      stopSignal: values["stop-signal"],
      stopTimeoutMs: secondsToMs(values["stop-timeout"], "--stop-timeout"),
    });
    let isAsked = false;
    using _forward = context.forwardSignals((signal) => {
      container.stop(isAsked ? { timeoutMs: 0 } : { signal });
      isAsked = true;
    });
    return await container.exit;
  },
);

/** `KEY` alone takes the value of our environment, and is nothing where that has none. */
function expandVariable(item: string, { env }: CliContext): string[] {
  if (item.includes("=")) return [item];
  const value = env[item];
  return value === undefined ? [] : [`${item}=${value}`];
}
