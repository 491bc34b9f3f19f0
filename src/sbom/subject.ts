/** What both kinds of documents say about their subject: time, identity and package URL, made of the subject alone. Pure. */
import { framedDigest, hexOf } from "../digest.ts";
import { formatPlatform, parseReference } from "../oci/index.ts";
import { formatPurl } from "../purl.ts";
import type { SbomSubject } from "./types.ts";

/** "2026-01-31T12:00:00Z": without parts of seconds, as SPDX wants it. What cannot be read as a time is 1970. */
export function createdOf({ created = "" }: SbomSubject): string {
  const time = Date.parse(created);
  return `${new Date(Number.isNaN(time) ? 0 : time).toISOString().slice(0, 19)}Z`;
}

/** An identifier in the form of a UUID that is the same for the same content (version 8, RFC 9562). */
export function uuidOf(parts: readonly string[]): string {
  const hex = hexOf(framedDigest(parts));
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

/** "pkg:oci/app@sha256:…?arch=amd64&repository_url=ghcr.io/org/app&tag=v1"; undefined without a digest. Throws `REFERENCE`. */
export function subjectPurl({ name, reference: text, digest, platform }: SbomSubject): string | undefined {
  if (digest === undefined) return undefined;
  const reference = text === undefined ? undefined : parseReference(text);
  const path = reference?.repository ?? name.replace(/^[a-z-]+:/, "");
  return formatPurl({
    type: "oci",
    name: (path.split("/").findLast((part) => part !== "") ?? "image").toLowerCase(),
    version: digest,
    qualifiers: {
      arch: platform.architecture,
      tag: reference?.tag,
      repository_url: reference === undefined ? undefined : `${reference.registry}/${reference.repository}`,
    },
  });
}

/** "linux/arm64". */
export function platformOf({ platform }: SbomSubject): string {
  return formatPlatform(platform);
}
