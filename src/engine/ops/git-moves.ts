/**
 * Redirects of servers that let git in. Git would send the header for an address also to where that redirects, whoever that is. So it follows no
 * redirects of such addresses: it is asked where they lead, and told to use the new address, with the header only if that is of the same origin.
 */
import { type Authority, linkProblem } from "../../net/index.ts";
import type { GitLogin } from "./git-access.ts";

/** A setting of git. */
export type Setting = readonly [name: string, value: string];

/** What is known of moved addresses. */
interface GitMoves {
  /** Settings of git for them and for the way in. No argument list may show them. */
  settings(): readonly Setting[];
  /**
   * Takes note of a redirect that git's messages tell of; true when the command can succeed now. `trace` runs git on an address and gives its
   * messages with GIT_TRACE_CURL.
   */
  note(messages: string, trace: (address: string) => Promise<string>): Promise<boolean>;
  /** What helps after a failure of which git says `said`, where it comes of a redirect. */
  hint(said: string): string | undefined;
}

/** Of a repository with its submodules. */
const MAX_MOVES = 50;
const INFO = "/info/refs?service=git-upload-pack";
/** At the beginning of a line: words of a server come after "remote:". */
const REDIRECTED = /^fatal: unable to access '([^']+?)\/?': The requested URL returned error: 30[12378]/m;
const LOCATION = /<= Recv header:\s*location:\s*(\S+)/gi;
const REFUSED = /\b40[134]\b|Username|Password|Authentication|not found/i;

/** Knows nothing yet. Without `login` git follows redirects by itself: there is nothing to lose. */
export function createGitMoves(login: GitLogin | undefined): GitMoves {
  if (login === undefined) return { settings: () => [], note: () => Promise.resolve(false), hint: () => undefined };
  const { authority, scope } = login;
  const moves = new Map<string, string>();
  let problem: string | undefined;
  return {
    settings() {
      const all = [...new Set([scope, ...moves.values()])];
      // Git would send the header once for each of two that both fit.
      const scopes = all.filter((address) => !all.some((other) => other !== address && isBelow(address, other)));
      return [
        ...scopes.flatMap((address) => headerSettings(authority, address)),
        ...moves.entries().map(([from, to]): Setting => [`url.${to}.insteadOf`, from]),
      ];
    },
    async note(messages, trace) {
      const from = REDIRECTED.exec(messages)?.[1];
      if (from === undefined || moves.has(from) || moves.size === MAX_MOVES) return false;
      // Other addresses follow redirects by themselves.
      if (URL.parse(from)?.origin !== authority.origin) return false;
      const found = [...(await trace(from)).matchAll(LOCATION)].at(-1)?.[1];
      const next = found === undefined ? null : URL.parse(found, from + INFO);
      if (next === null) return false;
      problem =
        linkProblem(new URL(from), next) ?? (next.href.endsWith(INFO) ? undefined : `it leads to "${next.host}", to no git repository`);
      if (problem !== undefined) return false;
      next.username = "";
      next.password = "";
      const to = next.href.slice(0, -INFO.length);
      // Git rewrites an address once.
      for (const [first, last] of moves) if (last === from) moves.set(first, to);
      moves.set(from, to);
      return true;
    },
    hint(said) {
      if (problem !== undefined) return `The server redirects: ${problem}`;
      const away = moves.values().find((address) => authority.headerFor(new URL(address)) === undefined);
      if (away === undefined || !REFUSED.test(said)) return undefined;
      return `The server redirects to "${away}". Decant does not send credentials for "${authority.origin}" there; if they belong there, give that address`;
    },
  };
}

/** None for another origin. There, git may follow redirects: it has nothing to lose. */
function headerSettings(authority: Authority, address: string): readonly Setting[] {
  const header = authority.headerFor(new URL(address));
  if (header === undefined) return [];
  return [
    [`http.${address}.extraHeader`, `Authorization: ${header}`],
    [`http.${address}.followRedirects`, "false"],
  ];
}

/** As git matches addresses in the names of settings. */
function isBelow(address: string, scope: string): boolean {
  return address === scope || address.startsWith(scope.endsWith("/") ? scope : `${scope}/`);
}
