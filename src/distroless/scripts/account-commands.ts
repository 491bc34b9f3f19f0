/** The accounts that commands of maintainer scripts make or give files to. Pure. */
import type { ScriptCommand, ScriptWord } from "./read-script.ts";

/** Accounts by name; those that are numbers, and those that cannot be told, are left out. */
export interface NamedAccounts {
  /** With what a recipe says for it, where Debian fixes its numbers. */
  readonly users: readonly { readonly name: string; readonly hint: string }[];
  readonly groups: readonly string[];
}

/** Of Debian's base-passwd: the same on every system. */
const FIXED: Readonly<Record<string, readonly [id: number, home: string]>> = {
  daemon: [1, "/usr/sbin"],
  bin: [2, "/bin"],
  games: [5, "/usr/games"],
  man: [6, "/var/cache/man"],
  lp: [7, "/var/spool/lpd"],
  mail: [8, "/var/mail"],
  news: [9, "/var/spool/news"],
  uucp: [10, "/var/spool/uucp"],
  proxy: [13, "/bin"],
  "www-data": [33, "/var/www"],
  backup: [34, "/var/backups"],
  list: [38, "/var/list"],
};
const NAME = /^[A-Za-z_][\w.-]*\$?$/;
/** Options of adduser(8) and useradd(8) with a value of their own. */
const WITH_VALUE =
  /^(?:--(?:home|home-dir|shell|uid|gid|ingroup|gecos|comment|firstuid|lastuid|firstgid|lastgid|groups|base-dir|skel|add_extra_groups|conf|expiredate|inactive|password|root|prefix)|-[bcdefgGkKpPRsu])$/;

/** What a command names; nothing for commands that name none. */
export function accountsOf({ words }: ScriptCommand): NamedAccounts {
  const [name, ...rest] = words;
  switch (name?.text.slice(name.text.lastIndexOf("/") + 1) ?? "") {
    case "adduser":
      return newUser(rest, rest.some(({ text }) => text === "--group") && !rest.some(({ text }) => text === "--system"));
    case "useradd":
    case "usermod":
      return newUser(rest, false);
    case "addgroup":
    case "groupadd":
    case "groupmod":
      return newUser(rest, true);
    case "chown":
      return owners(plain(rest)[0]);
    case "chgrp":
      return { users: [], groups: names(plain(rest)[0]?.text) };
    case "install":
      return { users: users(valueAfter(rest, "-o")), groups: names(valueAfter(rest, "-g")) };
    case "ensure_file_owner_mode":
      return owners(rest[1]);
    case "dpkg-statoverride": {
      const [user, group] = plain(rest);
      return { users: users(user?.text), groups: names(group?.text) };
    }
    default:
      return { users: [], groups: [] };
  }
}

/** The name comes last, before it options; behind it perhaps a group that is joined. */
function newUser(words: readonly ScriptWord[], isGroup: boolean): NamedAccounts {
  const given = words.filter((word, at) => !word.text.startsWith("-") && !WITH_VALUE.test(words[at - 1]?.text ?? ""));
  const [account, joined] = given;
  if (account?.known !== true) return { users: [], groups: [] };
  return isGroup
    ? { users: [], groups: names(account.text) }
    : { users: users(account.text), groups: joined?.known === true ? names(joined.text) : [] };
}

/** "user:group" */
function owners(word: ScriptWord | undefined): NamedAccounts {
  if (word?.known !== true) return { users: [], groups: [] };
  const [user = "", group] = word.text.split(/[:.]/);
  return { users: users(user), groups: names(group) };
}

function plain(words: readonly ScriptWord[]): ScriptWord[] {
  return words.filter(({ text }) => !text.startsWith("-"));
}

function valueAfter(words: readonly ScriptWord[], option: string): string | undefined {
  const value = words[words.findIndex(({ text }) => text === option) + 1];
  return words.some(({ text }) => text === option) && value?.known === true ? value.text : undefined;
}

function users(name: string | undefined): NamedAccounts["users"] {
  return names(name).map((one) => {
    const fixed = Object.hasOwn(FIXED, one) ? FIXED[one] : undefined;
    return { name: one, hint: fixed === undefined ? "" : `, { name: ${one}, uid: ${fixed[0]}, gid: ${fixed[0]}, home: ${fixed[1]} }` };
  });
}

function names(name: string | undefined): string[] {
  return name !== undefined && NAME.test(name) ? [name] : [];
}
