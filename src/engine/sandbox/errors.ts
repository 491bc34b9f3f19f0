/** Errors of the sandbox, each written once. */
import { DecantError, usageError } from "../../errors.ts";
import { programName } from "../../facts/index.ts";
import { isRootHere, namespaceLimit } from "../../sys/index.ts";

/** No OCI runtime on this machine. */
export function runtimeMissing(wanted: string): DecantError {
  return new DecantError("RUNTIME_MISSING", `Cannot run a step: there is no ${wanted} on PATH; RUN needs an OCI runtime`, {
    hint: "apt-get install crun",
    details: { wanted },
  });
}

/** Runtimes are installed, and none works. */
export function runtimeBroken(failures: readonly { readonly path: string; readonly message: string }[]): DecantError {
  const said = failures.map(({ path, message }) => `${path}: ${message}`).join("; ");
  return new DecantError("RUNTIME", `Cannot run a step: no OCI runtime works here: ${said}`, {
    // What docker's own profile keeps also from a container that has CAP_SYS_ADMIN.
    hint: /pivot_root|keyring/.test(said)
      ? "Start the container with --security-opt seccomp=unconfined, or as privileged; see docs/ci.md"
      : "In a container: see docs/ci.md for what it needs; else: apt-get install crun runc",
    details: { failures },
  });
}

/** No runtime can make the cgroups that limits need. */
export function noLimits(cause: DecantError): DecantError {
  return new DecantError("PRIVILEGE", "Cannot limit steps without root: this user may make no cgroups here", {
    hint: "Leave the limits and the cgroup parent out, or run the build as root",
    details: cause.details,
    cause,
  });
}

/** The runtime ended before a program was started, or was killed. */
export function runtimeFailed(runtime: string, message: string): DecantError {
  return new DecantError("RUNTIME", `Cannot run the step: ${runtime} failed: ${message}`, { details: { runtime } });
}

/** What this process lacks to make namespaces and mounts. */
export interface Lack {
  readonly isRoot: boolean;
  /** CAP_SYS_ADMIN is there: then a seccomp profile or AppArmor forbids it. */
  readonly hasCapability: boolean;
}

/** We may not make namespaces and mounts. */
export function notPrivileged({ isRoot, hasCapability }: Lack, cause?: unknown): DecantError {
  const [state, hint] = hasCapability
    ? [
        "a seccomp profile or AppArmor forbids this container to make mounts",
        "Start the container with --security-opt seccomp=unconfined --security-opt apparmor=unconfined, or as privileged; see docs/ci.md",
      ]
    : isRoot
      ? [
          "this container has no CAP_SYS_ADMIN, which RUN needs for mounts",
          "Start the container with --cap-add SYS_ADMIN --security-opt seccomp=unconfined, or as privileged, and a volume or tmpfs as store; see docs/ci.md",
        ]
      : ["this user may not make mounts", "decant doctor says what is missing"];
  return new DecantError("PRIVILEGE", `Cannot run a step: ${state}`, { hint, cause });
}

/** The helper process cannot have a user namespace. */
export function noNamespace(isRoot: boolean, cause: DecantError): DecantError {
  const said = typeof cause.details["said"] === "string" ? cause.details["said"] : cause.message;
  if (isRoot) return notPrivileged({ isRoot, hasCapability: false }, cause);
  const limit = namespaceLimit();
  return new DecantError(
    "PRIVILEGE",
    `Cannot run a step: this user may not make a user namespace, which RUN needs without root: ${limit?.state ?? said}`,
    {
      hint:
        limit?.remedy ??
        "In a container, start it with --security-opt seccomp=unconfined; decant doctor says more. Or run the build as root",
      details: { said },
      cause,
    },
  );
}

/** The helper process may have no /proc of its own: the kernel gives none where that of the container has parts that are hidden. */
export function noProc(cause: DecantError): DecantError {
  return new DecantError(
    "PRIVILEGE",
    "Cannot run a step: this container hides parts of /proc, and so may not show steps one of their own",
    {
      hint: "Start the container with --security-opt systempaths=unconfined, or with --cap-add SYS_ADMIN; see docs/ci.md",
      cause,
    },
  );
}

/** This process may not look into network namespaces, nor set up any. */
export function noNetworkCapability(): DecantError {
  return new DecantError("PRIVILEGE", "Cannot make a network: this container has no CAP_NET_ADMIN", {
    hint: "Start the container with --cap-add NET_ADMIN --device /dev/net/tun, or as privileged; see docs/ci.md",
  });
}

/** What a network of its own is for. */
export type NetworkPurpose = "ports" | "network";

const PURPOSES: Readonly<Record<NetworkPurpose, string>> = { ports: "publish ports", network: "give steps a network of their own" };

/** No program joins a network to that of the machine. */
export function noNetworkProgram(purpose: NetworkPurpose): DecantError {
  const otherwise = purpose === "ports" ? ", or leave -p out: the ports of the container are then ports of this machine" : "";
  return new DecantError("NOT_FOUND", `Cannot ${PURPOSES[purpose]}: there is neither pasta nor slirp4netns on PATH`, {
    hint: `apt-get install passt${otherwise}`,
  });
}

/** Ports of this machine's loopback that steps are to reach, as those of proxies. */
export function noLoopbackProgram(ports: readonly number[]): DecantError {
  const state = `they are to reach a proxy on the loopback of this machine (port ${ports.join(", ")}), and there is no pasta on PATH`;
  return new DecantError("NOT_FOUND", `Cannot ${PURPOSES.network}: ${state}`, { hint: "apt-get install passt" });
}

/** That program has failed. */
export function networkFailed(purpose: NetworkPurpose, program: string, said: string): DecantError {
  return new DecantError("RUNTIME", `Cannot ${PURPOSES[purpose]}: ${program} failed: ${said === "" ? "it ended" : said}`, {
    hint: /tun\b/.test(said)
      ? isRootHere()
        ? "In a container: --device /dev/net/tun; on a machine: modprobe tun"
        : "As root: chmod 666 /dev/net/tun, which every user may open on most machines; in a container: --device /dev/net/tun"
      : purpose === "ports"
        ? "Choose ports that are free, and addresses of this machine"
        : undefined,
  });
}

/** USER names nobody, or the image's account files cannot be used. */
export function userError(user: string, state: string): DecantError {
  return new DecantError("RUN_USER", `Cannot run as user "${user}": ${state}`, { details: { user } });
}

/** A mount that does not fit the image or the other mounts. */
export function mountConflict(target: string, state: string, hint?: string): DecantError {
  return new DecantError("RUNTIME", `Cannot mount on "${target}": ${state}`, {
    details: { target },
    hint,
  });
}

/** A terminal of a container copies what goes through ours. */
export function noTerminal(): DecantError {
  return usageError(
    "Cannot give the container a terminal: standard input is not one, or the output goes elsewhere",
    "Leave -t out, or start Decant in a terminal",
  );
}

/** What a runtime says when the program cannot be started, in our words. `exists`: the program's file is in the image. */
export function startFailed(
  program: string,
  message: string,
  options: { readonly runtime: string; readonly exists: boolean },
): DecantError {
  const details = { program, message, runtime: options.runtime };
  // Other failures of a runtime speak of files too: of mounts, of its own.
  if (!/\bexec(?:utable)?\b/i.test(message)) return runtimeFailed(options.runtime, message);
  const fail = (state: string, hint: string): DecantError =>
    new DecantError("RUNTIME", `Cannot start "${program}": ${state}`, { hint, details });
  if (/exec format error/i.test(message)) {
    return fail(
      "it is not a program for this machine's processor, or a script without #! line",
      "Build for this machine's platform, or register an emulator for the other one (apt-get install qemu-user-static binfmt-support)",
    );
  }
  if (/not found|no such file/i.test(message)) {
    if (options.exists)
      return fail(
        "the interpreter or dynamic loader that it names is not in the image",
        "Install what it is linked to, or link it statically",
      );
    const shell = programName(program.slice(program.lastIndexOf("/") + 1))?.kind === "shell";
    return fail(
      "not found in the image",
      shell
        ? 'Distroless images have no shell: use the exec form, RUN ["program", "argument"], or do this step in an earlier stage and COPY its result'
        : "Check the spelling and the PATH of the image",
    );
  }
  if (/permission denied|not permitted|is a directory/i.test(message))
    return fail("it is not an executable file", "Set its mode with COPY --chmod=755 or RUN chmod +x");
  return runtimeFailed(options.runtime, message);
}
