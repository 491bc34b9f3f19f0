/** What can go wrong with containers. */
import { DecantError, errnoOf, usageError } from "../errors.ts";

export function nothingToRun(image: string): DecantError {
  return usageError(`Cannot run "${image}": it has neither ENTRYPOINT nor CMD`, "Name a command after the image");
}

export function noShell(tools: string): DecantError {
  return usageError(`Cannot debug with "${tools}": it has neither bash nor sh on its PATH`, "Name an image with a shell, or busybox");
}

export function portNotFree(port: string, cause: unknown): DecantError {
  const errno = errnoOf(cause);
  const state =
    errno === "EADDRINUSE"
      ? "another program listens there"
      : errno === "EADDRNOTAVAIL"
        ? "this machine has no such address"
        : cause instanceof Error
          ? cause.message
          : String(cause);
  return new DecantError("RUNTIME", `Cannot publish at ${port}: ${state}`, {
    hint: "Choose another port, or none: a free one is then taken",
    cause,
  });
}

export function portsWithoutNetwork(network: string): DecantError {
  return usageError(
    `Cannot publish ports of a container with the network "${network}": it has no ports of its own`,
    "Leave --network out, or the ports",
  );
}

export function unknownSignal(text: string): DecantError {
  return usageError(`Cannot use signal "${text}": there is no such signal`, "Write a name such as SIGTERM, or a number from 1 to 64");
}

/** `also`: what else has this name. */
export function noSuchContainer(name: string, also?: "image"): DecantError {
  return new DecantError("CONTAINER_NOT_FOUND", `Cannot find container "${name}": no running container has this name or ID`, {
    hint: also === undefined ? "See: decant ps" : `To remove the image of this name, run: decant rmi ${name}`,
  });
}

export function containerRuns(name: string): DecantError {
  return usageError(`Cannot remove container "${name}": it is running`, `End it with: decant stop ${name}`);
}

export function severalContainers(name: string, ids: readonly string[]): DecantError {
  const shown = ids.map((id) => id.slice(0, Math.max(12, name.length + 1)));
  return new DecantError("CONTAINER_NOT_FOUND", `Cannot tell which container "${name}" is: ${shown.join(" and ")} begin with it`, {
    hint: "Write more of the ID",
  });
}

export function noAnswer(id: string, cause?: Error): DecantError {
  const state = cause === undefined ? "it did not end in time" : cause.message;
  return new DecantError("RUNTIME", `Cannot stop container "${id.slice(0, 12)}": ${state}`, {
    cause,
    hint: 'Look at the process "decant run" that it belongs to: when that is killed, the container ends',
  });
}

export function noInit(): DecantError {
  return new DecantError("NOT_FOUND", "Cannot use --init: this machine has no statically linked init", {
    hint: "Install one, e.g.: apt-get install catatonit",
  });
}

export function relativeTarget(target: string): DecantError {
  return usageError(`Cannot mount at "${target}": it is not an absolute path`, "Write a path of the container that begins with /");
}

export function doubleMount(target: string): DecantError {
  return usageError(`Cannot mount at "${target}": two mounts have this target`, "Leave one of them out");
}

export function noMountSource(source: string): DecantError {
  return new DecantError("NOT_FOUND", `Cannot mount "${source}": there is no such file or folder`, {
    hint: `Check the spelling, or make it first: mkdir -p ${source}`,
  });
}

export function nameTaken(name: string): DecantError {
  return usageError(`Cannot name the container "${name}": a running container has this name`, `End it with: decant stop ${name}`);
}

export function badName(name: string): DecantError {
  return usageError(
    `Cannot name the container "${name}": wanted letters, digits, "_", "." and "-", with a letter or digit first and at least two`,
  );
}
