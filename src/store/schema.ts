/** The tables, as steps from one schema version to the next. A step that was released never changes. */

/** `MIGRATIONS[n]` makes version n + 1 of version n. The version is SQLite's `user_version`. */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE records (
    space TEXT NOT NULL,
    id TEXT NOT NULL,
    -- Milliseconds since the epoch, exact to a minute.
    last_used INTEGER NOT NULL,
    -- 1: a running prune is about to remove it; who reads it saves it.
    doomed INTEGER NOT NULL DEFAULT 0,
    value TEXT NOT NULL,
    PRIMARY KEY (space, id)
  ) STRICT;
  CREATE TABLE dirs (
    space TEXT NOT NULL,
    id TEXT NOT NULL,
    last_used INTEGER NOT NULL,
    -- The boot during which it was published or checked.
    boot TEXT NOT NULL,
    PRIMARY KEY (space, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE images (
    name TEXT NOT NULL PRIMARY KEY,
    digest TEXT NOT NULL,
    media_type TEXT NOT NULL,
    size INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  -- What an owner needs. Owners: a record by (space, id), or an image by ("", name). A blob has space "".
  CREATE TABLE refs (
    owner TEXT NOT NULL,
    owner_space TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    space TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (owner, owner_space, owner_id, kind, space, id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE builds (
    id TEXT NOT NULL PRIMARY KEY,
    -- The process that runs it (the name of its folder in tmp/).
    process TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    state TEXT NOT NULL,
    title TEXT NOT NULL,
    error TEXT
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX builds_by_time ON builds (started_at);
  `,
  `
  -- What it takes on the disk, and when that was measured.
  ALTER TABLE dirs ADD COLUMN bytes INTEGER;
  ALTER TABLE dirs ADD COLUMN measured_at INTEGER;
  -- Records that a prune or the collector has removed: who misses one can say where it went.
  CREATE TABLE evictions (
    space TEXT NOT NULL,
    id TEXT NOT NULL,
    -- Milliseconds since the epoch.
    at INTEGER NOT NULL,
    PRIMARY KEY (space, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX evictions_by_time ON evictions (at);
  `,
  `
  -- 1: stays until somebody takes it out.
  ALTER TABLE builds ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0;
  `,
];
