/** Past builds, and the files of their logs. The last `KEPT_BUILDS` are kept, and those that are pinned. */
import { hash, randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { errnoOf } from "../errors.ts";
import type { Database, Row } from "./database.ts";
import { makeFolders } from "../sys/index.ts";
import { databaseCorrupt, openedReadOnly, writeFailure } from "./errors.ts";
import { folderName, type Layout } from "./layout.ts";
import { isLiving, type Presence } from "./presence.ts";
import type { BuildRecord, History } from "./types.ts";
import type { Usage } from "./usage.ts";

/** What the history is made of. */
interface HistoryOptions {
  readonly layout: Layout;
  readonly database: Database;
  readonly usage: Usage;
  /** Absent: for reading only. */
  readonly presence: Presence | undefined;
}

const KEPT_BUILDS = 200;
/** No log has this name: those end in ".log". */
const EVENTS = "events";
const DEFAULT_LIMIT = 50;
const DIED = "The process ended before the build did";

/** Opens the history. */
export function openHistory(options: HistoryOptions): History {
  const { layout, database, usage, presence } = options;

  const decode = (row: Row): BuildRecord => {
    const state = database.textOf(row, "state");
    if (state !== "running" && state !== "done" && state !== "failed" && state !== "cancelled") {
      throw databaseCorrupt(database.path, `a build has state "${state}"`);
    }
    const build = { id: database.textOf(row, "id"), startedAt: database.numberOf(row, "started_at"), title: database.textOf(row, "title") };
    const pin = database.numberOf(row, "pinned") === 0 ? {} : { isPinned: true };
    // Its process had no chance to say so.
    if (state === "running" && row["process"] !== presence?.id && !isLiving(layout.tmp, database.textOf(row, "process"))) {
      return { ...build, ...pin, state: "failed", error: DIED };
    }
    return {
      ...build,
      ...pin,
      state,
      ...(row["finished_at"] === null ? {} : { finishedAt: database.numberOf(row, "finished_at") }),
      ...(row["error"] === null ? {} : { error: database.textOf(row, "error") }),
    };
  };

  /** Sorted by time, and unlike any other. */
  const newId = (): string => `${usage.now().toString(36).padStart(9, "0")}${randomBytes(3).toString("hex")}`;

  const folderOf = (buildId: string): string => `${layout.logs}/${folderName(buildId)}`;

  const forget = (ids: readonly string[]): void => {
    for (const id of ids) {
      database.run("DELETE FROM builds WHERE id = ?", id);
      presence?.discard(`${layout.logs}/${id}`);
    }
  };

  return {
    begin(title, id = newId()) {
      if (presence === undefined) throw openedReadOnly("begin a build", layout.root);
      const startedAt = usage.now();
      database.transaction(() => {
        database.run(
          "INSERT INTO builds (id, process, started_at, state, title) VALUES (?, ?, ?, 'running', ?)",
          id,
          presence.id,
          startedAt,
          title,
        );
        const old = database
          .all("SELECT * FROM builds WHERE pinned = 0 ORDER BY started_at DESC, id DESC LIMIT -1 OFFSET ?", KEPT_BUILDS)
          .map(decode);
        // One that runs still has something to say.
        forget(old.filter(({ state: past }) => past !== "running").map((past) => past.id));
      });
      return { id, startedAt, state: "running", title };
    },
    finish(id, state, error) {
      database.run("UPDATE builds SET state = ?, finished_at = ?, error = ? WHERE id = ?", state, usage.now(), error ?? null, id);
    },
    pin: (id, isPinned) => void database.run("UPDATE builds SET pinned = ? WHERE id = ?", isPinned ? 1 : 0, id),
    list(limit = DEFAULT_LIMIT) {
      return database.all("SELECT * FROM builds ORDER BY started_at DESC, id DESC LIMIT ?", limit).map(decode);
    },
    logFile(buildId, name) {
      const folder = folderOf(buildId);
      const path = `${folder}/${logName(name)}`;
      try {
        makeFolders(folder, { mode: 0o700 });
        closeSync(openSync(path, "a"));
      } catch (error) {
        throw writeFailure(error, "write a log", folder);
      }
      return path;
    },
    log: (buildId, name) => bytesIfThere(`${folderOf(buildId)}/${logName(name)}`),
    keep(buildId, text) {
      if (presence === undefined) throw openedReadOnly("keep a build", layout.root);
      const folder = folderOf(buildId);
      try {
        makeFolders(folder, { mode: 0o700 });
        writeFileSync(`${folder}/${EVENTS}`, text, { mode: 0o600 });
      } catch (error) {
        throw writeFailure(error, "keep a build", folder);
      }
    },
    kept: (buildId) => bytesIfThere(`${folderOf(buildId)}/${EVENTS}`)?.toString("utf8"),
    remove(buildId) {
      if (presence === undefined) throw openedReadOnly("remove a build", layout.root);
      database.transaction(() => forget([buildId]));
    },
  };
}

function bytesIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** A name as a file name: what is not plain becomes "_", and then a part of its digest keeps it apart from others. */
function logName(name: string): string {
  const plain = name.replaceAll(/[^A-Za-z0-9._-]/g, "_").slice(0, 100);
  if (plain === name && !plain.startsWith(".") && plain !== "") return `${plain}.log`;
  return `${plain.replace(/^\./, "_")}-${hash("sha256", name, "hex").slice(0, 8)}.log`;
}
