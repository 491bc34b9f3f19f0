/** The time that a named context has of its own: what SOURCE_DATE_EPOCH=NAME means (F47). */
import { gitCheckout, type SourceAccess } from "../engine/index.ts";
import { downloadFile } from "./download-file.ts";
import type { NamedContext } from "./named-contexts.ts";
import type { Session } from "./session.ts";

/** That of a git commit, or Last-Modified of a URL, in seconds since the epoch; undefined for anything else. Throws `GIT_SOURCE`, `HTTP_SOURCE`. */
export async function contextTime(
  context: NamedContext | undefined,
  session: Session,
  { access, signal }: { readonly access: SourceAccess; readonly signal: AbortSignal },
): Promise<number | undefined> {
  if (context?.kind !== "files") return undefined;
  const { source } = context.files;
  if (source.identifier.startsWith("git://"))
    return (await gitCheckout(session.store, source, { ...access, env: session.env }, signal)).commitTimeSec;
  return /^https?:\/\//.test(source.identifier) ? (await downloadFile(session, source, { access, signal })).timeSec : undefined;
}
