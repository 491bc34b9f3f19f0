/**
 * What git may use to be let in: the URL's own password, credentials in secrets (F39), and over ssh an agent. A Dockerfile's ADD gets an agent
 * of --ssh and nothing of the user's own; a context, which the user names, also the user's ssh settings.
 */
import { join } from "node:path";
import { DecantError } from "../../errors.ts";
import { given } from "../../given.ts";
import { isSshRemote, type SourceOp, withoutCredentials } from "../../graph/index.ts";
import { type Authority, splitUserInfo } from "../../net/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import { serveAgent } from "../ssh/index.ts";
import { gitAuthorization, type SourceAccess } from "./source-secrets.ts";
import { makeTemporaryFolder } from "../../sys/index.ts";

/** The way in for one remote. Disposing removes the agent's socket. */
export interface GitAccess extends AsyncDisposable {
  /** Over http(s): who we are. */
  readonly login?: GitLogin;
  /** Variables of git and of the ssh that it starts. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** An authority, and for which addresses of its origin git has it: for all that begin with this one. */
export interface GitLogin {
  readonly authority: Authority;
  readonly scope: string;
}

/** One token for all of a host, as BuildKit and actions/checkout have it: submodules need it. */
const WHOLE_HOSTS = ["https://github.com/", "https://www.github.com/"];
/** Submodules over ssh of a repository over https have no keys. */
const NO_KEYS = ["-F/dev/null", "-oIdentityFile=none", "-oBatchMode=yes"];

/** Opens the way in that `remote`, as the user wrote it, needs. Throws `GIT_SOURCE` where an agent is missing, `USAGE` for unusable secrets. */
export async function openGitAccess(
  op: SourceOp,
  remote: string,
  { env, secret, sshAgent }: SourceAccess & { readonly env: Readonly<Record<string, string | undefined>> },
  signal: AbortSignal,
): Promise<GitAccess> {
  if (!isSshRemote(remote)) {
    const authority = await gitAuthorization(remote, secret, signal);
    const login = authority === undefined ? ownPassword(remote) : { authority, scope: scopeOf(remote) };
    return {
      ...given({ login }),
      env: sshCommand([...NO_KEYS, "-oIdentityAgent=none"]),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const wanted = op.attrs["git.mountsshsock"];
  const agent = await sshAgent(wanted ?? "default");
  if (agent === undefined) {
    if (wanted !== undefined)
      throw new DecantError(
        "GIT_SOURCE",
        `Cannot fetch "${publicUrl(remote)}": it needs ssh, and there is no SSH agent "${wanted}" (no SSH key "${wanted}" forwarded)`,
        {
          hint: "Pass --ssh default, or --ssh default=KEYFILE",
        },
      );
    return {
      env: { SSH_AUTH_SOCK: env["SSH_AUTH_SOCK"], ...sshCommand(["-oBatchMode=yes"], env["HOME"]) },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  await using stack = new AsyncDisposableStack();
  const served = stack.use(await serveAgent(agent, { mode: 0o600, uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }));
  const folder = stack.use(makeTemporaryFolder("hosts"));
  // As BuildKit, hosts that nobody knows are taken for what they say; but one whose key has changed is refused.
  const hosts = [
    "-oStrictHostKeyChecking=accept-new",
    // Its list lives as long as this fetch: that a host was added to it is no news.
    "-oLogLevel=ERROR",
    `-oUserKnownHostsFile="${join(folder.path, "known_hosts")}" ~/.ssh/known_hosts ~/.ssh/known_hosts2`,
  ];
  // The user's settings may name another agent.
  const identity = `-oIdentityAgent="${served.path}"`;
  const held = stack.move();
  return {
    env: {
      SSH_AUTH_SOCK: served.path,
      ...sshCommand([...(wanted === undefined ? ["-oBatchMode=yes"] : NO_KEYS), ...hosts, identity], env["HOME"]),
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** A password of an http(s) URL, for that server alone. */
function ownPassword(remote: string): GitLogin | undefined {
  const parsed = /^https?:\/\//i.test(remote) ? URL.parse(remote) : null;
  const authority = parsed === null ? undefined : splitUserInfo(parsed).authority;
  return authority === undefined ? undefined : { authority, scope: `${authority.origin}/` };
}

function scopeOf(remote: string): string {
  const bare = withoutCredentials(remote);
  return WHOLE_HOSTS.find((prefix) => bare.startsWith(prefix)) ?? bare;
}

/** Git hands it to a shell. The home is for ssh alone: git's own requests over http must not find the user's .netrc there. */
function sshCommand(args: readonly string[], home?: string): GitAccess["env"] {
  const words = ["ssh", ...args].map(quoted).join(" ");
  return { GIT_SSH_VARIANT: "ssh", GIT_SSH_COMMAND: home === undefined ? words : `HOME=${quoted(home)} ${words}` };
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
