/** `decant run`: a container of an image in the foreground, as docker run --rm. */
import { unsupported } from "../../errors.ts";
import { runImage } from "../../index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";
import { expandVariable, fileVariables } from "../container-environment.ts";
import { containerResources, noNewPrivileges, parseDeviceFile } from "../container-limits.ts";
import { parseMount, parseTmpfs, parseVolume } from "../container-mounts.ts";
import { formatPort, parsePublish } from "../container-ports.ts";
import { secondsToMs } from "../seconds.ts";
import { parseHost, parseShmSize, parseUlimit } from "../step-options.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";

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
  decant run -it -v ./src:/src:ro app sh
  decant run -p 8080:80 app
  decant run -it --debug-with busybox app
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
      "env-file": { type: "string", multiple: true, value: "FILE", help: "Environment variables, one a line, as -e takes them" },
      user: { type: "string", short: "u", value: "USER[:GROUP]", help: "Run as this user" },
      workdir: { type: "string", short: "w", value: "PATH", help: "Start in this folder" },
      volume: {
        type: "string",
        multiple: true,
        short: "v",
        value: "SOURCE:TARGET[:ro]",
        help: "Show a file or folder of this machine at TARGET; only TARGET: a folder that goes with the container",
      },
      mount: {
        type: "string",
        multiple: true,
        value: "type=bind|tmpfs|volume,…",
        help: "The same in words: source=, target=, readonly, tmpfs-size=, tmpfs-mode=",
      },
      tmpfs: { type: "string", multiple: true, value: "TARGET[:OPTIONS]", help: "Memory at TARGET; options: size=, mode=, ro, exec" },
      interactive: { type: "boolean", short: "i", help: "Pass on standard input; Decant always does" },
      tty: { type: "boolean", short: "t", help: "Give the container a terminal, joined to this one" },
      "debug-with": {
        type: "string",
        value: "busybox|IMAGE",
        help: "Merge a shell and tools over the image, and start the shell; busybox is Debian's",
      },
      platform: {
        type: "string",
        value: "OS/ARCH",
        help: "Platform of a multi-platform image; by default the host's. Another processor's needs an emulator",
      },
      name: { type: "string", value: "NAME", help: 'What "decant ps" shows and "decant stop" takes' },
      hostname: { type: "string", value: "NAME", help: "Host name; by default the first 12 digits of the ID" },
      "add-host": { type: "string", multiple: true, value: "HOST:IP", help: "Add a line to /etc/hosts" },
      ulimit: { type: "string", multiple: true, value: "NAME=SOFT[:HARD]", help: "Limit of the container's processes" },
      "shm-size": { type: "string", value: "SIZE", help: "Size of /dev/shm; by default 64m" },
      memory: { type: "string", short: "m", value: "SIZE", help: "How much memory it may use" },
      "memory-swap": { type: "string", value: "SIZE", help: "How much memory and swap together; -1: no limit of swap" },
      cpus: { type: "string", value: "NUMBER", help: "How many processors it may use, for example 1.5" },
      "cpu-shares": { type: "string", short: "c", value: "WEIGHT", help: "Its weight beside others; 1024 is the usual one" },
      "cpuset-cpus": { type: "string", value: "LIST", help: "Which processors, for example 0-3" },
      device: { type: "string", multiple: true, value: "SOURCE[:TARGET[:rwm]]", help: "Give it a device file of this machine" },
      "cap-add": { type: "string", multiple: true, value: "NAME", help: "Add a capability, or ALL" },
      "cap-drop": { type: "string", multiple: true, value: "NAME", help: "Take a capability away, or ALL" },
      "security-opt": { type: "string", multiple: true, value: "no-new-privileges", help: "setuid programs gain nothing" },
      privileged: { type: "boolean", help: "All capabilities and devices, no seccomp filter, nothing masked" },
      publish: {
        type: "string",
        multiple: true,
        short: "p",
        value: "[[ADDRESS:]HOST:]CONTAINER[/udp]",
        help: "Let a port of this machine lead to one of the container, which has a network of its own",
      },
      "publish-all": { type: "boolean", short: "P", help: "Publish all ports that the image exposes, at free ports" },
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
      label: { type: "string", short: "l" },
      pull: { type: "string", hint: "Pull it first, with: decant pull IMAGE" },
      restart: { type: "string", hint: "Let systemd or another supervisor start Decant again" },
      dns: { type: "string", hint: "Containers use the name servers of this machine; --add-host gives single names" },
      gpus: { type: "string", hint: "Give it the device files with --device" },
      "volumes-from": { type: "string", hint: "Mount the same folders with -v" },
    },
    words: { min: 1, max: Infinity },
    optionsFirst: true,
  },
  async (values, [image = "", ...args], context) => {
    if (values.rm === false) throw unsupported("Keeping the container (--rm=false)");
    const asked = values.publish.flatMap(parsePublish);
    await using container = await runImage({
      ...storeOptions(values, context),
      image,
      platform: values.platform,
      environment: [...(await fileVariables(values["env-file"], context)), ...values.env.flatMap((item) => expandVariable(item, context))],
      ...(args.length === 0 ? {} : { args }),
      entrypoint: values.entrypoint,
      user: values.user,
      workdir: values.workdir,
      debugWith: values["debug-with"],
      cwd: context.cwd,
      network: values.network,
      ports: asked,
      publishAll: values["publish-all"],
      runtime: values.runtime,
      readOnly: values["read-only"],
      name: values.name,
      hostname: values.hostname,
      mounts: [...values.volume.map(parseVolume), ...values.mount.map(parseMount), ...values.tmpfs.map(parseTmpfs)],
      addHosts: values["add-host"].map(parseHost),
      ulimits: values.ulimit.map(parseUlimit),
      shmSizeBytes: values["shm-size"] === undefined ? undefined : parseShmSize(values["shm-size"]),
      resources: containerResources(values),
      devices: values.device.map(parseDeviceFile),
      capAdd: values["cap-add"],
      capDrop: values["cap-drop"],
      noNewPrivileges: noNewPrivileges(values["security-opt"]),
      privileged: values.privileged,
      terminal: values.tty,
      init: values.init,
      stopSignal: values["stop-signal"],
      stopTimeoutMs: secondsToMs(values["stop-timeout"], "--stop-timeout"),
    });
    for (const port of container.ports)
      if (!asked.some(({ hostPort, containerPort }) => hostPort === port.hostPort && containerPort === port.containerPort))
        await context.stderr.write(`Published ${formatPort(port)}\n`);
    using _raw = values.tty === true ? context.rawTerminal?.() : undefined;
    let isAsked = false;
    using _forward = context.forwardSignals((signal) => {
      container.stop(isAsked ? { timeoutMs: 0 } : { signal });
      isAsked = true;
    });
    return await container.exit;
  },
);
