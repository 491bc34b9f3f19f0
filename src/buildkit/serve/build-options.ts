/** What a client asks of the Dockerfile frontend, as options of a build. Attributes that mean nothing here are refused by name. */
import type { BuildOptions } from "../../build/index.ts";
import { isOn } from "../../dockerfile/index.ts";
import { listOf, prefixed } from "./attributes.ts";
import { notServed } from "./errors.ts";
import type { OptionReaders } from "./readers.ts";

type Attributes = Readonly<Record<string, string>>;

/** What the other attributes say: where files come from, and what is asked of the frontend. */
const ELSEWHERE = new Set([
  "filename",
  "context",
  "contextsubdir",
  "contextkey",
  "dockerfilekey",
  "source",
  "cmdline",
  "requestid",
  "frontend.caps",
  "cache-imports",
  "cache-from",
  "hostname",
]);
/** "input:NAME" says where a graph that stands for a context is from. */
const PREFIXES = [
  "build-arg:",
  "label:",
  "attest:",
  "context:",
  "input:",
  "input-metadata:",
  "local-sessionid:",
  "sharedkey:",
  "vcs:",
  "override-",
];
const HERE = new Set([
  "target",
  "platform",
  "no-cache",
  "add-hosts",
  "shm-size",
  "ulimit",
  "cgroup-parent",
  "force-network-mode",
  "image-resolve-mode",
  "multi-platform",
]);
const RESOURCES: Readonly<Record<string, string>> = {
  memory: "memory",
  memswap: "memory-swap",
  cpushares: "cpu-shares",
  cpuperiod: "cpu-period",
  cpuquota: "cpu-quota",
  cpusetcpus: "cpuset-cpus",
  cpusetmems: "cpuset-mems",
};

/** The options that are not about files. Throws `USAGE`, `UNSUPPORTED`. */
export function frontendOptions(attributes: Attributes, readers: OptionReaders): Omit<BuildOptions, "context"> {
  refuseUnknown(attributes);
  const buildArgs = prefixed(attributes, "build-arg:");
  const noCache = attributes["no-cache"];
  const attest = prefixed(attributes, "attest:");
  const resources = Object.entries(RESOURCES).flatMap(([name, key]) =>
    attributes[name] === undefined ? [] : [`${key}=${attributes[name]}`],
  );
  return {
    buildArgs: isOn(attributes["multi-platform"]) ? { BUILDKIT_MULTI_PLATFORM: "1", ...buildArgs } : buildArgs,
    labels: prefixed(attributes, "label:"),
    target: emptyAsNone(attributes["target"]),
    platforms: listOf(attributes["platform"]),
    noCache: noCache === "",
    // As with BuildKit's --no-cache, which cache mounts do not outlive.
    noCacheMounts: noCache === "",
    noCacheStages: listOf(noCache),
    addHosts: listOf(attributes["add-hosts"]).map(readers.host),
    ulimits: listOf(attributes["ulimit"]).map(readers.ulimit),
    shmSizeBytes: attributes["shm-size"] === undefined ? undefined : readers.shmSize(attributes["shm-size"]),
    cgroupParent: emptyAsNone(attributes["cgroup-parent"]),
    network: networkOf(attributes["force-network-mode"]),
    pull: attributes["image-resolve-mode"] === "pull",
    resources: readers.resources(resources),
    ...readers.attestations({
      attest: Object.entries(attest).map(([type, value]) => (value === "" ? `type=${type}` : `type=${type},${value}`)),
    }),
  };
}

function networkOf(mode: string | undefined): BuildOptions["network"] {
  if (mode === undefined || mode === "" || mode === "sandbox" || mode === "default") return undefined;
  if (mode === "host" || mode === "none") return mode;
  throw notServed(`The network mode "${mode}"`);
}

function emptyAsNone(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function refuseUnknown(attributes: Attributes): void {
  for (const name of Object.keys(attributes)) {
    if (HERE.has(name) || ELSEWHERE.has(name) || name in RESOURCES || PREFIXES.some((prefix) => name.startsWith(prefix))) continue;
    throw notServed(`The attribute "${name}" of the Dockerfile frontend`);
  }
}
