/**
 * A secret that knows where it belongs. Whoever sends a request gives it an `Authority` and never a header: the header can be had for a URL of
 * its own origin (scheme, host and port) only, so no redirect, upload address or mirror can get it.
 */

/** A right to be let in at one origin. Holds a secret: it shows none when it is printed or turned to JSON. */
export interface Authority {
  /** "https://ghcr.io". */
  readonly origin: string;
  /** The value of "Authorization" for a request to `url`; undefined for every other origin. */
  readonly headerFor: (url: URL) => string | undefined;
  /** `text` with "…" in place of the secret in all its forms: for words of a server, which may repeat what it was sent. */
  readonly hide: (text: string) => string;
}

/** Makes the authority whose header has the value `header` at the origin of `url`. `secrets`: what else no message may show. */
export function createAuthority(url: URL, header: string, secrets: readonly string[] = []): Authority {
  const { origin } = url;
  return {
    origin,
    headerFor: (asked) => (asked.origin === origin ? header : undefined),
    hide: hiding([header, header.replace(/^\S+\s+/, ""), ...secrets]),
  };
}

/** The authority of a user and a password (RFC 7617) at the origin of `url`. */
export function basicAuthority(url: URL, username: string, password: string): Authority {
  const pair = `${username}:${password}`;
  return createAuthority(url, `Basic ${Buffer.from(pair, "utf8").toString("base64")}`, [pair, password]);
}

/** A function that puts "…" in place of the secrets. */
export function hiding(secrets: readonly string[]): (text: string) => string {
  // The longest first: one may be a part of another.
  const hidden = secrets.filter((secret) => secret !== "").toSorted((a, b) => b.length - a.length);
  return (text) => hidden.reduce((left, secret) => left.replaceAll(secret, "…"), text);
}

/** A URL without its user information, which is an authority for its origin. Broken percent signs are taken as they are. */
export function splitUserInfo(url: URL): { readonly url: URL; readonly authority?: Authority } {
  const { url: bare, login } = readUserInfo(url);
  return { url: bare, ...(login === undefined ? {} : { authority: basicAuthority(bare, login.username, login.password) }) };
}

/** A URL without its user information, and that. */
export function readUserInfo(url: URL): { readonly url: URL; readonly login?: { readonly username: string; readonly password: string } } {
  if (url.username === "" && url.password === "") return { url };
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return { url: bare, login: { username: decoded(url.username), password: decoded(url.password) } };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
