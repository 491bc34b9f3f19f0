/**
 * in-toto statements (in-toto attestation spec v1, as BuildKit stores them): what is said (predicate), of which image (subject). Nothing is
 * signed: whoever can change the index can change them.
 */
import * as v from "valibot";
import { algorithmOf, type Digest, hexOf } from "../digest.ts";
import { given } from "../given.ts";
import { familiarName, formatPlatform, IN_TOTO, parseReference, type Platform } from "../oci/index.ts";
import { formatPurl } from "../purl.ts";
import { type Document, documentOf } from "./manifest.ts";

/** The type of SBOM statements. */
export const SPDX_PREDICATE = "https://spdx.dev/Document";
/** The most that one statement may have: BuildKit refuses larger files. */
export const MAX_STATEMENT_BYTES: number = 40 * 1024 * 1024;
const STATEMENT = "https://in-toto.io/Statement/v1";
const PREDICATE_ANNOTATION = "in-toto.io/predicate-type";

const statementSchema = v.looseObject({ _type: v.string(), predicateType: v.string(), predicate: v.unknown() });

/** What a statement is about: an image or a file. */
export interface StatementSubject {
  readonly name: string;
  readonly digest: Digest;
}

/** An image under each of its names (canonical texts). */
export function imageSubjects(names: readonly string[], digest: Digest, platform: Platform): StatementSubject[] {
  // A statement must have a subject; "_" is in-toto's word for one whose name says nothing.
  if (names.length === 0) return [{ name: "_", digest }];
  return names.map((name) => ({ name: dockerPurl(name, platform), digest }));
}

/** Writes a statement; its descriptor is that of a layer of the attestation manifest. `type` is that of the statement, default v1. */
export function statementOf(
  predicateType: string,
  predicate: unknown,
  subjects: readonly StatementSubject[],
  type: string = STATEMENT,
): Document {
  const subject = subjects.map(({ name, digest }) => ({ name, digest: { [algorithmOf(digest)]: hexOf(digest) } }));
  const { bytes, descriptor } = documentOf(JSON.stringify({ _type: type, predicateType, subject, predicate }), IN_TOTO);
  return { bytes, descriptor: { ...descriptor, annotations: { [PREDICATE_ANNOTATION]: predicateType } } };
}

/** The same said of another image, in the version that it has; undefined for bytes that are no statement. */
export function statementFor(bytes: Buffer, subjects: readonly StatementSubject[]): Document | undefined {
  const parsed = v.safeParse(statementSchema, jsonOf(bytes));
  if (!parsed.success) return undefined;
  const { _type, predicateType, predicate } = parsed.output;
  return statementOf(predicateType, predicate, subjects, _type);
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    return undefined;
  }
}

/** What a layer of an attestation manifest says its statement is about, for lists. */
export function predicateTypeOf(annotations: Readonly<Record<string, string>> | undefined): string | undefined {
  return annotations?.[PREDICATE_ANNOTATION];
}

/** "pkg:docker/app@v1?platform=linux%2Famd64", as BuildKit names images in statements. */
export function dockerPurl(name: string, platform: Platform): string {
  const reference = parseReference(name);
  const familiar = familiarName(reference);
  const slash = familiar.lastIndexOf("/");
  return formatPurl({
    type: "docker",
    ...(slash < 0 ? {} : { namespace: familiar.slice(0, slash) }),
    name: familiar.slice(slash + 1),
    ...given({ version: reference.tag }),
    qualifiers: { digest: reference.digest, platform: formatPlatform(platform) },
  });
}
