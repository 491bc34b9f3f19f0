/**
 * Redirects of servers that let git in. Git would send the header for an address also to where that redirects, whoever that is. So it follows no
 * redirects of such addresses: it is asked where they lead, and told to use the new address, with the header only if that is of the same origin.
 */
import { linkProblem } from "../../registry/index.ts";
import type { GitLogin } from "./git-access.ts";

/** What is known of moved addresses. */
export interface GitMoves {
  /** Settings of git for them and for the way in. No argument list may show them. */
  settings(): readonly (readonly [name: string, value: string])[];
  /**
   * Takes note of a redirect that git's messages tell of; true when the command can succeed now. `trace` runs git on an address and gives its
   * messages with GIT_TRACE_CURL.
   */
  note(messages: string, trace: (address: string) => Promise<string>): Promise<boolean>;
  /** What helps after a failure that comes of a redirect. */
  hint(): string | undefined;
}

const MAX_MOVES = 10;
const INFO = "/info/refs?service=git-upload-pack";
const REDIRECTED = /unable to access '([^']+?)\/?': The requested URL returned error: 30[12378]/;
const LOCATION = /Recv header:\s*location:\s*(\S+)/gi;

/** Knows nothing yet. Without `login` git follows redirects by itself: there is nothing to lose. */
export function createGitMoves(login: GitLogin | undefined): GitMoves {
  if (login === undefined) return { settings: () => [], note: () => Promise.resolve(false), hint: () => undefined };
  const { authority, scope } = login;
  const moves = new Map<string, string>();
  let problem: string | undefined;
  return {
    settings() {
      const scopes = [scope, ...[...moves.values()].filter((address) => !isBelow(address, scope))];
      return [
        ...new Set(scopes).values().flatMap((address) => {
          const header = authority.headerFor(new URL(address));
          if (header === undefined) return [];
          return [
            [`http.${address}.extraHeader`, `Authorization: ${header}`] as const,
            [`http.${address}.followRedirects`, "false"] as const,
          ];
        }),
        ...moves.entries().map(([from, to]) => [`url.${to}.insteadOf`, from] as const),
      ];
    },
    async note(messages, trace) {
      const from = REDIRECTED.exec(messages)?.[1];
      if (from === undefined || moves.has(from) || moves.size === MAX_MOVES) return false;
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
    hint() {
      if (problem !== undefined) return `The server redirects: ${problem}`;
      const away = moves.values().find((address) => authority.headerFor(new URL(address)) === undefined);
      if (away === undefined) return undefined;
      return `The server redirects to "${away}". Credentials for "${authority.origin}" are not sent there; if they belong there, give that address`;
    },
  };
}

/** As git matches addresses in the names of settings. */
function isBelow(address: string, scope: string): boolean {
  return address === scope || address.startsWith(scope.endsWith("/") ? scope : `${scope}/`);
}
