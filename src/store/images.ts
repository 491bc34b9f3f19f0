/** Image names: what the garbage collector always keeps. */
import { isDigest } from "../digest.ts";
import type { Database, Row } from "./database.ts";
import { databaseCorrupt } from "./errors.ts";
import { replaceRefs } from "./records.ts";
import type { ImageNames, NamedImage, Ref } from "./types.ts";
import type { Usage } from "./usage.ts";

/** Opens the image names of a database. */
export function openImageNames(database: Database, usage: Usage): ImageNames {
  const decode = (row: Row): NamedImage => {
    const name = database.textOf(row, "name");
    const digest = database.textOf(row, "digest");
    if (!isDigest(digest)) throw databaseCorrupt(database.path, `image "${name}" has digest "${digest}"`);
    return {
      name,
      digest,
      mediaType: database.textOf(row, "media_type"),
      size: database.numberOf(row, "size"),
      updatedAt: database.numberOf(row, "updated_at"),
    };
  };
  return {
    get(name) {
      const row = database.get("SELECT * FROM images WHERE name = ?", name);
      return row === undefined ? undefined : decode(row);
    },
    set({ name, digest, mediaType, size }, refs) {
      database.transaction(() => {
        database.run("INSERT OR REPLACE INTO images VALUES (?, ?, ?, ?, ?)", name, digest, mediaType, size, usage.now());
        // The manifest itself, whether or not the caller says so.
        replaceRefs(database, { kind: "image", space: "", id: name }, [{ kind: "blob", id: digest }, ...refs]);
      });
    },
    refs: (name) =>
      database
        .all("SELECT kind, space, id FROM refs WHERE owner = 'image' AND owner_space = '' AND owner_id = ?", name)
        .map((row) => refOf(database, row)),
    delete: (name) =>
      database.transaction(() => {
        replaceRefs(database, { kind: "image", space: "", id: name }, []);
        return database.run("DELETE FROM images WHERE name = ?", name) > 0;
      }),
    list: () => database.all("SELECT * FROM images ORDER BY name").map(decode),
  };
}

function refOf(database: Database, row: Row): Ref {
  const [kind, space, id] = [database.textOf(row, "kind"), database.textOf(row, "space"), database.textOf(row, "id")];
  if (kind === "dir" || kind === "record") return { kind, space, id };
  if (kind === "blob" && isDigest(id)) return { kind, id };
  throw databaseCorrupt(database.path, `an image needs "${kind}" "${id}"`);
}
