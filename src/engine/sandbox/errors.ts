/** Errors of the sandbox, each written once. */
import { DecantError } from "../../errors.ts";
import { programName } from "../../facts/index.ts";

/** No OCI runtime on this machine. */
export function runtimeMissing(wanted: string): DecantError {
  return new DecantError("RUNTIME_MISSING", `Cannot run a step: there is no ${wanted} on PATH; RUN needs an OCI runtime`, {
    hint: "apt-get install crun",
    details: { wanted },
  });
}

/** A runtime is there and does not work. */
export function runtimeBroken(failures: readonly { readonly path: string; readonly message: string }[]): DecantError {
  const said = failures.map(({ path, message }) => `${path} says "${message}"`).join("; ");
  return new DecantError("RUNTIME", `Cannot run a step: no OCI runtime works here: ${said}`, {
    hint: "apt-get install crun runc, and run as root outside of a restricted container",
    details: { failures },
  });
}

/** The runtime ended before a program was started, or was killed. */
export function runtimeFailed(runtime: string, message: string): DecantError {
  return new DecantError("RUNTIME", `Cannot run the step: ${runtime} failed: ${message}`, { details: { runtime } });
}

/** We may not make namespaces and mounts. */
export function notPrivileged(cause?: unknown): DecantError {
  return new DecantError("PRIVILEGE", "Cannot run a step: this process may not make mounts; RUN needs root (CAP_SYS_ADMIN)", {
    hint: "Run the build as root, e.g. with sudo",
    cause,
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

/** What a runtime says when the program cannot be started, in our words. `exists`: the program's file is in the image. */
export function startFailed(
  program: string,
  message: string,
  options: { readonly runtime: string; readonly exists: boolean },
): DecantError {
  const details = { program, message, runtime: options.runtime };
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
