/**
 * The SQLite file: opening, schema, prepared statements, transactions. WAL, so that readers never wait; `synchronous = NORMAL`, so that
 * a power cut may take the last transactions but never the file. Every error leaves here as a `STORE…` code.
 */
import { closeSync, existsSync, openSync, statSync } from "node:fs";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from "node:sqlite";
import { pathToFileURL } from "node:url";
import { delay } from "../async.ts";
import { databaseCorrupt, databaseFailure, isBusy, isCannotOpen, newerSchema, noStore, openedReadOnly } from "./errors.ts";
import { MIGRATIONS } from "./schema.ts";

/** A row as SQLite gives it. Read it by `textOf` and `numberOf`. */
export type Row = Readonly<Record<string, SQLOutputValue>>;

/** The store's database. Statements are prepared once. All calls are synchronous and short. */
export interface Database extends Disposable {
  readonly path: string;
  readonly readOnly: boolean;
  /** The first row. */
  get(sql: string, ...values: SQLInputValue[]): Row | undefined;
  all(sql: string, ...values: SQLInputValue[]): Row[];
  /** The number of rows that changed. Throws `STORE_READ_ONLY`, `STORE_FULL`, `STORE_LOCKED`. */
  run(sql: string, ...values: SQLInputValue[]): number;
  /** All of `fn` or nothing. Takes the write lock at once; inside another one it is part of that. */
  transaction<Value>(fn: () => Value): Value;
  /** A text column. Throws `STORE_CORRUPT` for anything else. */
  textOf(row: Row, column: string): string;
  /** A numeric column. Throws `STORE_CORRUPT` for anything else. */
  numberOf(row: Row, column: string): number;
}

/** Options of `openDatabase`. */
interface DatabaseOptions {
  readonly readOnly: boolean;
  /** How long a call waits for another process's transaction. */
  readonly busyTimeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

const RETRY_MS = 5;

/** Opens the file, makes it or brings its schema up to date. Throws `STORE` for a newer schema, `STORE_CORRUPT`, `STORE_READ_ONLY`, `STORE_LOCKED`. */
export async function openDatabase(path: string, options: DatabaseOptions): Promise<Database> {
  const giveUpAt = performance.now() + options.busyTimeoutMs;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      return wrap(path, options.readOnly ? openForReading(path, options) : openForWriting(path, options), options.readOnly);
    } catch (error) {
      // While others switch to WAL, recover or close it, SQLite says "busy" at once, whatever the timeout is.
      if (!isBusy(error) || performance.now() > giveUpAt) throw databaseFailure(error, path);
    }
    await delay(RETRY_MS, options.signal);
  }
}

function openForWriting(path: string, options: DatabaseOptions): DatabaseSync {
  makePrivate(path);
  const database = new DatabaseSync(path, { timeout: options.busyTimeoutMs });
  try {
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL");
    if (checkedVersion(database, path) < MIGRATIONS.length) migrate(database, path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** For the owner alone, whatever the folder is: it has the commands and variables of steps. SQLite's other files take after it. */
function makePrivate(path: string): void {
  try {
    closeSync(openSync(path, "ax", 0o600));
  } catch {
    // It is there; or SQLite says what is wrong with the place.
  }
}

function openForReading(path: string, options: DatabaseOptions): DatabaseSync {
  if (!existsSync(path)) throw noStore(path);
  const url = pathToFileURL(path);
  try {
    return openChecked(path, new DatabaseSync(path, { readOnly: true, timeout: options.busyTimeoutMs }));
  } catch (error) {
    // A directory that is not writable, without the files of the WAL: nobody is writing, so the file is all there is.
    const wal = statSync(`${path}-wal`, { throwIfNoEntry: false });
    if (!isCannotOpen(error) || (wal !== undefined && wal.size > 0)) throw error;
  }
  url.searchParams.set("immutable", "1");
  return openChecked(path, new DatabaseSync(url, { readOnly: true }));
}

function openChecked(path: string, database: DatabaseSync): DatabaseSync {
  try {
    if (checkedVersion(database, path) < MIGRATIONS.length) throw openedReadOnly("bring the schema up to date", path);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function checkedVersion(database: DatabaseSync, path: string): number {
  const version = Number(database.prepare("PRAGMA user_version").get()?.["user_version"]);
  if (version > MIGRATIONS.length) throw newerSchema(path, version, MIGRATIONS.length);
  return version;
}

function migrate(database: DatabaseSync, path: string): void {
  database.exec("BEGIN IMMEDIATE");
  try {
    // Another process may have done it while we waited.
    for (const step of MIGRATIONS.slice(checkedVersion(database, path))) database.exec(step);
    database.exec(`PRAGMA user_version = ${MIGRATIONS.length}; COMMIT`);
  } catch (error) {
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function wrap(path: string, database: DatabaseSync, readOnly: boolean): Database {
  const statements = new Map<string, StatementSync>();
  const prepared = (sql: string): StatementSync => {
    let statement = statements.get(sql);
    if (statement === undefined) {
      statement = database.prepare(sql);
      statements.set(sql, statement);
    }
    return statement;
  };
  const attempt = <Value>(fn: () => Value): Value => {
    try {
      return fn();
    } catch (error) {
      throw databaseFailure(error, path);
    }
  };
  const run = (sql: string, values: readonly SQLInputValue[]): number => {
    if (readOnly) throw openedReadOnly("write to the store", path);
    return attempt(() => Number(prepared(sql).run(...values).changes));
  };
  const expectType = (row: Row, column: string, type: "string" | "number"): never => {
    throw databaseCorrupt(path, `column "${column}" has a ${typeof row[column]}; a ${type} is wanted`);
  };
  return {
    path,
    readOnly,
    get: (sql, ...values) => attempt(() => prepared(sql).get(...values)),
    all: (sql, ...values) => attempt(() => prepared(sql).all(...values)),
    run: (sql, ...values) => run(sql, values),
    transaction(fn) {
      if (database.isTransaction) return fn();
      run("BEGIN IMMEDIATE", []);
      try {
        const value = fn();
        run("COMMIT", []);
        return value;
      } catch (error) {
        // A full disk has rolled it back already.
        if (database.isTransaction) run("ROLLBACK", []);
        throw error;
      }
    },
    textOf(row, column) {
      const value = row[column];
      return typeof value === "string" ? value : expectType(row, column, "string");
    },
    numberOf(row, column) {
      const value = row[column];
      return typeof value === "number" ? value : expectType(row, column, "number");
    },
    [Symbol.dispose]() {
      attempt(() => database.close());
    },
  };
}
