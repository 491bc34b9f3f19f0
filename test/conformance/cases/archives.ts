/** Archives that ADD puts over an image: through its symlinks, into its directories, with hard links to its files (rules S90, S129, S130; L1, L2, L8, R3). */
import { file, symlink, tar } from "../files.ts";
import type { TarMember } from "../../support/archive.ts";
import type { Base, Case } from "../types.ts";

const OLD = 1_500_000_000;
const dir = (path: string, fields: Partial<TarMember> = {}): TarMember => ({ path, type: "dir", mtime: OLD, ...fields });
const text = (path: string, fields: Partial<TarMember> = {}): TarMember => ({ path, content: `${path}\n`, ...fields });
const link = (path: string, target: string): TarMember => ({ path, type: "symlink", link: target });
const hard = (path: string, target: string, fields: Partial<TarMember> = {}): TarMember => ({ path, type: "hardlink", link: target, ...fields });

/** A merged /usr as Debian's, and what else an archive can meet. */
const system: Base = {
  layers: [
    [
      dir("usr/"), dir("usr/bin/", { mode: 0o751 }), text("usr/bin/sh", { mode: 0o755, mtime: OLD }), dir("usr/lib/", { mode: 0o711, uid: 3, gid: 4 }),
      link("bin", "usr/bin"), link("lib", "/usr/lib"), dir("tmp/", { mode: 0o1777 }), dir("root/", { mode: 0o700 }), text("plain"), link("to-file", "plain"),
      link("nowhere", "to/be/made"), link("loop", "loop"), link("up", "../.."), dir("opt/"), dir("opt/v1/", { mode: 0o750, uid: 1, gid: 2 }), link("opt/cur", "v1"),
      dir("opt/group/", { mode: 0o2775, gid: 7 }), dir("etc/"), text("etc/passwd", { mode: 0o640, uid: 1, gid: 2, mtime: OLD }), hard("etc/same", "etc/passwd", { mode: 0o640, uid: 1, gid: 2, mtime: OLD }),
    ],
  ],
}; // prettier-ignore

/** An archive over the system. */
function over(name: string, members: readonly TarMember[], more: Partial<Case> & { readonly dest?: string; readonly flags?: string } = {}): Case {
  const { dest = "/", flags = "", ...rest } = more;
  return { name, dockerfile: `FROM @{system}\nADD ${flags}t.tar ${dest}\n`, files: { "t.tar": tar(members) }, bases: { system }, ...rest };
}

/** What an overlay for a merged /usr looks like: no directories. */
const overlay = [text("bin/tool", { mode: 0o755 }), text("lib/foo/x")];
/** The same as bzip2 made it. */
const BZIP2 = "QlpoOTFBWSZTWXKpE3UAAFjbgMkQQAD3gADAcSWeQAhIIAByEqT0QAAGJ6m1BJFPSepqaeoB+qGgP3zvchiCWBshJamxguEnCzmaSYV92RXnbiSCsajgHaoAogcxjo60LFE0STnDGg5aPHgp6keeNxrEctwpQoYMwiZjj8XckU4UJByqRN1A";

const CONFLICT = "COPY_CONFLICT";
const ESCAPE = "PATH_ESCAPE";

export const archives: readonly Case[] = [
  over("L1: members go through the symlinks of the image", overlay),
  over("L1: a gzip goes through the symlinks of the image", [], { files: { "t.tar": tar(overlay, "gzip") } }),
  over("L1: a zstd goes through the symlinks of the image", [], { files: { "t.tar": tar(overlay, "zstd") } }),
  over("L1: a bzip2 goes through the symlinks of the image", [], { files: { "t.tar": file(Buffer.from(BZIP2, "base64")) } }),
  { name: "L1: an archive from a URL goes through the symlinks of the image", dockerfile: "FROM @{system}\nADD --unpack=true @{server}/t.tar /\n", bases: { system }, serve: { "/t.tar": { body: tarBytes(overlay) } } },
  over("L1: a destination that is a symlink", overlay, { dest: "/opt/cur/" }),
  over("L1: a destination below a symlink", [text("x"), dir("d/"), text("d/y")], { dest: "/opt/cur/new" }),
  over("L1: a directory of the archive takes the place of a symlink", [dir("lib/"), text("lib/foo/x")]),
  over("L1: a directory of the archive that comes later takes the place of a symlink", [text("lib/foo/x"), dir("lib/", { mode: 0o700 }), text("lib/y")]),
  over("L1: a directory of the archive behind a symlink", [dir("lib/foo/", { mode: 0o700, uid: 9 }), text("lib/foo/x")]),
  over("L1: a symlink that leads to what is not there yet", [text("nowhere/deep/x")]),
  over("L1: a symlink of the archive, set anew", [link("l", "usr/bin"), text("l/one"), link("l", "/opt"), text("l/two"), dir("l/"), text("l/three")]),
  over("L1: a symlink of the archive means a path in the destination", [link("l", "/usr/bin"), text("l/x")], { dest: "/opt" }),
  over("L1: a stage's symlink from an archive", [], { dockerfile: "FROM scratch\nADD links.tar /\nADD t.tar /\n", files: { "links.tar": tar([dir("real/", { mode: 0o711 }), link("l", "real")]), "t.tar": tar([text("l/x")]) } }),
  over("L1: --link has nothing to go through", overlay, { flags: "--link " }),
  over("R3: directories that are there keep mode and owner", [text("tmp/x"), text("root/x"), text("opt/v1/x"), text("new/x")]),
  over("R3: --chown is for what the archive has", [text("tmp/x"), text("root/new/x"), dir("opt/")], { flags: "--chown=20:30 " }),
  over("R3: directories in one with setgid", [text("opt/group/a/b/x")]),
  over("R3: a file in the way", [text("plain/x")], { fails: { says: "not a directory", code: CONFLICT } }),
  over("R3: a symlink to a file in the way", [text("to-file/x")], { fails: { says: "not a directory", code: CONFLICT } }),
  over("R3: a symlink to a file in the way of a directory", [text("to-file/deep/x")], { fails: { says: "not a directory", code: CONFLICT } }),
  over("R3: a file of the archive in the way", [text("n"), text("n/x")], { fails: { says: "not a directory", code: CONFLICT } }),
  over("R3: a symlink to itself in the way", [text("loop/x")], { fails: { says: "too many levels of symbolic links", code: "NOT_FOUND" } }),
  over("R3: a file in place of a symlink", [text("to-file"), text("bin")]),
  over("L8: a symlink of the image that leads out", [text("up/x")], { fails: { says: "path escapes from parent", code: ESCAPE } }),
  over("L8: a symlink of the archive that leads out of the destination", [link("l", "../usr/bin"), text("l/x")], { dest: "/opt", fails: { says: "path escapes from parent", code: ESCAPE } }),
  over("L8: a symlink that leads up behind an absolute one", [link("a", "/opt/up"), link("opt/up", "../../usr"), text("a/x")]),
  over("L8: a name that leads out", [text("a/../../x")], { dest: "/opt", fails: { says: "invalid entry name", code: ESCAPE } }),
  over("L8: a name that leads up and down", [text("a/b/../x"), text("/y")], { dest: "/opt" }),
  over("L2: a hard link to a file of the image", [hard("x", "etc/passwd", { mode: 0o600, uid: 7, gid: 8, mtime: 1_400_000_000 })], { times: ["x", "etc/passwd", "etc/same"] }),
  over("L2: a hard link through a symlink of the image", [hard("x", "bin/sh", { mode: 0o700 })]),
  over("L2: a hard link to a file of the image that does not change", [hard("x", "usr/bin/sh", { mode: 0o755, mtime: OLD })]),
  over("L2: a hard link by an absolute path", [hard("d/x", "/etc/passwd", { mode: 0o600 })]),
  over("L2: a hard link in the destination", [text("f"), hard("x", "f", { mode: 0o600, uid: 5 })], { dest: "/opt" }),
  over("L2: a hard link to a symlink", [hard("x", "to-file", { uid: 5 })]),
  over("L2: --chown of hard links", [hard("x", "etc/passwd", { mode: 0o600 })], { flags: "--chown=20:30 " }),
  over("L2: hard links to hard links, and a file that is replaced", [text("a"), hard("b", "a", { mode: 0o600, uid: 1 }), hard("c", "b", { mode: 0o640, uid: 2 }), text("a", { content: "new" })]),
  over("L2: a hard link in place of a directory", [dir("d/"), text("d/x"), text("f"), hard("d", "f", { mode: 0o600 })]),
  over("L2: a hard link to a name that was replaced before", [text("etc/same", { content: "new" }), hard("x", "etc/same", { mode: 0o600 })]),
  over("L2: a hard link to nothing", [hard("x", "missing")], { fails: { says: "no such file or directory", code: "TAR" } }),
  over("L2: a hard link to what comes later", [hard("x", "y"), text("y")], { fails: { says: "no such file or directory", code: "TAR" } }),
  over("L2: a hard link to itself", [text("f"), hard("f", "f")], { fails: { says: "no such file or directory", code: "TAR" } }),
  over("L2: a hard link to a directory", [hard("x", "etc")], { fails: { says: "operation not permitted", code: "TAR" } }),
  over("L2: a hard link to outside of the destination", [hard("x", "../etc/passwd")], { dest: "/opt", fails: { says: "invalid hardlink target", code: ESCAPE } }),
  over("L2: members without a name", [{ path: "", content: "junk" }, dir("", { mode: 0o700 }), { path: ".", content: "junk" }, link("./", "usr"), text("x")]),
  over("R7: a directory, a file and a directory of one name", [dir("n/", { mode: 0o700 }), text("n/old"), text("n"), dir("n/", { mode: 0o711 }), text("n/new")]),
  over("R7: a file in place of a directory of the image, and a directory again", [text("etc"), dir("etc/", { mode: 0o711 }), text("etc/new")]),
  over("R7: a directory of the archive that is gone at its end", [dir("n/"), dir("n/s/"), text("n/s/x"), text("n")], { fails: { says: "chtimesat n/s: not a directory", code: CONFLICT } }),
  over("R9: times of directories that an archive writes into", [text("tmp/x"), text("lib/new/deep/x"), dir("opt/", { mtime: 1_400_000_000 }), text("opt/x"), text("opt/v1/x"), link("root/l", "x")], { times: ["*"] }),
  over("R9: times of directories where an archive only replaces", [text("etc/passwd"), hard("usr/bin/sh2", "usr/bin/sh", { mode: 0o700 })], { times: ["*"] }),
  { name: "an archive over symlinks that a COPY made", dockerfile: "FROM scratch\nCOPY c /\nADD t.tar /\n", files: { "c/real/f": "f", "c/l": symlink("real"), "t.tar": tar([text("l/x"), hard("y", "l/f")]) } },
];

function tarBytes(list: readonly TarMember[]): Buffer {
  const spec = tar(list);
  return spec.kind === "file" && typeof spec.content !== "string" ? spec.content : Buffer.alloc(0);
}
