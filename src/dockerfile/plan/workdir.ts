/** Working directories (rule S63). */

/** WORKDIR as the configuration keeps it: a relative path is joined to the one before and cleaned, an absolute one stays as written. */
export function normalizeWorkdir(before: string | undefined, path: string): string {
  if (path === "") return before === undefined || before === "" ? "/" : before;
  return path.startsWith("/") ? path : joinWorkdir(before, path);
}

/** A path in a working directory, cleaned. */
export function joinWorkdir(before: string | undefined, path: string): string {
  const parts: string[] = [];
  const full = path.startsWith("/") ? path : `${before ?? ""}/${path}`;
  for (const part of full.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}
