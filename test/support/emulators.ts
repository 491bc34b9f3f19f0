/**
 * A machine whose kernel knows the emulators of qemu-user-static, and only those, for one command: a user namespace with a binfmt_misc of its own,
 * which Linux has since 6.7. The real machine's emulators neither count nor change.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { OtherUser } from "./other-user.ts";

/** How a command ended. */
interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/** Emulators by OCI architecture. */
const EMULATORS: Readonly<Record<string, string>> = {
  arm64: "aarch64",
  arm: "arm",
  riscv64: "riscv64",
  s390x: "s390x",
  ppc64le: "ppc64le",
};
/** Exit code where the kernel has no such file system for user namespaces. */
const NO_REGISTRY = 97;
const REGISTRY = "/proc/sys/fs/binfmt_misc";

/**
 * Runs `argv` as `user` where the emulators of `architectures` are registered with `flags` ("F": the kernel holds their files open). Undefined where this
 * kernel cannot do it.
 */
export async function withEmulators(
  user: OtherUser,
  argv: readonly string[],
  { architectures, flags }: { readonly architectures: readonly string[]; readonly flags: string },
): Promise<Ended | undefined> {
  const lines = architectures.map((architecture) => registration(EMULATORS[architecture] ?? architecture, flags));
  const inner = [
    `mount -t binfmt_misc binfmt_misc ${REGISTRY} || exit ${NO_REGISTRY}`,
    ...lines.map((line) => `printf %s '${line}' >${REGISTRY}/register || exit ${NO_REGISTRY}`),
    'exec "$@" 2>&1',
  ].join("\n");
  // Who has no id yet has no rights; the program that is started with one has them.
  const outer = 'echo ready && read -r go && exec unshare --mount --pid --fork --mount-proc sh -c "$0" sh "$@"';
  const child = spawn("unshare", ["--user", "sh", "-c", outer, inner, ...user.as, ...argv], { cwd: user.home, env: user.env });
  await once(child.stdout, "data");
  for (const map of ["gid_map", "uid_map"]) writeFileSync(`/proc/${child.pid}/${map}`, "0 0 4294967295");
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stdin.end("go\n");
  const [code] = (await once(child, "close")) as [number | null];
  return code === NO_REGISTRY ? undefined : { code, out };
}

/** As the package would register it, but for the flags and for the file: that of the package is a symlink out of /usr/bin. */
function registration(name: string, flags: string): string {
  const text = readFileSync(`/usr/lib/binfmt.d/qemu-${name}.conf`, "utf8");
  const fields = (text.split("\n").find((line) => line.startsWith(":")) ?? "").split(":");
  return [...fields.slice(0, 6), `/usr/bin/qemu-${name}-static`, flags].join(":");
}
