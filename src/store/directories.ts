/**
 * Directories by (space, id), published by rename. They are not fsynced: that would cost more than making them again. So each remembers
 * the boot during which it was published, and one of an earlier boot is suspect until its owner has checked it.
 */
import { mkdirSync, readFileSync, renameSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { errnoOf, InternalError } from "../errors.ts";
import type { Database } from "./database.ts";
import { makeFolders } from "../sys/index.ts";
import { openedReadOnly, writeFailure } from "./errors.ts";
import { folderName, type Layout } from "./layout.ts";
import type { Presence } from "./presence.ts";
import { removeTree } from "./remove-tree.ts";
import type { Directories, StagedDirectory } from "./types.ts";
import { refKey, type Usage } from "./usage.ts";

/** What directories are made of. */
interface DirectoriesOptions {
  readonly layout: Layout;
  readonly database: Database;
  readonly usage: Usage;
  /** Absent: for reading only. */
  readonly presence: Presence | undefined;
  /** Default: the kernel's boot id. */
  readonly bootId?: (() => string) | undefined;
}

/** Opens the directories. */
export function openDirectories(options: DirectoriesOptions): Directories {
  const { layout, database, usage, presence, bootId = kernelBootId } = options;

  const noteUse = (space: string, id: string, boot: string): void => {
    database.run(
      "INSERT INTO dirs (space, id, last_used, boot) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET last_used = excluded.last_used, boot = excluded.boot",
      space,
      id,
      usage.now(),
      boot,
    );
    usage.see(refKey("dir", space, id));
  };

  const isSuspect = (space: string, id: string): boolean => {
    const row = database.get("SELECT boot FROM dirs WHERE space = ? AND id = ?", folderName(space), folderName(id));
    return row === undefined || database.textOf(row, "boot") !== bootId();
  };

  const find = (spaceName: string, idName: string): string | undefined => {
    const space = folderName(spaceName);
    const id = folderName(idName);
    const path = join(layout.dirs, space, id);
    if (!isDirectory(path) || presence === undefined) return isDirectory(path) ? path : undefined;
    usage.see(refKey("dir", space, id));
    const row = database.get("SELECT last_used, boot FROM dirs WHERE space = ? AND id = ?", space, id);
    if (row !== undefined && !usage.isStale(database.numberOf(row, "last_used"))) return path;
    // Without a row (a power cut took it), nobody knows of which boot it is.
    noteUse(space, id, row === undefined ? "" : database.textOf(row, "boot"));
    // A prune may have taken it between the two looks; from here on it sees our use.
    return isDirectory(path) ? path : undefined;
  };

  const publish = (staged: string, spaceName: string, idName: string): string => {
    const [space, id] = [folderName(spaceName), folderName(idName)];
    const path = join(layout.dirs, space, id);
    // Ours is known to be whole, theirs is not.
    if (isDirectory(path) && isSuspect(space, id)) presence?.discard(path);
    if (find(spaceName, idName) !== undefined) return path;
    // The row first: a directory without one would have to be checked by the next reader.
    noteUse(space, id, bootId());
    makeFolders(dirname(path));
    try {
      renameSync(staged, path);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno !== "ENOTEMPTY" && errno !== "EEXIST") throw error;
    }
    return path;
  };

  return {
    find,
    isSuspect,
    confirm: (space, id) => noteUse(folderName(space), folderName(id), bootId()),
    async create(space): Promise<StagedDirectory> {
      if (presence === undefined) throw openedReadOnly("make a directory", layout.root);
      const path = presence.fresh("dir");
      try {
        mkdirSync(path, { mode: 0o755 });
      } catch (error) {
        throw writeFailure(error, "make a directory", path);
      }
      return stagedDirectory(path, (id) => {
        try {
          return publish(path, space, id);
        } catch (error) {
          throw writeFailure(error, `publish directory "${space}/${id}"`, path);
        }
      });
    },
    async remove(spaceName, idName) {
      if (presence === undefined) throw openedReadOnly("remove a directory", layout.root);
      const [space, id] = [folderName(spaceName), folderName(idName)];
      const path = presence.discard(join(layout.dirs, space, id));
      database.run("DELETE FROM dirs WHERE space = ? AND id = ?", space, id);
      if (path !== undefined) await presence.emptyTrash();
    },
  };
}

/** `publish` gives it its name, or leaves it where another has that name already. */
function stagedDirectory(path: string, publish: (id: string) => string): StagedDirectory {
  let published = false;
  return {
    path,
    async publish(id) {
      if (published) throw new InternalError("a staged directory was published twice");
      published = true;
      try {
        return publish(id);
      } finally {
        // Gone when it was renamed; another process's is there when not.
        await removeTree(path);
      }
    },
    async [Symbol.asyncDispose]() {
      if (!published) await removeTree(path);
    },
  };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

let boot: string | undefined;

/** Another one after every start of the machine. */
function kernelBootId(): string {
  boot ??= readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  return boot;
}
