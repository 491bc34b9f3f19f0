/** Which mirrors and suites make up a Debian release, and how their addresses are written. Values only. */
import type { Platform } from "../oci/index.ts";
import { archiveError } from "./errors.ts";

/** One suite of one mirror, as a line of sources.list. */
export interface ArchiveSource {
  /** "http://deb.debian.org/debian", without a slash at the end. */
  readonly uri: string;
  readonly suite: string;
  readonly components: readonly string[];
}

/** Where packages come from. */
export interface Mirrors {
  /** Default http://deb.debian.org/debian: the signature protects, not the transport. */
  readonly debian?: string;
  /** Default http://deb.debian.org/debian-security. */
  readonly security?: string;
}

/** A release with its updates and security suites. */
export function debianSources(codename: string, mirrors: Mirrors = {}): ArchiveSource[] {
  const debian = withoutSlash(mirrors.debian ?? "http://deb.debian.org/debian");
  const security = withoutSlash(mirrors.security ?? "http://deb.debian.org/debian-security");
  const components = ["main"];
  return [
    { uri: debian, suite: codename, components },
    { uri: debian, suite: `${codename}-updates`, components },
    { uri: security, suite: `${codename}-security`, components },
  ];
}

/** The address of a suite's file. */
export function suiteUrl(source: ArchiveSource, path: string): string {
  return `${withoutSlash(source.uri)}/dists/${source.suite}/${path}`;
}

/** The address of a .deb. */
export function packageUrl(uri: string, filename: string): string {
  return `${withoutSlash(uri)}/${encodeURI(filename)}`;
}

const ARCHITECTURES: Readonly<Record<string, string>> = {
  amd64: "amd64",
  arm64: "arm64",
  "arm/v7": "armhf",
  arm: "armhf",
  "386": "i386",
  ppc64le: "ppc64el",
  s390x: "s390x",
  riscv64: "riscv64",
};

/** Debian's name of a platform's architecture. Throws `DEBIAN_ARCHIVE` for one that Debian does not have. */
export function debianArchitecture(platform: Platform): string {
  const { os, architecture, variant } = platform;
  const key = architecture === "arm" && variant !== undefined ? `arm/${variant}` : architecture;
  const name = os === "linux" ? ARCHITECTURES[key] : undefined;
  if (name === undefined)
    throw archiveError(`${os}/${key}`, `Debian has no such platform; wanted one of ${Object.keys(ARCHITECTURES).join(", ")}`);
  return name;
}

function withoutSlash(uri: string): string {
  return uri.replace(/\/+$/, "");
}
