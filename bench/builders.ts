/** The builders that are compared, each with a store of its own that can be emptied: decant, docker buildx, buildah. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { Command } from "./measure.ts";

/** What to build, in words that every builder has. */
export interface BuildSpec {
  readonly context: string;
  readonly dockerfile: string;
  /** Absent: nothing but the cache is filled. */
  readonly output?:
    | { readonly kind: "oci"; readonly dest: string; readonly compression?: "gzip" | "zstd" }
    | { readonly kind: "push"; readonly name: string }
    /** Into the dockerd that bench/peers started. */
    | { readonly kind: "load"; readonly name: string };
  readonly extra?: Partial<Record<BuilderName, readonly string[]>>;
  /** Builds that start at the same time as this one. */
  readonly beside?: readonly BuildSpec[];
}

/** Their names in tables. */
export type BuilderName = "decant" | "docker" | "buildah";

/** One builder. */
export interface Builder {
  readonly name: BuilderName;
  build(spec: BuildSpec): Command[];
  /** Any of its commands. */
  readonly command: (...args: readonly string[]) => Command;
  /** Forgets all caches and images. */
  reset(): void;
}

/** Where bench/peers puts everything. */
export const PEERS: string = process.env["PEERS"] ?? join(homedir(), ".cache/decant-peers");

const INSTALLED = "bench/out/installed";
/** The command as its package installs it. In a checkout it would look for changed sources at every start. */
export const DECANT: string = join(INSTALLED, "bin/decant");

/** Makes that command of the newest bundle. */
export function installDecant(): void {
  rmSync(INSTALLED, { recursive: true, force: true });
  for (const part of ["bin", "dist", "package.json"]) cpSync(part, join(INSTALLED, part), { recursive: true });
  symlinkSync(join(process.cwd(), "node_modules"), join(INSTALLED, "node_modules"));
}

/** The docker client of bench/peers. */
export const DOCKER: string = join(PEERS, "sid/usr/bin/docker");

/** Decant's bundle, with its store in `folder`. */
export function decant(folder: string): Builder {
  const root = join(folder, "decant-store");
  const env = { DECANT_ROOT: root };
  return {
    name: "decant",
    command: (...args) => ({ argv: [DECANT, ...args], env }),
    build({ context, dockerfile, output, extra }) {
      const out =
        output === undefined
          ? []
          : output.kind === "push"
            ? ["-t", output.name, "--push"]
            : output.kind === "load"
              ? ["-t", output.name, "--load=docker"]
              : ["-o", `type=oci,dest=${output.dest}${output.compression === undefined ? "" : `,compression=${output.compression}`}`];
      const loading = output?.kind === "load" ? { DOCKER_HOST: `unix://${dockerSocket(folder) ?? "/nonexistent"}` } : {};
      return [
        {
          argv: [DECANT, "build", "--progress=plain", "-f", dockerfile, ...out, ...(extra?.decant ?? []), context],
          env: { ...env, ...loading },
        },
      ];
    },
    reset() {
      const run = (...args: string[]): string => spawnSync(DECANT, args, { env: { ...process.env, ...env }, encoding: "utf8" }).stdout;
      // Images go by hand, then everything that nothing needs: as empty as `docker system prune -af` leaves it.
      const names = run("images", "--format", "json");
      for (const { name } of names === "" ? [] : parsedNames(names)) run("rmi", name);
      run("prune", "--all");
    },
  };
}

function parsedNames(json: string): readonly { readonly name: string }[] {
  // Printed by our own command.
  return JSON.parse(json) as { name: string }[];
}

function dockerSocket(folder: string): string | undefined {
  return [join(folder, "docker.sock"), join(PEERS, "docker.sock")].find((path) => existsSync(path));
}

/** A dockerd that bench/peers started. Undefined when it does not answer. */
export function docker(folder: string): Builder | undefined {
  const client = DOCKER;
  const socket = dockerSocket(folder);
  if (socket === undefined || !existsSync(client)) return undefined;
  const env = { DOCKER_HOST: `unix://${socket}` };
  const quiet = (args: readonly string[]): void => void spawnSync(client, args, { env: { ...process.env, ...env } });
  if (spawnSync(client, ["version"], { env: { ...process.env, ...env } }).status !== 0) return undefined;
  return {
    name: "docker",
    command: (...args) => ({ argv: [client, ...args], env }),
    build: (spec) => [{ argv: [client, ...buildxWords(spec), "--network=host"], env }],
    reset() {
      quiet(["system", "prune", "-af", "--volumes"]);
      quiet(["builder", "prune", "-af"]);
    },
  };
}

/** What docker's client gets for a build. */
export function buildxWords({ context, dockerfile, output, extra }: BuildSpec): string[] {
  const out =
    output === undefined
      ? ["--output", "type=cacheonly"]
      : output.kind === "push"
        ? ["--output", `type=image,name=${output.name},push=true`]
        : output.kind === "load"
          ? ["--tag", output.name, "--load"]
          : ["--output", `type=oci,dest=${output.dest}${output.compression === undefined ? "" : `,compression=${output.compression}`}`];
  return ["buildx", "build", "--progress=plain", "--provenance=false", "-f", dockerfile, ...out, ...(extra?.docker ?? []), context];
}

/** Arguments of the skopeo that is beside that buildah. Undefined when it does not run. */
export function skopeo(folder: string): ((...args: readonly string[]) => Command) | undefined {
  const pidFile = join(folder, "ns.pid");
  if (!existsSync(pidFile)) return undefined;
  const argv = ["nsenter", "-t", readFileSync(pidFile, "utf8").trim(), "-m", "--", "skopeo", "--tmpdir", join(folder, "buildah-tmp")];
  if (spawnSync(argv[0] ?? "", [...argv.slice(1), "--version"]).status !== 0) return undefined;
  return (...args) => ({ argv: [...argv, ...args] });
}

/** The buildah of the namespace that bench/peers made. Undefined when it does not run. */
export function buildah(folder: string): Builder | undefined {
  const pidFile = join(folder, "ns.pid");
  if (!existsSync(pidFile)) return undefined;
  const enter = ["nsenter", "-t", readFileSync(pidFile, "utf8").trim(), "-m", "--"];
  const store = ["--root", join(folder, "buildah"), "--runroot", join(folder, "buildah-run")];
  const env = {
    CONTAINERS_CONF: join(folder, "containers.conf"),
    CONTAINERS_REGISTRIES_CONF: join(folder, "registries.conf"),
    TMPDIR: join(folder, "buildah-tmp"),
  };
  if (spawnSync(enter[0] ?? "", [...enter.slice(1), "buildah", "--version"]).status !== 0) return undefined;
  return {
    name: "buildah",
    command: (...args) => ({ argv: [...enter, "buildah", ...store, ...args], env }),
    build({ context, dockerfile, output, extra }) {
      const bud = [
        ...enter,
        "buildah",
        ...store,
        "bud",
        "--layers",
        "--network=host",
        "-t",
        "bench/app",
        "-f",
        dockerfile,
        ...(extra?.buildah ?? []),
        context,
      ];
      const push =
        output === undefined || output.kind === "load"
          ? []
          : [
              [
                ...enter,
                "buildah",
                ...store,
                "push",
                "--tls-verify=false",
                ...(output.kind === "oci" && output.compression === "zstd" ? ["--compression-format", "zstd"] : []),
                "bench/app",
                output.kind === "push" ? `docker://${output.name}` : `oci-archive:${output.dest}`,
              ],
            ];
      return [{ argv: bud, env }, ...push.map((argv) => ({ argv, env }))];
    },
    reset() {
      spawnSync(enter[0] ?? "", [...enter.slice(1), "buildah", ...store, "rmi", "-af"], { env: { ...process.env, ...env } });
      spawnSync(enter[0] ?? "", [...enter.slice(1), "buildah", ...store, "prune", "-af"], { env: { ...process.env, ...env } });
      mkdirSync(join(folder, "buildah-tmp"), { recursive: true });
    },
  };
}
