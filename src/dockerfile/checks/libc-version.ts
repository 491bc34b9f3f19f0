/** Which C library an image has, as far as its name tells, and which of two versions is newer. */
import type { Libc } from "../../facts/index.ts";
import { repositoryOf } from "./shipped.ts";

/** Is `a` a later version than `b`? Both as "2.36". */
export function isNewerVersion(a: string, b: string): boolean {
  const [majorA = 0, minorA = 0] = a.split(".").map(Number);
  const [majorB = 0, minorB = 0] = b.split(".").map(Number);
  return majorA === majorB ? minorA > minorB : majorA > majorB;
}

/** Part of a tag → version of glibc. What the distributions have in them does not change any more. */
const RELEASES: readonly (readonly [release: RegExp, glibc: string])[] = [
  [/buster|debian10|^debian:10\b/, "2.28"],
  [/bullseye|debian11|^debian:11\b/, "2.31"],
  [/bookworm|debian12|^debian:12\b/, "2.36"],
  [/trixie|debian13|^debian:13\b/, "2.41"],
  [/focal|^ubuntu:20\.04/, "2.31"],
  [/jammy|^ubuntu:22\.04/, "2.35"],
  [/noble|^ubuntu:24\.04/, "2.39"],
  [/^(?:rockylinux|almalinux):8\b/, "2.28"],
  [/^(?:rockylinux|almalinux):9\b/, "2.34"],
  [/^amazonlinux:2023/, "2.34"],
];
/** Official images that are Debian's where their tag does not say otherwise. */
const ON_DEBIAN: ReadonlySet<string> = new Set([
  "buildpack-deps",
  "debian",
  "gcc",
  "golang",
  "maven",
  "node",
  "perl",
  "php",
  "python",
  "ruby",
  "rust",
  "ubuntu",
]);

/** The C library of `image` by its name; undefined where that does not tell. */
export function libcByName(image: string): Libc | undefined {
  const name = image.replace(/@.*$/, "").replace(/^(?:docker\.io\/)?(?:library\/)?/, "");
  if (/(?:^|[:/-])alpine|musl/.test(name)) return { kind: "musl" };
  // Without anything to start programs with.
  if (/distroless\/static|^distroless:static/.test(name)) return undefined;
  const version = RELEASES.find(([release]) => release.test(name))?.[1];
  if (version !== undefined) return { kind: "glibc", version };
  return ON_DEBIAN.has(repositoryOf(image)) ? { kind: "glibc" } : undefined;
}
