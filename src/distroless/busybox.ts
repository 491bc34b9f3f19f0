/**
 * /busybox of debug images: Debian's static busybox, and a link for each of its applets. Their names are read out of the program, so that they are
 * right for every version and architecture, and nothing is run.
 */
import { collect } from "../bytes.ts";
import { treePath } from "../paths.ts";
import { type LayerItem, readData } from "../tree/index.ts";
import { recipeError } from "./errors.ts";
import { directoryEntry } from "./layer-items.ts";

const FOLDER = "/busybox";
const PROGRAM = `${FOLDER}/busybox`;
const PLACES: ReadonlySet<string> = new Set(["bin/busybox", "usr/bin/busybox"]);
const MAX_PROGRAM_BYTES = 64 * 1024 * 1024;
/** A real one has 200 to 400. */
const MIN_APPLETS = 20;

/** What the package's files become in an image: the program and its links; `shell`: also /bin/sh. Throws `RECIPE` for a package that has no busybox. */
export async function busyboxItems(name: string, items: readonly LayerItem[], shell: boolean): Promise<LayerItem[]> {
  const program = items.find(({ entry }) => entry.kind === "file" && PLACES.has(entry.path));
  if (program?.data === undefined) throw recipeError(name, `the package has no file ${[...PLACES].join(" or ")}`);
  const { entry, data } = program;
  const bytes = await collect(readData(data, entry.size), MAX_PROGRAM_BYTES);
  const applets = appletNames(bytes);
  if (applets.length < MIN_APPLETS) throw recipeError(name, "the names of its applets are not in its program as they are in every busybox");
  return [
    { entry: { ...entry, path: treePath(PROGRAM), mode: 0o755, uid: 0, gid: 0 }, data },
    ...applets.filter((applet) => applet !== "busybox").map((applet) => link(`${FOLDER}/${applet}`)),
    ...(shell ? [link("/bin/sh")] : []),
  ];
}

/** The program holds them in one sorted list, NUL after each; "[" and "[[" are first. Empty when there is no such list. */
export function appletNames(program: Uint8Array): string[] {
  const bytes = Buffer.from(program.buffer, program.byteOffset, program.byteLength);
  const start = bytes.indexOf("[\0[[\0", 0, "latin1");
  const names: string[] = [];
  for (let at = start; at >= 0;) {
    const end = bytes.indexOf(0, at);
    const name = bytes.toString("latin1", at, Math.min(end, at + 64));
    if (end < 0 || !/^[A-Za-z0-9_.[-]{1,32}$/.test(name) || name === "." || name === ".." || name <= (names.at(-1) ?? "")) break;
    names.push(name);
    at = end + 1;
  }
  return names;
}

function link(path: string): LayerItem {
  return { entry: { ...directoryEntry(treePath(path), { mode: 0o777 }), kind: "symlink", link: PROGRAM } };
}
