/** Credentials of downloads that are secrets of the build (F39), by the names that BuildKit has for them. They become an authority, and nothing else. */
import { DecantError } from "../../errors.ts";
import { type Authority, createAuthority } from "../../net/index.ts";
import type { EngineContext } from "../types.ts";

/** What a caller lends to downloads. */
export type SourceAccess = Pick<EngineContext, "secret" | "sshAgent">;

interface Candidate {
  readonly id: string;
  /** The secret is a token, not the header's whole value. */
  readonly ofToken?: (token: string) => string;
}

type SecretReader = EngineContext["secret"];

/** For a URL of a file: HTTP_AUTH_TOKEN_<host>, else HTTP_AUTH_HEADER_<host>. Throws `USAGE` for what is no header. */
export async function httpAuthorization(url: string, secret: SecretReader, signal: AbortSignal): Promise<Authority | undefined> {
  const address = URL.parse(url);
  if (address === null) return undefined;
  const host = address.hostname.replace(/^\[(.*)\]$/, "$1");
  const ofToken = (token: string): string => `Bearer ${token}`;
  return await firstOf(address, [{ id: `HTTP_AUTH_TOKEN_${host}`, ofToken }, { id: `HTTP_AUTH_HEADER_${host}` }], secret, signal);
}

/** For a repository over http(s): GIT_AUTH_HEADER.<host>, GIT_AUTH_TOKEN.<host>, GIT_AUTH_HEADER, GIT_AUTH_TOKEN. Throws `USAGE` for what is no header. */
export async function gitAuthorization(remote: string, secret: SecretReader, signal: AbortSignal): Promise<Authority | undefined> {
  const address = /^https?:\/\//i.test(remote) ? URL.parse(remote) : null;
  if (address === null) return undefined;
  const ofToken = (token: string): string => `basic ${Buffer.from(`x-access-token:${token}`).toString("base64")}`;
  const candidates = [`.${address.host}`, ""].flatMap((place) => [
    { id: `GIT_AUTH_HEADER${place}` },
    { id: `GIT_AUTH_TOKEN${place}`, ofToken },
  ]);
  return await firstOf(address, candidates, secret, signal);
}

async function firstOf(
  address: URL,
  candidates: readonly Candidate[],
  secret: SecretReader,
  signal: AbortSignal,
): Promise<Authority | undefined> {
  for (const { id, ofToken } of candidates) {
    const value = await secret(id, signal);
    if (value === undefined) continue;
    // Files of secrets end in a line end, which is not part of them.
    const text = Buffer.from(value)
      .toString("latin1")
      .replace(/[\r\n]+$/, "");
    if (text === "") continue;
    // What fetch says of a bad header quotes it.
    if (!/^[\t\x20-\x7e\x80-\xff]+$/.test(text))
      throw new DecantError(
        "USAGE",
        `Cannot use secret "${id}" as credentials: it has control characters or more than one line; wanted one line of text`,
      );
    return createAuthority(address, ofToken?.(text) ?? text, [text]);
  }
  return undefined;
}
