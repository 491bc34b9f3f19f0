/** The packages of Google's distroless images, family by family (their files static/config.bzl and others, read in August 2026), and what ours have besides. */

/** One family on one release. */
export interface Family {
  readonly name: string;
  /** The family that it adds to. */
  readonly on?: string;
  /** What Google's family adds. */
  readonly google: readonly string[];
  /** What ours adds besides, and why. */
  readonly ours?: readonly string[];
}

const words = (text: string): readonly string[] => text.split(/\s+/).filter((word) => word !== "");

/** Java comes from Debian here, and from Adoptium there: Debian's build takes these libraries from the system. */
const JAVA_13 = "libharfbuzz0b libgraphite2-3 libpcre2-8-0 libglib2.0-0t64 libasound2t64 libatomic1 libpcsclite1";
const JAVA_12 = `zlib1g libjpeg62-turbo liblcms2-2 libfreetype6 fonts-dejavu-core fontconfig-config libexpat1 libfontconfig1 libuuid1 libbrotli1
  libcrypt1 libstdc++6 libgcc-s1 gcc-12-base libpng16-16 libbz2-1.0 libc-bin libharfbuzz0b libgraphite2-3 libpcre2-8-0 libglib2.0-0 libasound2
  libpcsclite1`;
const NODES = [18, 20, 22, 24, 26];

const DEBIAN_13: readonly Family[] = [
  { name: "static-debian13", google: words("base-files netbase tzdata tzdata-legacy media-types ca-certificates") },
  { name: "base-nossl-debian13", on: "static-debian13", google: ["libc6"] },
  { name: "base-debian13", on: "base-nossl-debian13", google: words("libssl3t64 libzstd1 zlib1g") },
  { name: "cc-debian13", on: "base-debian13", google: words("libgomp1 libstdc++6 libgcc-s1 gcc-14-base") },
  ...NODES.map((major): Family => ({ name: `nodejs${major}-debian13`, on: "cc-debian13", google: major === 26 ? ["libatomic1"] : [] })),
  {
    name: "python3-debian13",
    on: "cc-debian13",
    google: words(`libbz2-1.0 libdb5.3t64 libexpat1 liblzma5 libsqlite3-0 libuuid1 libncursesw6 libtinfo6 libcom-err2 libcrypt1 libc-bin
      libgssapi-krb5-2 libk5crypto3 libkeyutils1 libkrb5-3 libkrb5support0 libnsl2 libreadline8t64 libtirpc3t64 libffi8 libpython3.13-minimal
      libpython3.13-stdlib python3.13-minimal python3.13-venv`),
    // Only the copyright file that python3.13-venv links to.
    ours: ["python3.13"],
  },
  {
    name: "java-base-debian13",
    on: "base-nossl-debian13",
    google:
      words(`zlib1g libjpeg62-turbo liblcms2-2 libfreetype6 fonts-dejavu-core fontconfig-config libexpat1 libfontconfig1 libuuid1 libbrotli1
      libcrypt1 libstdc++6 libgcc-s1 gcc-14-base libpng16-16t64 libbz2-1.0 libc-bin`),
    ours: words(JAVA_13),
  },
  { name: "java21-debian13", on: "java-base-debian13", google: [], ours: ["openjdk-21-jre-headless"] },
  { name: "java25-debian13", on: "java-base-debian13", google: [], ours: ["openjdk-25-jre-headless"] },
];

const DEBIAN_12: readonly Family[] = [
  { name: "static-debian12", google: words("base-files netbase tzdata media-types ca-certificates") },
  { name: "base-nossl-debian12", on: "static-debian12", google: ["libc6"] },
  { name: "base-debian12", on: "base-nossl-debian12", google: ["libssl3"] },
  { name: "cc-debian12", on: "base-debian12", google: words("libgomp1 libstdc++6 libgcc-s1 gcc-12-base") },
  ...NODES.map((major): Family => ({
    name: `nodejs${major}-debian12`,
    on: "cc-debian12",
    google: [],
    ours: major === 26 ? ["libatomic1"] : [],
  })),
  {
    name: "python3-debian12",
    on: "cc-debian12",
    // Until May 2026.
    google: words(`libbz2-1.0 libdb5.3 libexpat1 liblzma5 libsqlite3-0 libuuid1 libncursesw6 libtinfo6 zlib1g libcom-err2 libcrypt1
      libgssapi-krb5-2 libk5crypto3 libkeyutils1 libkrb5-3 libkrb5support0 libnsl2 libreadline8 libtirpc3 libffi8 libpython3.11-minimal
      libpython3.11-stdlib python3.11-minimal python3-distutils`),
    ours: words("libc-bin python3.11 python3.11-venv python3-lib2to3"),
  },
  // Google had these on Debian 12 until February 2026, with other libraries.
  { name: "java-base-debian12", on: "base-nossl-debian12", google: [], ours: words(JAVA_12) },
  { name: "java17-debian12", on: "java-base-debian12", google: [], ours: ["openjdk-17-jre-headless"] },
];

/** All families; bases before what is on them. */
export const FAMILIES: readonly Family[] = [...DEBIAN_13, ...DEBIAN_12];

/** All packages of a family, sorted. */
export function packagesOf(name: string): string[] {
  const family = FAMILIES.find((one) => one.name === name);
  if (family === undefined) return [];
  return [...(family.on === undefined ? [] : packagesOf(family.on)), ...family.google, ...(family.ours ?? [])].toSorted();
}

/** Paths that Google's tests ask for, in every family but where `from` says. */
export const PATHS: readonly { readonly path: string; readonly from?: string; readonly dump: RegExp }[] = [
  { path: "etc/passwd", dump: /^file 0644 0:0/ },
  { path: "etc/group", dump: /^file 0644 0:0/ },
  { path: "etc/nsswitch.conf", dump: /^file 0644 0:0/ },
  { path: "etc/os-release", dump: /^link -> \.\.\/usr\/lib\/os-release/ },
  { path: "usr/lib/os-release", dump: /^file 0644 0:0/ },
  { path: "etc/mime.types", dump: /^file 0644 0:0/ },
  { path: "etc/services", dump: /^file 0644 0:0/ },
  { path: "etc/protocols", dump: /^file 0644 0:0/ },
  { path: "etc/host.conf", dump: /^file 0644 0:0/ },
  { path: "etc/ssl/certs/ca-certificates.crt", dump: /^file 0644 0:0/ },
  { path: "usr/share/zoneinfo/Europe/Berlin", dump: /^(?:file 0644 0:0|link)/ },
  { path: "usr/share/doc/ca-certificates/copyright", dump: /^file 0644 0:0/ },
  { path: "usr/share/doc/tzdata/copyright", dump: /^file 0644 0:0/ },
  { path: "usr/share/common-licenses/GPL-3", dump: /^file 0644 0:0/ },
  { path: "tmp", dump: /^dir 1777 0:0/ },
  { path: "var/tmp", dump: /^dir 1777 0:0/ },
  { path: "root", dump: /^dir 0700 0:0/ },
  { path: "home", dump: /^dir 0755 0:0/ },
  { path: "home/nonroot", dump: /^dir 0700 65532:65532/ },
  // What maintainer scripts would have made.
  { path: "etc/localtime", dump: /^link -> \/usr\/share\/zoneinfo\/Etc\/UTC/ },
  { path: "var/run", dump: /^link -> \/run/ },
  { path: "var/lock", dump: /^link -> \/run\/lock/ },
  { path: "run/lock", dump: /^dir 1777 0:0/ },
  { path: "opt", dump: /^dir 0755 0:0/ },
  { path: "srv", dump: /^dir 0755 0:0/ },
  { path: "mnt", dump: /^dir 0755 0:0/ },
  { path: "media", dump: /^dir 0755 0:0/ },
  { path: "usr/local/bin", dump: /^dir 0755 0:0/ },
  { path: "usr/local/lib", dump: /^dir 0755 0:0/ },
  { path: "var/lib/dpkg/status.d/libc6", from: "base-nossl", dump: /^file 0644 0:0/ },
  { path: "etc/ld.so.cache", from: "base-nossl", dump: /^file 0644 0:0/ },
  { path: "etc/ld.so.conf", from: "base-nossl", dump: /^file 0644 0:0/ },
  { path: "usr/share/doc/gcc-14-base/copyright", from: "cc-debian13", dump: /^file 0644 0:0/ },
  { path: "usr/lib/locale/C.utf8/LC_CTYPE", from: "java", dump: /^file 0644 0:0/ },
  { path: "etc/ssl/certs/java/cacerts", from: "java", dump: /^file 0644 0:0/ },
  { path: "usr/bin/python3", from: "python3", dump: /^link -> python3\.1[13]/ },
  { path: "nodejs/bin/node", from: "nodejs", dump: /^file 0755 0:0/ },
  { path: "nodejs/LICENSE", from: "nodejs", dump: /^file 0644 0:0/ },
];
