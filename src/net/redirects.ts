/**
 * The one loop that follows redirects, whatever sends the requests. An `Authority` stays with its origin, and is not used again once a redirect
 * has led elsewhere, not even back at its origin: a stranger must not choose what is asked in our name. https never becomes http; at most ten.
 */
import type { Authority } from "./authority.ts";

/** What is needed of an answer. */
export interface Answer {
  readonly status: number;
  header(name: string): string | undefined;
  /** Gives up its body. */
  discard(): void;
}

/** Where a request goes. */
export interface Stop {
  readonly url: URL;
  /** The value of "Authorization"; undefined where there is none to send. */
  readonly authorization: string | undefined;
  /** Another origin than the one that was to be asked has chosen this address, or is this address. */
  readonly strayed: boolean;
  /** What redirected here; undefined for the first. */
  readonly from: URL | undefined;
}

/** A request, but for how it is sent. */
export interface Journey<Reply extends Answer> {
  readonly method: string;
  readonly url: URL;
  readonly authority?: Authority | undefined;
  /** `url` was itself given by a stranger: no authority counts for it. Default false. */
  readonly strayed?: boolean | undefined;
  /** Refuse to leave the origin of `url`: the request or its answer is a secret as such. Default false. */
  readonly staysHome?: boolean | undefined;
  readonly send: (stop: Stop) => Promise<Reply>;
  /** Makes the error of a redirect that must not be followed; `state` says why, and holds no secret. */
  readonly refuse: (from: URL, state: string) => Error;
}

/** The last answer, and where it came from. */
interface Arrival<Reply extends Answer> {
  readonly reply: Reply;
  /** Without user information. */
  readonly url: URL;
  /** Not of the origin that was asked, or by way of another: it may be used, but its 401 is no question to us. */
  readonly strayed: boolean;
}

const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** Sends a request, and again where its answer redirects to. Throws what `refuse` makes, and what `send` throws. */
export async function followRedirects<Reply extends Answer>(journey: Journey<Reply>): Promise<Arrival<Reply>> {
  const { authority, refuse } = journey;
  let { url } = journey;
  let strayed = journey.strayed ?? false;
  let from: URL | undefined;
  for (let redirects = 0; ; redirects += 1) {
    const reply = await journey.send({ url, authorization: strayed ? undefined : authority?.headerFor(url), strayed, from });
    if (!REDIRECTS.has(reply.status)) return { reply, url, strayed };
    reply.discard();
    if (redirects === MAX_REDIRECTS) throw refuse(journey.url, `it leads to more than ${MAX_REDIRECTS} others`);
    const next = targetOf(journey, url, reply);
    if (next.origin !== url.origin) {
      if (journey.staysHome === true) throw refuse(url, `it leads to "${next.host}", which has no business with this request`);
      strayed = true;
    }
    from = url;
    url = next;
  }
}

function targetOf({ method, refuse }: Pick<Journey<Answer>, "method" | "refuse">, from: URL, reply: Answer): URL {
  const location = reply.header("location");
  const next = location === undefined ? null : URL.parse(location, from.href);
  if (next === null) throw refuse(from, "it does not say where to");
  const problem = linkProblem(from, next);
  if (problem !== undefined) throw refuse(from, problem);
  if (method !== "GET" && method !== "HEAD" && reply.status < 307) {
    throw refuse(from, `status ${reply.status} would turn ${method} into GET`);
  }
  // A server's own idea of who we are is not ours.
  next.username = "";
  next.password = "";
  return next;
}

/** Why an address that `from` gave must not be asked; undefined when it may. */
export function linkProblem(from: URL, next: URL): string | undefined {
  if (next.protocol !== "https:" && next.protocol !== "http:") return `it leads to "${next.protocol}"`;
  if (from.protocol === "https:" && next.protocol === "http:") return `it leads from https to plain http on "${next.host}"`;
  return undefined;
}
