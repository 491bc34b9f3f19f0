/** ADD: rules S89 to S93, S130. */
import { file, tar } from "../files.ts";
import type { TarMember } from "../../support/archive.ts";
import type { Case, Files } from "../types.ts";
import { inBusybox } from "./support.ts";

const SYNTAX = "DOCKERFILE_SYNTAX";
const SEMANTIC = "DOCKERFILE_SEMANTIC";
const CONFLICT = "COPY_CONFLICT";
const members: readonly TarMember[] = [
  { path: "top", content: "top\n", mode: 0o640, uid: 5, gid: 6, mtime: 1_500_000_000 },
  { path: "d/", type: "dir", mode: 0o711, uid: 7, gid: 8, mtime: 1_500_000_001 },
  { path: "d/f", content: "f\n", mode: 0o4755, uid: 7, gid: 8 },
  { path: "d/link", type: "symlink", link: "f" },
  { path: "d/hard", type: "hardlink", link: "d/f", mode: 0o4755, uid: 7, gid: 8 },
];
const archive: Files = { "a.tar": tar(members) };
/** hello.txt, 0640 5:6, as bzip2 and as xz made it. */
const BZIP2 = "QlpoOTFBWSZTWcWHuMMAAHx7kNkQAARAAX+EAIBiRJ5ABAAACCAAdQ0TRANGg9Rk02oJJBAAAGhpOvxovQgpiCRBkhGMnuozi0HCEMiThnXtwYJ5gikqEphIGIIqYufIb3Kri5oG79FQK2ZrTtuSQfi7kinChIYsPcYY";
const XZ = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4Cf/AG9dADQZSe6N8LrI/5v/8gxprxHnTvz92IQD+gepS5vVV9kHOojIcwmPinX7e2OhbJ3NAQAbejeZxtgdWPCA+eYHxofKN8nMV+LJQT+zFZWdVQpdIAb2NzUyj1yBSlSPztE60/R+nhOlYlgKXbQWH1QBgAAANPJ5cln1ooIAAYsBgFAAAP2BpwuxxGf7AgAAAAAEWVo=";

export const add: readonly Case[] = [
  { name: "S89: archives in every compression, by content", dockerfile: "FROM scratch\nADD plain /1/\nADD gzip.txt /2/\nADD bzip2 /3/\nADD xz.tar /4/\nADD zstd /5/\n", files: { plain: tar(members), "gzip.txt": tar(members, "gzip"), bzip2: file(Buffer.from(BZIP2, "base64")), "xz.tar": file(Buffer.from(XZ, "base64")), zstd: tar(members, "zstd") } },
  { name: "S89: names do not make an archive", dockerfile: "FROM scratch\nADD empty.tar.gz text.tar /x/\n", files: { "empty.tar.gz": "", "text.tar": "not a tar\n" } },
  { name: "S89: a gzip that is no tar", dockerfile: "FROM scratch\nADD x.gz /\n", files: { "x.gz": file(Buffer.from("H4sIAAAAAAAAA8tIzcnJ5wIAIDA6NgYAAAA=", "base64")) } },
  { name: "S89: COPY does not extract", dockerfile: "FROM scratch\nCOPY a.tar /\n", files: archive },
  { name: "S89: --unpack=false", dockerfile: "FROM scratch\nADD --unpack=false a.tar /\n", files: archive },
  { name: "S89: ADD of files and directories is COPY", dockerfile: "FROM scratch\nADD d /x\nADD d/f d/g /y/\nADD --chmod=600 --chown=5 d/f /z\n", files: { "d/f": "f", "d/g": "g" } },
  { name: "S89: an archive in a directory is copied", dockerfile: "FROM scratch\nADD d /x\n", files: { "d/a.tar": tar(members) } },
  { name: "S89: archives that a wildcard matches", dockerfile: "FROM scratch\nADD *.tar other /x/\n", files: { "1.tar": tar([{ path: "one", content: "1" }]), "2.tar": tar([{ path: "two", content: "2" }]), other: "o" } },
  { name: "S90: owners, modes and times of the archive", dockerfile: "FROM scratch\nADD a.tar /\nADD a.tar /sub/dir\n", files: archive, times: ["top", "d", "sub/dir/d"] },
  { name: "S90: --chown on an archive", dockerfile: "FROM scratch\nADD --chown=20:30 a.tar /x/y\n", files: archive },
  { name: "S90: --chmod on an archive", dockerfile: "FROM scratch\nADD --chmod=600 a.tar /x/y\n", files: archive },
  { name: "S90: the destination becomes a directory", dockerfile: "FROM scratch\nADD a.tar /x\n", files: archive },
  { name: "S90: the destination is a file", dockerfile: "FROM scratch\nCOPY f /x\nADD a.tar /x\n", files: { ...archive, f: "f" }, fails: { says: "not a directory", code: CONFLICT } },
  { name: "S90: implied parents", dockerfile: "FROM scratch\nADD a.tar /x\n", files: { "a.tar": tar([{ path: "p/q/r", content: "r", uid: 5 }, { path: "p/s", content: "s" }]) } },
  { name: "S90: existing files are replaced, directories merged", ...inBusybox("RUN mkdir -p /x/d && echo old > /x/top && echo keep > /x/d/keep && chown 1:1 /x/d\nADD a.tar /x"), files: archive },
  { name: "S90: a directory of the archive over a file", dockerfile: "FROM scratch\nCOPY f /x/d\nADD a.tar /x\n", files: { ...archive, f: "f" } },
  { name: "S90: a file of the archive over a directory", ...inBusybox("RUN mkdir -p /x/top/deep\nADD a.tar /x"), files: archive },
  { name: "S90: a directory of the archive over a symlink", ...inBusybox("RUN mkdir -p /x /real && ln -s /real /x/d\nADD a.tar /x"), files: archive },
  { name: "S90: a destination through a symlink", ...inBusybox("RUN mkdir /real && ln -s real /ln\nADD a.tar /ln/sub"), files: archive },
  { name: "S90: devices, FIFOs and sticky directories", dockerfile: "FROM scratch\nADD a.tar /\n", files: { "a.tar": tar([{ path: "null", type: "char", mode: 0o666 }, { path: "pipe", type: "fifo", mode: 0o600 }, { path: "tmp/", type: "dir", mode: 0o1777 }]) } },
  { name: "S90: names with ./ and a trailing slash", dockerfile: "FROM scratch\nADD a.tar /x\n", files: { "a.tar": tar([{ path: "./", type: "dir", mode: 0o755 }, { path: "./d/", type: "dir", mode: 0o700 }, { path: "./d/f", content: "f" }]) } },
  { name: "S90: a member said twice", dockerfile: "FROM scratch\nADD a.tar /x\n", files: { "a.tar": tar([{ path: "f", content: "first" }, { path: "f", content: "second", mode: 0o600 }]) } },
  { name: "S90: an absolute symlink and one that leaves", dockerfile: "FROM scratch\nADD a.tar /x\n", files: { "a.tar": tar([{ path: "abs", type: "symlink", link: "/etc/passwd" }, { path: "up", type: "symlink", link: "../../../up" }]) } },
  { name: "S90: a member below a symlink of the archive", dockerfile: "FROM scratch\nADD a.tar /x\n", files: { "a.tar": tar([{ path: "real/", type: "dir" }, { path: "ln", type: "symlink", link: "real" }, { path: "ln/f", content: "f" }]) } },
  { name: "S90: a hard link with metadata of its own", dockerfile: "FROM scratch\nADD a.tar /x\n", files: { "a.tar": tar([{ path: "f", content: "f", mode: 0o600, uid: 5 }, { path: "g", type: "hardlink", link: "f", mode: 0o644, uid: 6 }]) } },
  { name: "S90: an empty archive", dockerfile: "FROM scratch\nADD a.tar /x\n", files: { "a.tar": tar([]) } },
  { name: "S130: the root of an archive does not change the destination", ...inBusybox("RUN mkdir -m 711 /x && chown 5:6 /x\nADD a.tar /x"), files: { "a.tar": tar([{ path: "./", type: "dir", mode: 0o777, uid: 9, gid: 9 }, { path: "./f", content: "f" }]) } },
  { name: "S91: a URL", dockerfile: "FROM scratch\nADD @{server}/dir/file.txt /x/\nADD @{server}/dir/file.txt /name\n", serve: { "/dir/file.txt": { body: "hello\n" } }, times: ["x/file.txt", "name"] },
  { name: "S91: Last-Modified", dockerfile: "FROM scratch\nADD @{server}/f /f\n", serve: { "/f": { body: "hello\n", headers: { "last-modified": "Fri, 14 Jul 2017 02:40:00 GMT" } } }, times: ["f"] },
  { name: "S91: --chmod and --chown of a URL", dockerfile: "FROM scratch\nADD --chmod=755 --chown=5:6 @{server}/f /d/\n", serve: { "/f": { body: "hello\n" } } },
  { name: "S91: an archive from a URL is not extracted", dockerfile: "FROM scratch\nADD @{server}/a.tar /d/\n", serve: { "/a.tar": { body: tarBytes(members) } } },
  { name: "S91: --unpack extracts an archive from a URL", dockerfile: "FROM scratch\nADD --unpack=true @{server}/a.tar /d/\n", serve: { "/a.tar": { body: tarBytes(members) } } },
  { name: "S91: a URL that ends in a slash", dockerfile: "FROM scratch\nADD @{server}/dir/ /x/\n", serve: { "/dir/": { body: "listing" } } },
  { name: "S91: a query, and a name with %20", dockerfile: "FROM scratch\nADD @{server}/a%20b?x=1 /x/\n", serve: { "/a%20b?x=1": { body: "b" } } },
  { name: "S91: Content-Disposition names the file", dockerfile: "FROM scratch\nADD @{server}/f /x/\n", serve: { "/f": { body: "b", headers: { "content-disposition": 'attachment; filename="other.txt"' } } } },
  { name: "S91: a URL that is not there", dockerfile: "FROM scratch\nADD @{server}/nope /x\n", serve: {}, fails: { says: "404", code: "HTTP_SOURCE" } },
  { name: "S91: a redirect", dockerfile: "FROM scratch\nADD @{server}/from /x/\n", serve: { "/from": { body: "", status: 302, headers: { location: "to" } }, "/to": { body: "there" } } },
  { name: "S92: a git repository", dockerfile: "FROM scratch\nADD https://127.0.0.1:1/x.git /x\n", pending: "ADD of a git repository", fails: { says: "failed to", code: "GIT_SOURCE" } },
  { name: "S93: COPY of a URL", dockerfile: "FROM scratch\nCOPY http://127.0.0.1:1/f /x\n", fails: { says: "source can't be a URL for COPY", code: SEMANTIC } },
  { name: "S93: COPY of a git repository", dockerfile: "FROM scratch\nCOPY https://127.0.0.1:1/x.git /x\n", fails: { says: "source can't be a git ref for COPY", code: SEMANTIC } },
  { name: "S93: --checksum", dockerfile: "FROM scratch\nADD --checksum=sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 @{server}/f /f\n", serve: { "/f": { body: "hello\n" } } },
  { name: "S93: another --checksum", dockerfile: "FROM scratch\nADD --checksum=sha256:0000000000000000000000000000000000000000000000000000000000000000 @{server}/f /f\n", serve: { "/f": { body: "hello\n" } }, fails: { says: "digest mismatch", code: "CHECKSUM" } },
  { name: "S93: --checksum of a file of the context", dockerfile: "FROM scratch\nADD --checksum=sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 f /f\n", files: { f: "hello\n" }, fails: { says: "checksum requires HTTP(S) or Git sources", code: SEMANTIC } },
  { name: "S93: --checksum for two sources", dockerfile: "FROM scratch\nADD --checksum=sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03 @{server}/f @{server}/g /x/\n", serve: { "/f": { body: "hello\n" }, "/g": { body: "" } }, fails: { says: "checksum can't be specified for multiple sources", code: SEMANTIC } },
  { name: "ADD --from", dockerfile: "FROM scratch\nADD --from=x a b\n", fails: { says: "unknown flag: --from", code: SYNTAX } },
];

function tarBytes(list: readonly TarMember[]): Buffer {
  const spec = tar(list);
  return spec.kind === "file" && typeof spec.content !== "string" ? spec.content : Buffer.alloc(0);
}
