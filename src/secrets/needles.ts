/** The forms in which the value of a secret may be found: as it is, its lines and words, in base64, hexadecimal, URLs and JSON. */

/** A secret that a build knows. */
export interface KnownSecret {
  readonly id: string;
  readonly value: Uint8Array;
}

/** One thing to look for. */
export interface Needle {
  readonly secret: string;
  /** "its value", "a line of it, in base64" */
  readonly form: string;
  readonly bytes: Buffer;
}

/** Shorter values would be found by chance, and so would words and numbers. */
const MIN_BYTES = 8;
const PLAIN = /^(?:[a-z]{0,14}|[A-Z]{0,14}|\d{0,14})$/;
/** Names of hosts and paths are no credentials: they stand in many files. */
const PLACE = /^[a-z\d._/-]*[./][a-z\d._/-]*$/;
const MIN_PART_BYTES = 16;
const MAX_PARTS = 16;
/** What a longer value begins with is enough to know it by. */
const MAX_BYTES = 4096;

/** The needles of secrets, and the ids of those that are too short or too plain to be looked for. */
export function needlesOf(secrets: readonly KnownSecret[]): { readonly needles: readonly Needle[]; readonly tooPlain: readonly string[] } {
  const needles: Needle[] = [];
  const tooPlain: string[] = [];
  for (const { id, value } of secrets) {
    const whole = Buffer.from(value).toString("latin1").trim();
    if (whole.length < MIN_BYTES || PLAIN.test(whole)) {
      if (whole !== "") tooPlain.push(id);
      continue;
    }
    const parts = partsOf(whole).filter((part) => part !== whole);
    needles.push(...formsOf(id, "its value", whole), ...parts.flatMap((part) => formsOf(id, "a part of it", part)));
  }
  return { needles, tooPlain };
}

/** Lines, and values behind "=", ":" and blanks, that look like credentials: letters and digits, and long. */
function partsOf(text: string): string[] {
  const parts = new Set<string>();
  for (const word of text.split(/[\s"'=:,;]+|(?<==)/))
    if (word.length >= MIN_PART_BYTES && /\d/.test(word) && /[A-Za-z]/.test(word) && !PLACE.test(word)) parts.add(word);
  // A private key begins with what its public half has, too.
  return [...parts].slice(-MAX_PARTS);
}

function formsOf(secret: string, what: string, text: string): Needle[] {
  const raw = Buffer.from(text, "latin1").subarray(0, MAX_BYTES);
  const forms = new Map<string, string>([[raw.toString("latin1"), what]]);
  const add = (form: Buffer | string, how: string): void => {
    const key = typeof form === "string" ? form : form.toString("latin1");
    if (key.length >= MIN_BYTES && !forms.has(key)) forms.set(key, `${what}, ${how}`);
  };
  for (const encoded of base64Forms(raw)) {
    add(encoded, "in base64");
    add(encoded.replaceAll("+", "-").replaceAll("/", "_"), "in base64url");
  }
  const utf8 = raw.toString("utf8");
  add(raw.toString("hex"), "in hexadecimal");
  add(raw.toString("hex").toUpperCase(), "in hexadecimal");
  add(Buffer.from(encodeURIComponent(utf8)), "in a URL");
  add(Buffer.from(JSON.stringify(utf8).slice(1, -1)), "in JSON");
  return [...forms].map(([key, form]) => ({ secret, form, bytes: Buffer.from(key, "latin1") }));
}

/** What is the same in the base64 of any text that holds `raw`, at each of the three offsets it can have. */
function base64Forms(raw: Buffer): string[] {
  return [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), raw]).toString("base64");
    // Characters that share bits with what is before or behind differ.
    const from = offset === 0 ? 0 : offset + 1;
    const whole = Math.floor(((offset + raw.byteLength) * 8) / 6);
    return encoded.slice(from, whole);
  });
}
