/** The command as another user starts it: an account of its own with ids in /etc/subuid, which scripts/setup makes, or a number that has nothing. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { chownSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { once } from "node:events";
import { DECANT } from "./command.ts";

const ACCOUNT = "decant-test";
/** Without an account, and so without ranges of ids. */
const NOBODY = 54_321;
const PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/** How a command ended. */
interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** A user with a home. Disposing removes it, whoever its files belong to. */
export interface OtherUser extends Disposable {
  readonly home: string;
  readonly uid: number;
  /** The command line that runs another as this user. */
  readonly as: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  decant(...args: readonly string[]): Ended;
  /** Runs any program as the user, below the command line `below`. */
  run(argv: readonly string[], env?: Readonly<Record<string, string>>): Ended;
}

/** Gives the user. `ids`: "ranges": an account with ranges of ids; "single": one id only. Needs root, which alone can be somebody else. */
export function otherUser(ids: "ranges" | "single" = "ranges"): OtherUser {
  assert.equal(process.getuid?.(), 0, "only root can run commands as another user");
  const uid = ids === "single" ? NOBODY : uidOf(ACCOUNT);
  const home = mkdtempSync(join(tmpdir(), "decant-user-"));
  chownSync(home, uid, uid);
  const as = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
  const env = { HOME: home, PATH, TMPDIR: home, NO_COLOR: "1", USER: ids === "single" ? "" : ACCOUNT };
  const run = (argv: readonly string[], more: Readonly<Record<string, string>> = {}): Ended => {
    const [program = "", ...args] = [...as, ...argv];
    const done = spawnSync(program, args, { encoding: "utf8", cwd: home, env: { ...env, ...more } });
    return { code: done.status, out: done.stdout.trim(), err: done.stderr };
  };
  return {
    home,
    uid,
    as,
    env,
    run,
    decant: (...args) => run([DECANT, ...args]),
    [Symbol.dispose]() {
      spawnSync("rm", ["-rf", home]);
    },
  };
}

/** Runs a program as the user where the kernel makes no more user namespaces (sysctl user.max_user_namespaces=0). */
export async function withoutNamespaces(user: OtherUser, argv: readonly string[]): Promise<Ended> {
  // Who has no id yet has no rights; the shell that is started with one has them.
  const inner = 'echo 0 >/proc/sys/user/max_user_namespaces && exec "$@"';
  const script = 'echo ready && read -r go && exec sh -c "$0" sh "$@"';
  const child = spawn("unshare", ["--user", "sh", "-c", script, inner, ...user.as, ...argv], {
    cwd: user.home,
    env: user.env,
  });
  await once(child.stdout, "data");
  for (const map of ["gid_map", "uid_map"]) writeFileSync(`/proc/${child.pid}/${map}`, "0 0 4294967295");
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  child.stdin.end("go\n");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, out: out.trim(), err };
}

function uidOf(name: string): number {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((each) => each.startsWith(`${name}:`));
  assert.ok(line, `there is no user "${name}": run scripts/setup`);
  return Number(line.split(":")[2]);
}
