/** .dockerignore: rules S95 to S101. */
import { symlink } from "../files.ts";
import type { Case, Files } from "../types.ts";

const tree: Files = { a: "a", "b.txt": "b", "foo/a": "1", "foo/bar/c.txt": "2", "foo/bar/keep": "3", "x/foo/d": "4", "x/y/b.txt": "5", "#x": "6", ".hidden": "7" };
const all = "FROM scratch\nCOPY . /\n";
const ignoring = (text: string): Files => ({ ...tree, ".dockerignore": text });

export const ignore: readonly Case[] = [
  { name: "S95: the ignore file of the Dockerfile replaces the other", dockerfile: all, file: "my.Dockerfile", files: { ...ignoring("a\n"), "my.Dockerfile.dockerignore": "b.txt\n" } },
  { name: "S95: the ignore file of a Dockerfile in a folder", dockerfile: all, file: "x/Dockerfile", files: { ...ignoring("a\n"), "x/Dockerfile.dockerignore": "b.txt\n" } },
  { name: "S96: comments, blanks and slashes", dockerfile: all, files: ignoring("\uFEFF# comment\n#x\n  a  \n\n/b.txt\n./foo/bar/\n") },
  { name: "S96: an indented # is a pattern", dockerfile: all, files: ignoring(" #x\n") },
  { name: "S96: CRLF", dockerfile: all, files: ignoring("a\r\nb.txt\r\n") },
  { name: "S96: dots in patterns", dockerfile: all, files: ignoring("foo/../a\nx/./y\n") },
  { name: "S97: the last match wins", dockerfile: all, files: ignoring("*.txt\n!b.txt\nfoo\n!foo/bar\nfoo/bar/c.txt\n") },
  { name: "S97: a child of an ignored directory comes back", dockerfile: all, files: ignoring("foo\n!foo/bar/keep\n") },
  { name: "S97: a child comes back from ** ", dockerfile: all, files: ignoring("**\n!foo/bar/keep\n!**/b.txt\n") },
  { name: "S97: an order that ignores again", dockerfile: all, files: ignoring("!foo/a\nfoo\n") },
  { name: "S97: * and a negation", dockerfile: all, files: ignoring("*\n!foo\nfoo/bar\n") },
  { name: "S98: patterns start at the root", dockerfile: all, files: ignoring("foo\nb.txt\n") },
  { name: "S98: two stars", dockerfile: all, files: ignoring("**/foo\n**/*.txt\n") },
  { name: "S98: two stars at the end", dockerfile: all, files: ignoring("foo/**\n") },
  { name: "S98: two stars in the middle", dockerfile: all, files: ignoring("x/**/b.txt\nfoo/**/keep\n") },
  { name: "S98: star and question mark stop at a slash", dockerfile: all, files: ignoring("*/a\n?.txt\nf*/b*\n") },
  { name: "S98: classes", dockerfile: all, files: ignoring("[a-b]*\nfoo/ba[!x]\nx/[^y]*\n") },
  { name: "S98: hidden files", dockerfile: all, files: ignoring(".*\n") },
  { name: "S98: an escaped character", dockerfile: all, files: { ...ignoring("a\\*b\n\\#x\n"), "a*b": "8", aXb: "9" } },
  { name: "S99: a lone !", dockerfile: all, files: ignoring("!\n"), fails: { says: 'illegal exclusion pattern: "!"', code: "DOCKERFILE_SYNTAX" } },
  { name: "S99: a broken pattern", dockerfile: all, files: ignoring("a[\n"), fails: { says: "syntax error in pattern", code: "DOCKERFILE_SEMANTIC" } },
  { name: "S100: the Dockerfile and the ignore file may be ignored", dockerfile: all, file: "Dockerfile", files: ignoring("Dockerfile\n.dockerignore\n") },
  { name: "S100: what is not ignored is copied, the Dockerfile too", dockerfile: all, file: "Dockerfile", files: ignoring("a\n") },
  { name: "S100: an ignored file is not found", dockerfile: "FROM scratch\nCOPY a /\n", files: ignoring("a\n"), fails: { says: '"/a": not found', code: "COPY_SOURCE_MISSING" } },
  { name: "S101: stages are not filtered", dockerfile: "FROM scratch AS one\nCOPY b.txt /a\nFROM scratch\nCOPY --from=one / /\n", files: ignoring("a\n") },
  { name: "an ignored symlink, and one to an ignored file", dockerfile: all, files: { ...ignoring("l1\na\n"), l1: symlink("b.txt"), l2: symlink("a") } },
  { name: "a directory of which all is ignored", dockerfile: "FROM scratch\nCOPY . /\nCOPY foo /copied\n", files: ignoring("foo/*\n") },
  { name: "a wildcard of COPY does not see ignored files", dockerfile: "FROM scratch\nCOPY *.txt a* /x/\n", files: ignoring("b.txt\n") },
  { name: "an empty ignore file", dockerfile: all, files: ignoring("") },
  { name: "an ignored directory with a file of the same beginning", dockerfile: all, files: { ...ignoring("foo\n"), "foo-bar": "f", foobar: "g" } },
  { name: "a file that is taken out, back in and out again", dockerfile: "FROM scratch\nCOPY d /l\n", files: { "d/s/g.txt": "g", ".dockerignore": "d/*\n!**/g.txt\nd/*\n" } },
];
