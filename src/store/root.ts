/** Where the store is when nobody says so. */
import { join } from "node:path";
import { usageError } from "../errors.ts";
import { fromWorkingDirectory } from "../working-directory.ts";

/**
 * $DECANT_ROOT, else /var/lib/decant for root, else decant in $XDG_DATA_HOME or in ~/.local/share. Absolute.
 * Throws `USAGE` when there is no home directory either.
 */
export function defaultStoreRoot(env: Readonly<Record<string, string | undefined>>, uid: number): string {
  const { DECANT_ROOT: root, XDG_DATA_HOME: data, HOME: home } = env;
  if (root !== undefined && root !== "") return fromWorkingDirectory(root);
  if (uid === 0) return "/var/lib/decant";
  // The XDG base directory specification: a relative path is to be ignored.
  if (data?.startsWith("/") === true) return join(data, "decant");
  if (home?.startsWith("/") === true) return join(home, ".local/share/decant");
  throw usageError("Cannot find a place for the store: HOME is not set", "Set DECANT_ROOT to a directory");
}
