/** What killed processes may leave on a machine: mounts, processes, cgroups, files for a while. */
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";

/** Where files may be left. */
export interface LeftPlaces {
  /** Of the store. */
  readonly root: string;
  /** TMPDIR of all commands. */
  readonly temporary: string;
  /** Where exports go. */
  readonly out: string;
}

/** The mounts that this process sees. */
export function mountsNow(): ReadonlySet<string> {
  return new Set(
    readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .map((line) => line.split(" ")[4] ?? ""),
  );
}

/** The names of the sandboxes that the store knows of: cgroups are called after them. */
export function sandboxesOf(root: string): string[] {
  return namesIn(join(root, "sandbox")).filter((name) => /^decant-[^.]*$/.test(name));
}

/** What is left after a sweep; `marks`: an environment with one of these is ours. */
export function leftovers(
  { root, temporary, out }: LeftPlaces,
  {
    mounts,
    marks,
    sandboxes,
  }: { readonly mounts: ReadonlySet<string>; readonly marks: readonly string[]; readonly sandboxes: ReadonlySet<string> },
): string[] {
  const files = [
    ...namesIn(temporary).map((name) => join(temporary, name)),
    ...["tmp", "locks"].flatMap((folder) => namesIn(join(root, folder)).map((name) => `store/${folder}/${name}`)),
    ...namesIn(join(root, "sandbox"))
      .filter((name) => name !== "runtime.json")
      .map((name) => `store/sandbox/${name}`),
    ...temporariesBelow(out),
  ];
  return [
    ...files.map((file) => `the file ${file}`),
    // Others mount as well: ours are in our folders.
    ...[...mountsNow()]
      .filter((mount) => !mounts.has(mount) && [root, temporary, out].some((folder) => mount.startsWith(folder)))
      .map((mount) => `the mount ${mount}`),
    ...processesWith(marks).map((each) => `the process ${each}`),
    ...cgroupsOf(sandboxes).map((each) => `the cgroup ${each}`),
  ];
}

/** Processes whose environment has one of these lines. */
export function processesWith(marks: readonly string[]): string[] {
  return namesIn("/proc").flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return [];
    try {
      const lines = readFileSync(`/proc/${pid}/environ`, "latin1").split("\0");
      if (!marks.some((mark) => lines.includes(mark))) return [];
      return [`${pid} (${readlinkSync(`/proc/${pid}/exe`)})`];
    } catch {
      // It has ended.
      return [];
    }
  });
}

function cgroupsOf(sandboxes: ReadonlySet<string>): string[] {
  const root = "/sys/fs/cgroup";
  return [root, ...namesIn(root).map((each) => join(root, each))]
    .filter((folder) => existsSync(join(folder, "cgroup.procs")))
    .flatMap((folder) => namesIn(folder).map((name) => join(folder, name)))
    .filter((path) => sandboxes.has((path.split("/").at(-1) ?? "").replace(/^(decant-\d+-[0-9a-f]+).*$/, "$1")));
}

/** Unfinished files of exports have such names. */
function temporariesBelow(folder: string): string[] {
  return namesIn(folder).flatMap((name) => {
    const path = join(folder, name);
    if (name.startsWith(".decant")) return [path];
    return lstatSync(path, { throwIfNoEntry: false })?.isDirectory() === true ? temporariesBelow(path) : [];
  });
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder) : [];
}
