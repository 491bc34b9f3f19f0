/** Tools of others that read images, each with a storage of its own below a folder: skopeo, umoci, podman, buildah, containerd with `ctr`. */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { startProcess } from "../../src/sys/index.ts";

const execute = promisify(execFile);

/** Runs a program. Gives what it wrote to stdout; rejects with what it wrote to stderr. */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  return (await execute(program, [...args], { maxBuffer: 64 << 20 })).stdout;
}

/** How a tool is called: what comes before its own words. */
export type Tool = (...args: readonly string[]) => Promise<string>;

/** skopeo, which trusts any image. */
export const skopeo: Tool = (...args) => run("skopeo", "--insecure-policy", ...args);

/** podman, which takes limits that a container may have, too. */
export function podman(folder: string): Tool {
  const head = ["--root", join(folder, "podman"), "--runroot", join(folder, "podman-run"), "--storage-driver", "vfs", "--runtime", "runc"];
  return (...args) => run("podman", ...head, "--cgroup-manager", "cgroupfs", "--events-backend", "none", ...args);
}

/** What `podman run` needs in a container. */
export const PODMAN_RUN: readonly string[] = ["--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];

/** buildah. */
export function buildah(folder: string): Tool {
  const head = ["--root", join(folder, "buildah"), "--runroot", join(folder, "buildah-run"), "--storage-driver", "vfs"];
  return (...args) => run("buildah", ...head, ...args);
}

/** A running containerd; disposing ends it. */
export interface Containerd extends AsyncDisposable {
  readonly ctr: Tool;
  /** Of its socket. */
  readonly address: string;
}

/** Starts it with its data below `folder`, and waits until it answers. */
export async function startContainerd(folder: string): Promise<Containerd> {
  const place = join(folder, "containerd");
  mkdirSync(place);
  const socket = join(place, "sock");
  const config = join(place, "config.toml");
  writeFileSync(
    config,
    `version = 2\nroot = "${place}/root"\nstate = "${place}/state"\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "${socket}"\n`,
  );
  const server = startProcess({
    argv: ["containerd", "--config", config],
    env: { PATH: process.env["PATH"] },
    stdio: { stdout: "ignore", stderr: "ignore" },
  });
  let ended = false;
  server.exit.finally(() => (ended = true)).catch(() => undefined);
  const ctr: Tool = (...args) => run("ctr", "--address", socket, ...args);
  for (;;) {
    if (
      await ctr("version").then(
        () => true,
        () => false,
      )
    )
      break;
    if (ended) throw new Error("containerd ended before it answered");
    await new Promise((done) => setTimeout(done, 50));
  }
  return {
    ctr,
    address: socket,
    async [Symbol.asyncDispose]() {
      server.kill("SIGTERM");
      await server.exit;
    },
  };
}
