/** Which mirrors and suites make up a Debian release, and how their addresses are written. Values only. */
import type { Platform } from "../oci/index.ts";
import { archiveError } from "./errors.ts";
import type { Keyring } from "./keyring.ts";

/** One suite of one mirror, as a line of sources.list. */
export interface ArchiveSource {
  /** "http://deb.debian.org/debian", without a slash at the end. */
  readonly uri: string;
  /** A codename or suite; one that ends in "/" is a path below `uri` with neither dists/ nor components. */
  readonly suite: string;
  readonly components: readonly string[];
  /** The keys that its release must be signed with. Default: those of the archive's options. */
  readonly keyring?: Keyring;
  /** ISO time: signatures and Valid-Until are judged as of then, for an address that holds the archive of that time. Default: now. */
  readonly asOf?: string;
}

/** Where packages come from. */
export interface Mirrors {
  /** Default http://deb.debian.org/debian: the signature protects, not the transport. With `snapshot`: the address that timestamps are below. */
  readonly debian?: string;
  /** Default http://deb.debian.org/debian-security. */
  readonly security?: string;
  /** "20260601T000000Z": the archives as they were then, by default from snapshot.debian.org. Default: as they are now. */
  readonly snapshot?: string;
}

const MIRROR = "http://deb.debian.org";
const SNAPSHOTS = "https://snapshot.debian.org/archive";
const TIMESTAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** A release with its updates and security suites. Throws `DEBIAN_ARCHIVE` for a timestamp that is none. */
export function debianSources(codename: string, mirrors: Mirrors = {}): ArchiveSource[] {
  const { snapshot } = mirrors;
  const place = (name: string, mirror: string | undefined): string =>
    withoutSlash(mirror ?? (snapshot === undefined ? `${MIRROR}/${name}` : `${SNAPSHOTS}/${name}`)) +
    (snapshot === undefined ? "" : `/${snapshot}`);
  const debian = place("debian", mirrors.debian);
  const security = place("debian-security", mirrors.security);
  const common = { components: ["main"], ...(snapshot === undefined ? {} : { asOf: snapshotTime(snapshot) }) };
  return [
    { uri: debian, suite: codename, ...common },
    { uri: debian, suite: `${codename}-updates`, ...common },
    { uri: security, suite: `${codename}-security`, ...common },
  ];
}

function snapshotTime(snapshot: string): string {
  const iso = snapshot.replace(TIMESTAMP, "$1-$2-$3T$4:$5:$6.000Z");
  const time = new Date(iso);
  if (!TIMESTAMP.test(snapshot) || Number.isNaN(time.getTime()) || time.toISOString() !== iso)
    throw archiveError(`snapshot ${snapshot}`, 'it is not a time; wanted one such as "20260601T000000Z"');
  return iso;
}

/** "20260601T000000Z" as snapshot.debian.org names the state of an archive at `time`. */
function snapshotName(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;
}

/**
 * Where snapshot.debian.org keeps what `uri`, a mirror of debian, debian-security or debian-ports, had at `time`; undefined for an archive that
 * it does not keep.
 */
export function snapshotUri(uri: string, time: Date): string | undefined {
  const name = /\/(debian|debian-security|debian-ports)\/*$/.exec(uri)?.[1];
  return name === undefined ? undefined : `${SNAPSHOTS}/${name}/${snapshotName(time)}`;
}

/** Is it a repository without dists/ and components, which sources.list names by a suite with a slash at its end ("./")? */
export function isFlat({ suite }: ArchiveSource): boolean {
  return suite.endsWith("/");
}

/** The address of a suite's file. */
export function suiteUrl(source: ArchiveSource, path: string): string {
  const root = withoutSlash(source.uri);
  return isFlat(source) ? new URL(`${root}/${source.suite}${path}`).href : `${root}/dists/${source.suite}/${path}`;
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
