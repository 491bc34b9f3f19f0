import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type ReadScript, readScript } from "./read-script.ts";
import type { ScriptOrigin } from "./walk-script.ts";

const read = (text: string, script: ScriptOrigin["script"] = "postinst"): ReadScript =>
  readScript(text, { package: "p", architecture: "amd64", script });

/** One line a command; words that only a run would show have a "?" before them, commands of a function are below its call, files that are written come last. */
function show(text: string, script?: ScriptOrigin["script"]): string[] {
  return read(text, script).commands.map(({ words, inside, isCall, writes }) =>
    [
      inside === undefined ? "" : "| ",
      words.map((word) => (word.known ? "" : "?") + word.text.replaceAll(/\s/g, "_")).join(" "),
      isCall ? " ()" : "",
      ...writes.map((file) => ` > ${file.text}`),
    ].join(""),
  );
}

describe("readScript()", () => {
  const rows: readonly { readonly name: string; readonly script: string; readonly want: readonly string[] }[] = [
    {
      name: "fills in what the script sets to a fixed text",
      script: 'dir=/usr/lib/x\nlist="a  b"\nlink $dir/y "${dir}/z" $list "$list" \'$dir\' ${none:-}',
      want: ["link /usr/lib/x/y /usr/lib/x/z a b a__b $dir ?${none:-}"],
    },
    {
      name: "tells what only a run would show",
      script: 'v=$(uname -r)\nrun "$v" `date` $(id -u) ${x#y} /a/$z',
      want: ["run ?$v ?`date` ?$(id_-u) ?${x#y} ?/a/$z"],
    },
    {
      name: "spells out loops over fixed lists",
      script: "tools='java keytool'\nfor i in $tools; do\n  install \\\n    /usr/bin/$i $i\ndone\nafter $i",
      want: ["install /usr/bin/java java", "install /usr/bin/keytool keytool", "after keytool"],
    },
    { name: "does not spell out what it cannot know", script: "for f in /etc/*.conf; do\nload $f\ndone", want: ["load ?$f"] },
    {
      name: "leaves loops as the script does",
      script: "for i in 1 2 3; do\n  if [ $i = 1 ]; then continue; fi\n  for j in a b; do inner $i $j; break; done\n  [ $i = 2 ] && break\ndone",
      want: ["inner 2 a"],
    },
    {
      name: "divides lists and takes conditions away",
      script: 'if [ -d /y ] && ! test -e /x; then first || true; second "a;b" & fi',
      want: ["first", "second a;b"],
    },
    {
      name: "passes over comments and here-documents, and tells what is written",
      script: "# ldconfig\ncat <<EOF >/etc/x\nldconfig ' \"\nEOF\ngo # now\ngo 2>/dev/null >&2",
      want: ["cat > /etc/x", "go", "go"],
    },
    { name: "knows the root that dpkg sets", script: 'ln -s a "$DPKG_ROOT/b" ${DPKG_ROOT:+--root="$DPKG_ROOT"}', want: ["ln -s a /b"] },
    {
      name: "judges a function where it is called, with its arguments",
      script: 'make() {\n  DIR="$1"\n  mkdir -p $DIR\n  chmod ${2} $DIR\n}\nmake /a 755\nmake $x 700',
      want: ["make /a 755 ()", "| mkdir -p /a", "| chmod 755 /a", "make ?$x 700 ()", "| mkdir -p ?$DIR", "| chmod 700 ?$DIR"],
    },
    {
      name: "takes the branch of a first installation",
      script:
        'if [ -n "$2" ] && dpkg --compare-versions "$2" lt-nl 1.0; then upgrade; else fresh; fi\nif dpkg --compare-versions "$2" lt 2; then older; fi',
      want: ["fresh", "dpkg --compare-versions  lt 2", "older"],
    },
    {
      name: "takes the arm of what dpkg asks for",
      script: 'case "$1" in\n (configure) go;;\n abort-upgrade|abort-remove) undo ;;\n *) echo "unknown $1" >&2; exit 1;;\nesac\nend',
      want: ["go", "end"],
    },
    {
      name: "takes every branch of a condition that only a run would decide",
      script: 'if which x >/dev/null; then a; elif grep -q y /z; then b; else c; fi\ncase $(uname) in Linux) d;; *) e;; esac',
      want: ["which x", "a", "grep -q y /z", "b", "c", "d", "e"],
    },
    {
      name: "knows what its own functions answer",
      script: 'is_fresh() {\n if [ -z "$2" ]; then return 0; fi\n return 1\n}\nif is_fresh $@; then a; else b; fi\nis_fresh 1 2 || c',
      want: ["is_fresh configure  ()", "a", "is_fresh 1 2 ()", "c"],
    },
    {
      name: "knows what a function answers that may be one of two",
      script: 'if [ -e /x ]; then on() { a; return 1; }\nelse on() { return 1; }\nfi\non && never\non || b',
      want: ["on ()", "| a", "on ()", "| a", "b"],
    },
    {
      name: "does not take the last answer of a function that may answer before",
      script: "on() { if [ -e /x ]; then return 0; fi; return 1; }\nif on; then a; else b; fi",
      want: ["on ()", "a", "b"],
    },
    {
      name: "tells each command that a variable may be",
      script: 'tool=\nif which x; then tool=x; elif which y; then tool=y; fi\n[ -n "$tool" ] && "$tool" -f',
      want: ["which x", "which y", "x -f", "y -f"],
    },
    {
      name: "knows the architecture of the base",
      script: 'p=1\nif [ "$DPKG_MAINTSCRIPT_ARCH" != $(dpkg --print-architecture) ]; then p=$(expr $p - 1); fi\nlink $p',
      want: ["link 1"],
    },
    { name: "ends where the script ends", script: "[ \"$1\" = install ] || exit 0\nnever", want: [] },
    { name: "does not end where it may end", script: "[ -e /x ] && exit 0\nperhaps", want: ["perhaps"] },
    {
      name: "forgets a variable that may have another value",
      script: "a=1\n[ -e /x ] && a=2\nrun $a\nb=1\nb=2\nrun $b\n( b=3 )\nrun $b",
      want: ["run ?$a", "run 2", "run 2"],
    },
    { name: "reads what packages trigger, too", script: 'if [ "$1" = triggered ]; then\n update $2\n exit 0\nfi\nfirst', want: ["first", "update ?$2"] },
    { name: "reads text over several lines", script: "awk '\n  { print \"it is\" }\n' /x | sort > /etc/y", want: ["awk ___{_print_\"it_is\"_}_ /x", "sort > /etc/y"] },
  ]; // prettier-ignore
  for (const { name, script, want } of rows) it(name, () => assert.deepEqual(show(script), want));

  it("knows what a preinst is called with", () => {
    assert.deepEqual(show('case "$1" in\ninstall) a ;;\nupgrade) b ;;\nesac', "preinst"), ["a"]);
  });

  const problems: readonly { readonly name: string; readonly script: string; readonly want: RegExp }[] = [
    { name: "is no shell script", script: "#!/usr/bin/perl -w\nunlink", want: /^it is a program of \/usr\/bin\/perl -w$/ },
    { name: "ends in quotes", script: "a\nb 'c\n", want: /^it cannot be read: a ' is missing after line 2$/ },
    { name: "has a word out of place", script: "if a; then b; done", want: /^it cannot be read: "done" is out of place; wanted fi$/ },
    { name: "is nested without end", script: "$(".repeat(1000), want: /cannot be read/ },
    { name: "is a list of nested groups", script: "{ ".repeat(1000), want: /cannot be read: its commands are nested too deep/ },
    { name: "negates without end", script: `${"! ".repeat(5000)}a`, want: /nested too deep/ },
    { name: "loops without end", script: `${"for a in 1 2 3 4 5 6 7 8 9\ndo\n".repeat(40)}x $a\n${"done\n".repeat(40)}`, want: /does more than is read/ },
    { name: "calls itself", script: `f() { ${"f; ".repeat(20)} }\nf`, want: /does more than is read/ },
  ]; // prettier-ignore
  for (const { name, script, want } of problems)
    it(`A4: tells of a script that ${name}`, () => assert.match(read(script).problem ?? "", want));
});
