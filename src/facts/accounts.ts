/** /etc/passwd and /etc/group (passwd(5), group(5)) as BuildKit and the runtimes read them: blank lines and those with "#" are passed over. Pure. */

/** A line of /etc/passwd. */
interface Account {
  readonly name: string;
  /** Undefined for what is no number. */
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  readonly home: string;
}

/** A line of /etc/group. */
interface AccountGroup {
  readonly name: string;
  readonly gid: number | undefined;
  readonly members: readonly string[];
}

/** The accounts of the text of /etc/passwd. */
export function parseAccounts(text: string): Account[] {
  return records(text).flatMap(([name = "", , uid = "", gid = "", , home = ""]) =>
    name === "" ? [] : [{ name, uid: numberOf(uid), gid: numberOf(gid), home }],
  );
}

/** The groups of the text of /etc/group. */
export function parseGroups(text: string): AccountGroup[] {
  return records(text).flatMap(([name = "", , gid = "", members = ""]) =>
    name === "" ? [] : [{ name, gid: numberOf(gid), members: members.split(",").map((member) => member.trim()) }],
  );
}

function numberOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function records(text: string): string[][] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.split(":"));
}
