/**
 * The host's git, hardened against what repositories, servers and the user's own settings could make it do: no hooks, no helpers, no prompts,
 * no configuration but ours, and no protocol that reads this machine's files or runs a program.
 */
import { DecantError, isDecantError } from "../../errors.ts";
import { proxyVariables } from "../../net/index.ts";
import { type ProcessResult, runProcess } from "../../sys/index.ts";
import { publicUrl } from "../../url-secrets.ts";
import type { GitAccess } from "./git-access.ts";
import { createGitMoves, type Setting } from "./git-moves.ts";

/** Runs git for one remote. */
export interface Git {
  /** Gives standard output; throws `GIT_SOURCE` with what git said. `doing`: "fetch "main"". */
  run(doing: string, args: readonly string[], options?: GitRunOptions): Promise<string>;
  /** The same as a question: did it exit with 0? */
  ask(args: readonly string[], options?: GitRunOptions): Promise<boolean>;
}

/** Where git works. */
interface GitRunOptions {
  readonly cwd?: string | undefined;
  /** Lets git read repositories of this machine: ours. Never where a name comes from outside. */
  readonly localFiles?: boolean | undefined;
  /** All that is asked begins at this address. One of https then never leads to plain http. */
  readonly remote?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

const NETWORK_PROTOCOLS = ["https", "ssh", "git"];

const CONFIG = [
  "core.hooksPath=/dev/null",
  "core.attributesFile=/dev/null",
  "core.excludesFile=/dev/null",
  "core.fsmonitor=false",
  // Logs would hold paths of this machine.
  "core.logAllRefUpdates=false",
  "core.autocrlf=false",
  "core.symlinks=true",
  "credential.helper=",
  "protocol.ext.allow=never",
  "transfer.bundleURI=false",
  "fetch.recurseSubmodules=false",
  "submodule.recurse=false",
  "gc.auto=0",
  "maintenance.auto=false",
  "init.defaultBranch=main",
  "advice.detachedHead=false",
  "safe.directory=*",
].flatMap((setting) => ["-c", setting]);

/** What git may see of our environment besides proxies: how to find programs and certificates. */
const PASSED = ["PATH", "SSL_CERT_FILE", "SSL_CERT_DIR", "GIT_SSL_CAINFO"] as const;

interface GitSurroundings {
  readonly access: GitAccess;
  readonly env: Environment;
  readonly signal: AbortSignal;
  /** Is told of each command before it runs, without secrets. */
  readonly onCommand: (command: string) => void;
}

/** Makes a runner that gets in by `access`: by the environment, and never by arguments. */
export function createGit(options: GitSurroundings): Git {
  const { access, signal, onCommand } = options;
  const base = baseEnv(access, options.env);
  const moves = createGitMoves(access.login);
  const once = async (args: readonly string[], { cwd, ...options }: GitRunOptions, more: Environment = {}): Promise<ProcessResult> => {
    onCommand(["git", ...args].map(publicUrl).join(" "));
    try {
      return await runProcess({
        argv: ["git", ...CONFIG, ...args],
        env: { ...base, ...settingsEnv(moves.settings()), GIT_ALLOW_PROTOCOL: protocolsFor(options), ...more },
        // Never the working directory: its repository's configuration would count.
        cwd: cwd ?? "/",
        ownGroup: true,
        signal,
      });
    } catch (error) {
      if (!isDecantError(error, "NOT_FOUND")) throw error;
      throw new DecantError("GIT_SOURCE", 'Cannot run "git": there is no such program', {
        hint: 'Install it, e.g. "apt-get install git"; git references need it',
        cause: error,
      });
    }
  };
  const trace = async (address: string): Promise<string> => {
    const asked = await once(["ls-remote", "--", address], { remote: address }, { GIT_TRACE_CURL: "1", GIT_TRACE_CURL_NO_DATA: "1" });
    return asked.stderr.toString("utf8");
  };
  const start = async (args: readonly string[], runOptions: GitRunOptions): Promise<ProcessResult> => {
    for (;;) {
      const ended = await once(args, runOptions);
      if (ended.exitCode === 0 || !(await moves.note(ended.stderr.toString("utf8"), trace))) return ended;
    }
  };
  return {
    async run(doing, args, runOptions = {}) {
      const { exitCode, stdout, stderr } = await start(args, runOptions);
      if (exitCode === 0) return stdout.toString("utf8");
      const text = stderr.toString("utf8");
      const said = lastLines(access.login?.authority.hide(text) ?? text);
      throw new DecantError("GIT_SOURCE", `Cannot ${doing}: ${said === "" ? `git exited with ${exitCode}` : said}`, {
        details: { exitCode },
        ...hintFor(said, moves.hint(said)),
      });
    },
    ask: async (args, runOptions = {}) => (await start(args, runOptions)).exitCode === 0,
  };
}

function baseEnv(access: GitAccess, env: Environment): Environment {
  return {
    ...Object.fromEntries(PASSED.map((key) => [key, env[key]])),
    ...proxyVariables(env),
    PATH: env["PATH"] ?? process.env["PATH"],
    ...(env["GIT_SSL_CAINFO"] === undefined && env["SSL_CERT_FILE"] !== undefined ? { GIT_SSL_CAINFO: env["SSL_CERT_FILE"] } : {}),
    LC_ALL: "C",
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "/bin/false",
    GIT_PROTOCOL_FROM_USER: "0",
    // No .netrc: it has the user's own passwords, for whatever host is asked.
    HOME: "/dev/null",
    ...access.env,
  };
}

/** By the environment, where no list of processes shows them. */
function settingsEnv(settings: readonly Setting[]): Environment {
  return {
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(
      settings.flatMap(([key, value], at) => [
        [`GIT_CONFIG_KEY_${at}`, key],
        [`GIT_CONFIG_VALUE_${at}`, value],
      ]),
    ),
  };
}

function protocolsFor({ localFiles = false, remote = "" }: GitRunOptions): string {
  if (localFiles) return "file";
  return [...NETWORK_PROTOCOLS, ...(remote.startsWith("https:") ? [] : ["http"])].join(":");
}

function hintFor(said: string, redirect: string | undefined): { readonly hint?: string | undefined } {
  if (redirect !== undefined) return { hint: redirect };
  if (/Protocol "http" (?:not supported|disabled)/.test(said))
    return { hint: "The server redirects from https to plain http. If you trust the address that it leads to, give that one" };
  if (!said.includes("Host key verification failed")) return {};
  return { hint: "Add the host with ssh-keyscan HOST >> ~/.ssh/known_hosts, or pass --ssh default" };
}

/** What git said last, in one line, without credentials and control characters. */
function lastLines(text: string): string {
  const lines = text
    .split(/[\r\n]+/)
    .map((line) =>
      line
        .replace(/^(?:fatal|error|remote): /, "")
        .replaceAll(/[^\P{C}]/gu, "")
        .trim(),
    )
    // What ssh said before these two is what helps.
    .filter((line) => line !== "" && !/^(?:hint:|Please make sure you have the correct access|and the repository exists)/.test(line));
  return lines
    .slice(-3)
    .map((line) => line.replaceAll(/[a-z]+:\/\/\S+/gi, (url) => publicUrl(url)))
    .join("; ")
    .slice(0, 500);
}
