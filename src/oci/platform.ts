/**
 * Platforms: "linux/arm64/v8", "windows(10.0.17763)/amd64", "local" (image-spec image-index.md, "platform"),
 * normalised and matched as containerd does. Pure: the host is a parameter.
 */
import { DecantError } from "../errors.ts";
import { given } from "../given.ts";
import type { Platform } from "./types.ts";

const OSES: ReadonlySet<string> = new Set(
  "aix android darwin dragonfly freebsd illumos ios js linux netbsd openbsd plan9 solaris wasip1 windows".split(" "),
);
const ARCHITECTURES: ReadonlySet<string> = new Set(
  "386 amd64 arm arm64 loong64 mips mipsle mips64 mips64le ppc64 ppc64le riscv64 s390x sparc64 wasm".split(" "),
);
/** Names of the same architecture elsewhere: uname, Debian, Rust. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["i386", "386"],
  ["i686", "386"],
  ["x86_64", "amd64"],
  ["x86-64", "amd64"],
  ["aarch64", "arm64"],
  ["armhf", "arm"],
  ["armel", "arm"],
]);
/** process.arch of Node → GOARCH. */
const NODE_ARCHITECTURES: ReadonlyMap<string, string> = new Map([
  ["x64", "amd64"],
  ["ia32", "386"],
  ["ppc64", "ppc64le"],
]);
const PART = /^[A-Za-z0-9_.-]+$/;
const OS_PART = /^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.+-]*)\))?$/;

/**
 * Parses os[(version[+feature…])]/architecture[/variant], a known os or architecture alone (the host gives the rest), or "local".
 * The result is normalised. Throws `PLATFORM`.
 */
export function parsePlatform(text: string, host: Platform): Platform {
  if (text === "local") return host;
  const [first = "", second, variant, ...more] = text.split("/");
  const osMatch = OS_PART.exec(first);
  if (osMatch === null || more.length > 0 || ![second, variant].every((part) => part === undefined || PART.test(part))) {
    throw badPlatform(text, "wanted os/architecture[/variant]");
  }
  const [, os = "", osDetails = ""] = osMatch;
  const [version = "", ...features] = osDetails.split("+");
  const details = {
    ...(version === "" ? {} : { "os.version": version }),
    ...(features.length === 0 ? {} : { "os.features": features }),
  };
  if (second !== undefined) {
    return normalizePlatform({ os, architecture: second, ...given({ variant }), ...details });
  }
  const alone = normalizePlatform({ os, architecture: os });
  if (OSES.has(alone.os)) return { ...host, os: alone.os, ...details };
  if (ARCHITECTURES.has(alone.architecture) && osDetails === "") return { ...alone, os: host.os };
  throw badPlatform(text, "it is neither a known operating system nor a known architecture; wanted os/architecture[/variant]");
}

/** One spelling for each platform: aliases resolved, "arm" is "arm/v7", the base variants of amd64 (v1) and arm64 (v8) are left out. */
export function normalizePlatform(platform: Platform): Platform {
  const os = platform.os.toLowerCase();
  const given = platform.architecture.toLowerCase();
  const architecture = ALIASES.get(given) ?? given;
  const variant = normalizeVariant(given, architecture, (platform.variant ?? "").toLowerCase());
  return {
    os: os === "macos" ? "darwin" : os,
    architecture,
    ...(variant === "" ? {} : { variant }),
    ...(platform["os.version"] === undefined || platform["os.version"] === "" ? {} : { "os.version": platform["os.version"] }),
    ...(platform["os.features"] === undefined || platform["os.features"].length === 0 ? {} : { "os.features": platform["os.features"] }),
  };
}

function normalizeVariant(given: string, architecture: string, variant: string): string {
  if (given === "armhf") return "v7";
  if (given === "armel") return "v6";
  switch (architecture) {
    case "386":
      return "";
    case "amd64":
      return variant === "v1" || variant === "1" ? "" : withV(variant);
    case "arm64":
      return /^v?8(?:\.0)?$/.test(variant) ? "" : withV(variant).replace(/^(v\d+)\.0$/, "$1");
    case "arm":
      return variant === "" ? "v7" : withV(variant);
    default:
      return variant;
  }
}

function withV(variant: string): string {
  return /^\d/.test(variant) ? `v${variant}` : variant;
}

/** "linux/arm64", "linux/arm/v7", "windows(10.0.17763)/amd64"; written as given, not normalised. */
export function formatPlatform(platform: Platform): string {
  const details = [platform["os.version"] ?? "", ...(platform["os.features"] ?? [])].join("+");
  const os = details === "" ? platform.os : `${platform.os}(${details})`;
  return [os, platform.architecture, ...(platform.variant === undefined || platform.variant === "" ? [] : [platform.variant])].join("/");
}

/** Can an image for `have` run where `want` is asked for? */
export function platformMatches(want: Platform, have: Platform): boolean {
  return platformRank(want, have) !== undefined;
}

/** How good a match `have` is: 0 is exact, more is further away (an older variant, a 32-bit ancestor); undefined is no match. */
export function platformRank(want: Platform, have: Platform): number | undefined {
  const wanted = normalizePlatform(want);
  const had = normalizePlatform(have);
  if (wanted.os !== had.os || !versionFits(wanted, had)) return undefined;
  const features = had["os.features"] ?? [];
  if (!features.every((feature) => wanted["os.features"]?.includes(feature))) return undefined;
  const rank = runnable(wanted).indexOf(cpu(had.architecture, had.variant));
  return rank < 0 ? undefined : rank;
}

/** Windows images run on the same build only; elsewhere versions are a remark. */
function versionFits(want: Platform, have: Platform): boolean {
  const [wanted, had] = [want["os.version"], have["os.version"]];
  if (want.os !== "windows" || wanted === undefined || had === undefined) return true;
  return build(wanted) === build(had);
}

function build(version: string): string {
  return version.split(".").slice(0, 3).join(".");
}

/** Everything that runs on a processor, best first, e.g. arm/v6 → arm/v6, arm/v5. */
function runnable(platform: Platform): string[] {
  const { architecture, variant } = platform;
  switch (architecture) {
    case "amd64":
      return [...olderVariants(architecture, variant, 1), cpu("386", undefined)];
    case "arm":
      return olderVariants(architecture, variant, 5);
    case "arm64":
      return [...olderVariants(architecture, variant, 8), ...olderVariants("arm", "v8", 5)];
    default:
      return [cpu(architecture, variant)];
  }
}

function olderVariants(architecture: string, variant: string | undefined, oldest: number): string[] {
  const number = /^v(\d{1,2})$/.exec(variant ?? "")?.[1];
  const out = [cpu(architecture, variant)];
  // amd64 v1 and arm64 v8 are what the name alone means after normalising.
  const base = architecture === "arm" ? undefined : oldest;
  for (let version = Number(number ?? 0) - 1; version >= oldest; version -= 1) {
    out.push(cpu(architecture, version === base ? undefined : `v${version}`));
  }
  return out;
}

function cpu(architecture: string, variant: string | undefined): string {
  return variant === undefined ? architecture : `${architecture}/${variant}`;
}

/**
 * The platform that is meant where nobody names one: DOCKER_DEFAULT_PLATFORM, as for docker, else the machine's. Throws `PLATFORM`.
 */
export function defaultPlatform(env: Readonly<Record<string, string | undefined>>, host: Platform): Platform {
  const wanted = env["DOCKER_DEFAULT_PLATFORM"] ?? "";
  return wanted === "" || wanted === "local" ? host : parsePlatform(wanted, host);
}

/** The platform of this machine from Node's `process.arch`; images are for Linux wherever Decant runs. */
export function hostPlatform(host: { readonly arch: string; readonly os?: string }): Platform {
  return normalizePlatform({ os: host.os ?? "linux", architecture: NODE_ARCHITECTURES.get(host.arch) ?? host.arch });
}

function badPlatform(text: string, state: string): DecantError {
  return new DecantError("PLATFORM", `Cannot use platform "${text}": ${state}`, {
    hint: 'Write for example "linux/amd64" or "linux/arm64"',
  });
}
