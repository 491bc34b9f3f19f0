/**
 * The other host: a server that redirects and addresses of hostile servers lead to. It answers as it is told, asks for credentials in every way, and
 * remembers all that it hears, so that a test can search it for secrets.
 */
import type { Answer } from "./faults.ts";
import { type Heard, type ServerOptions, startServer, type TestServer } from "./server.ts";

/** What it answers. */
export type StrangerReply = Answer;

/** A running stranger. */
export type Stranger = TestServer;

/** Gives an answer; "bearer" and "basic" ask for credentials, and take whatever comes to /token. */
export type Manners = "bearer" | "basic" | ((request: Heard) => Answer);

/** Starts one, that speaks http and https on one port. */
export async function startStranger(manners: Manners, options: ServerOptions = {}): Promise<Stranger> {
  const server: Stranger = await startServer((request) => {
    if (typeof manners === "function") return manners(request);
    return asking(manners, request, request.secure ? server.secureOrigin : server.origin);
  }, options);
  return server;
}

function asking(kind: "bearer" | "basic", { path }: Heard, origin: string): Answer {
  if (path.startsWith("/token"))
    return { headers: { "content-type": "application/json" }, body: JSON.stringify({ token: "of-a-stranger" }) };
  const challenge =
    kind === "basic" ? 'Basic realm="stranger"' : `Bearer realm="${origin}/token",service="stranger",scope="repository:team/app:pull"`;
  return { status: 401, headers: { "www-authenticate": challenge } };
}
