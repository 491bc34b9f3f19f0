/** /etc/passwd and /etc/group of a recipe (passwd(5), group(5)). There is no shadow file: nobody logs in. */
import type { Group, RecipeFile, User } from "./recipe.ts";

/** The two files, in the order of the recipe. */
export function accountFiles(accounts: { readonly users: readonly User[]; readonly groups: readonly Group[] }): RecipeFile[] {
  const passwd = accounts.users.map(
    (user) => `${user.name}:x:${user.uid}:${user.gid}:${user.comment ?? user.name}:${user.home}:${user.shell ?? "/sbin/nologin"}\n`,
  );
  const group = accounts.groups.map((one) => `${one.name}:x:${one.gid}:${(one.members ?? []).join(",")}\n`);
  return [
    { path: "/etc/group", text: group.join("") },
    { path: "/etc/passwd", text: passwd.join("") },
  ];
}
