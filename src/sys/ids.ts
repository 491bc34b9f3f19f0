/**
 * Which users and groups this process may be in a user namespace of its own (user_namespaces(7)): root there is who we are here, and the ranges of
 * /etc/subuid and /etc/subgid follow. Who is root here has all ids there that it has here.
 */
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { DecantError } from "../errors.ts";
import { findSystemTool } from "./process.ts";
import { textIfThere } from "./read-text.ts";

/** `count` ids: from `inside` on in the new namespace, from `outside` on here. */
interface IdRange {
  readonly inside: number;
  readonly outside: number;
  readonly count: number;
}

/** The ids of a user namespace. */
export interface IdMaps {
  readonly uids: readonly IdRange[];
  readonly gids: readonly IdRange[];
  /** Why there is one id only; undefined where there are more. */
  readonly lack?: string | undefined;
}

const ALL_IDS = 2 ** 32 - 1;
/** As useradd(8) gives them. */
const FIRST_SUB_ID = 100_000;
const SUB_IDS = 65_536;

/** Is this process root, if only in a container? Then it may give files any owner that it knows, and read all of them. */
export function isRootHere(): boolean {
  return process.geteuid?.() === 0;
}

/** The maps that this process may make. Throws Node's errors for account files that cannot be read. */
export function ownIdMaps(env: Readonly<Record<string, string | undefined>> = process.env): IdMaps {
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  if (isRootHere()) return { uids: sameIds("/proc/self/uid_map"), gids: sameIds("/proc/self/gid_map") };
  const single = (lack: string): IdMaps => ({ ...singleId(uid, gid), lack });
  const names = [accountName(), String(uid)];
  const [uids, gids] = ["/etc/subuid", "/etc/subgid"].map((path) => idRanges(textIfThere(path), names));
  if (uids === undefined || uids.length === 0) return single("/etc/subuid has no range for this user");
  if (gids === undefined || gids.length === 0) return single("/etc/subgid has no range for this user");
  if (idTool("newuidmap", env) === undefined || idTool("newgidmap", env) === undefined)
    return single("there is no newuidmap and newgidmap (package uidmap)");
  return { uids: [{ inside: 0, outside: uid, count: 1 }, ...uids], gids: [{ inside: 0, outside: gid, count: 1 }, ...gids] };
}

/** One id: root there is `uid` here. */
export function singleId(uid: number, gid: number): IdMaps {
  return { uids: [{ inside: 0, outside: uid, count: 1 }], gids: [{ inside: 0, outside: gid, count: 1 }] };
}

/** The ranges of subuid(5) for an account, by its name or number, as they follow id 0 in a namespace. */
export function idRanges(text: string, names: readonly string[]): IdRange[] {
  const ranges: IdRange[] = [];
  let inside = 1;
  for (const line of text.split("\n")) {
    const [name = "", start = "", length = ""] = line.trim().split(":");
    if (!names.includes(name) || !/^\d+$/.test(start) || !/^\d+$/.test(length)) continue;
    const [outside, count] = [Number(start), Number(length)];
    if (count === 0 || outside + count > 2 ** 32) continue;
    ranges.push({ inside, outside, count });
    inside += count;
  }
  return ranges;
}

/**
 * What root runs to give this user ids that nobody else has. `files`: texts of subuid(5) and subgid(5); default: those of this machine. Throws Node's
 * errors for those that cannot be read.
 */
export function idsCommand(files: readonly string[] = ["/etc/subuid", "/etc/subgid"].map(textIfThere)): string {
  const range = freeRange(files);
  return `apt-get install uidmap && usermod --add-subuids ${range} --add-subgids ${range} ${accountName() || "USER"}`;
}

/** A range behind all that the files give to somebody: who has the same ids may write to the other's files. */
function freeRange(files: readonly string[]): string {
  const ends = files
    .flatMap((text) => text.split("\n"))
    .map((line) => {
      const [, start = 0, count = 0] = line.split(":").map(Number);
      return start + count;
    });
  const first = Math.max(FIRST_SUB_ID, ...ends.filter((end) => end + SUB_IDS <= ALL_IDS));
  return `${first}-${first + SUB_IDS - 1}`;
}

/** newuidmap or newgidmap, or undefined. */
export function idTool(name: "newuidmap" | "newgidmap", env: Readonly<Record<string, string | undefined>>): string | undefined {
  return findSystemTool(name, env);
}

/** Everything in one range looks to runtimes as if there were no namespace, so it comes in two. */
function sameIds(path: string): IdRange[] {
  return readFileSync(path, "latin1")
    .trim()
    .split("\n")
    .flatMap((line) => {
      const [inside = 0, , count = 0] = line.trim().split(/\s+/).map(Number);
      const rest = { inside: inside + 1, outside: inside + 1, count: count - 1 };
      return count < ALL_IDS ? [{ inside, outside: inside, count }] : [{ inside, outside: inside, count: 1 }, rest];
    });
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    // A number without an account, as in containers.
    return "";
  }
}

/** Who an owner here is in a namespace with these ids; undefined: nobody. */
export function ownerInside(
  { uids, gids }: Pick<IdMaps, "uids" | "gids">,
  owner: { readonly uid: number; readonly gid: number },
): { readonly uid: number; readonly gid: number } | undefined {
  const [uid, gid] = [idInside(uids, owner.uid), idInside(gids, owner.gid)];
  return uid === undefined || gid === undefined ? undefined : { uid, gid };
}

function idInside(ranges: readonly IdRange[], id: number): number | undefined {
  const range = ranges.find(({ outside, count }) => id >= outside && id < outside + count);
  return range === undefined ? undefined : id - range.outside + range.inside;
}

let known: Pick<IdMaps, "uids" | "gids"> | undefined;

/**
 * Throws `PRIVILEGE` when there is no such user or group where a file or process is to have it. `what`: "give \"etc/shadow\" to its owner". `maps`: of
 * that place; default: where this process is.
 */
export function checkIds(what: string, uid: number, gids: readonly number[], maps?: Pick<IdMaps, "uids" | "gids">): void {
  const { uids, gids: groups } = maps ?? ownIds();
  if (!hasId(uids, uid)) throw noSuchId(what, `user ${uid}`);
  for (const gid of gids) if (!hasId(groups, gid)) throw noSuchId(what, `group ${gid}`);
}

/** Is there such a group? `maps`: as for `checkIds`. */
export function hasGroup(gid: number, maps?: Pick<IdMaps, "uids" | "gids">): boolean {
  return hasId((maps ?? ownIds()).gids, gid);
}

function ownIds(): Pick<IdMaps, "uids" | "gids"> {
  return (known ??= { uids: sameIds("/proc/self/uid_map"), gids: sameIds("/proc/self/gid_map") });
}

function hasId(ranges: readonly IdRange[], id: number): boolean {
  return ranges.some(({ inside, count }) => id >= inside && id < inside + count);
}

function noSuchId(what: string, id: string): DecantError {
  return new DecantError("PRIVILEGE", `Cannot ${what}: the user who builds may not use ${id}`, {
    hint: `Give the user ids, as root: ${idsCommand()}`,
    details: { id },
  });
}
