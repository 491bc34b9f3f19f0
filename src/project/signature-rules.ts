/**
 * The part of decant.yaml that says which bases must be signed, and by whom:
 *
 *     signatures:
 *       - images: [registry.example/team/*]
 *         key: keys/team.pub
 *       - images: gcr.io/distroless/*
 *         identity: keyless@distroless.iam.gserviceaccount.com
 *         issuer: https://accounts.google.com
 */
import { given } from "../given.ts";
import type { SignerIdentity } from "../signatures/index.ts";
import type { SourceRange } from "../source.ts";
import type { FilePlace } from "../sys/index.ts";
import { checkPattern } from "./image-pattern.ts";
import { type NamedBy, namedPlace } from "./project-bases.ts";
import { configError, listItems, mappingEntries, scalarOf, type YamlEntry, type YamlReading } from "./yaml-reading.ts";

/** Images that fit one of the patterns must be signed by one of these. */
export interface SignatureRule {
  readonly images: readonly string[];
  readonly keys: readonly NamedFile[];
  readonly identity?: SignerIdentity;
  readonly trustedRoot?: NamedFile;
}

/** A file as the project file names it. */
export interface NamedFile {
  readonly shown: string;
  readonly place: FilePlace;
}

const FORM = 'wanted "images", and "key", or "identity" with "issuer"';

/** Reads the value of the key `signatures`. Throws `CONFIG_FILE` with the place. */
export function readSignatureRules(read: YamlReading, { value, valueRange }: YamlEntry, named: NamedBy): readonly SignatureRule[] {
  return [...listItems(read, value, '"signatures"', valueRange)].map((item) => readRule(read, item, named));
}

function readRule(read: YamlReading, item: { readonly value: unknown; readonly range: SourceRange }, named: NamedBy): SignatureRule {
  const texts = new Map<string, readonly { readonly text: string; readonly range: SourceRange }[]>();
  for (const entry of mappingEntries(read, item.value, 'an item of "signatures"')) {
    if (!KEYS.has(entry.key)) throw configError(`an item of "signatures" has no key "${entry.key}"; ${FORM}`, entry.range);
    texts.set(entry.key, textsOf(read, entry));
  }
  const all = (key: string) => texts.get(key) ?? [];
  const [identity] = [...all("identity"), ...all("identityRegexp")];
  const [issuer] = [...all("issuer"), ...all("issuerRegexp")];
  const [root] = all("trustedRoot");
  const file = ({ text, range }: { readonly text: string; readonly range: SourceRange }): NamedFile => ({
    shown: text,
    place: namedPlace(named, text, range),
  });
  const keys = all("key").map(file);
  const isByName = identity !== undefined && issuer !== undefined;
  if (all("images").length === 0 || (keys.length === 0 && !isByName) || (identity === undefined) !== (issuer === undefined))
    throw configError(`an item of "signatures" is not complete; ${FORM}`, item.range);
  for (const { text, range } of all("images")) {
    const problem = checkPattern(text);
    if (problem !== undefined) throw configError(`"${text}" is no pattern; ${problem}`, range);
  }
  const wanted = (key: string, one: { readonly text: string; readonly range: SourceRange }): string | RegExp =>
    all(key).length > 0 ? patternOf(one) : one.text;
  return {
    images: all("images").map(({ text }) => text),
    keys,
    ...given({
      identity: isByName ? { subject: wanted("identityRegexp", identity), issuer: wanted("issuerRegexp", issuer) } : undefined,
      trustedRoot: root === undefined ? undefined : file(root),
    }),
  };
}

const KEYS: ReadonlySet<string> = new Set(["images", "key", "identity", "identityRegexp", "issuer", "issuerRegexp", "trustedRoot"]);
const LISTS: ReadonlySet<string> = new Set(["images", "key"]);

/** A text, or where that is allowed a list of texts. */
function textsOf(read: YamlReading, { key, value, valueRange }: YamlEntry): { readonly text: string; readonly range: SourceRange }[] {
  const single = scalarOf(read, value);
  const items =
    single === undefined && LISTS.has(key) ? [...listItems(read, value, `"${key}"`, valueRange)] : [{ value, range: valueRange }];
  return items.map(({ value: one, range }) => {
    const text = scalarOf(read, one);
    if (typeof text !== "string" || text === "") throw configError(`"${key}" is no text`, range);
    return { text, range };
  });
}

function patternOf({ text, range }: { readonly text: string; readonly range: SourceRange }): RegExp {
  try {
    return new RegExp(text);
  } catch {
    throw configError(`"${text}" is no regular expression`, range);
  }
}
