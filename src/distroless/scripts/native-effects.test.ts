import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sha256 } from "../../digest.ts";
import { treePath } from "../../paths.ts";
import type { LayerItem } from "../../tree/index.ts";
import { directoryEntry, textItem } from "../layer-items.ts";
import { alternativeItems, nativeItems, sharedConfigItems } from "./native-effects.ts";
import type { PackageContent } from "../package-content.ts";

function content(name: string, postinst: string, items: readonly LayerItem[] = []): PackageContent {
  return {
    binary: {
      name,
      version: "1",
      architecture: "amd64",
      source: name,
      filename: "x.deb",
      size: 1,
      digest: sha256(name),
      uri: "u",
      suite: "s",
    },
    control: Buffer.from(""),
    scripts: new Map([["postinst", postinst]]),
    items,
    md5: new Map(),
  };
}
const show = (items: readonly LayerItem[]): string[] =>
  items.map(({ entry }) => [entry.kind, entry.path, entry.link ?? entry.mode.toString(8)].join(" "));

describe("nativeItems()", () => {
  it("makes the directories of base-files, and links of those that moved", () => {
    const script = `install_local_dir() {
  mkdir -p "$DPKG_ROOT$1"
}
install_directory opt 755 root
install_directory run/lock 1777 root
install_directory var/mail 2775 mail
install_directory etc 755 root
install_local_dir /usr/local/lib
migrate_directory /var/run /run`;
    const items = [{ entry: directoryEntry(treePath("/etc"), { mode: 0o700 }) }, { entry: directoryEntry(treePath("/var/run")) }];
    assert.deepEqual(show(nativeItems(content("base-files", script, items), items)), [
      "dir opt 755",
      "dir run/lock 1777",
      "dir usr/local/lib 755",
      "symlink var/run /run",
    ]);
  });
  it("makes directories of /etc and /usr/local, and no others", () => {
    const script = "mkdir -p /usr/local/lib/python3.13 2>/dev/null\nmkdir -m 755 /etc/.java /tmp/x $home/y /../etc/x";
    assert.deepEqual(show(nativeItems(content("p", script), [])), ["dir usr/local/lib/python3.13 755", "dir etc/.java 755"]);
  });
  it("links the local time to UTC", () => {
    const items = [textItem("/usr/share/zoneinfo/Etc/UTC", "TZif")];
    assert.deepEqual(show(nativeItems(content("tzdata", "", items), items)), ["symlink etc/localtime /usr/share/zoneinfo/Etc/UTC"]);
    assert.deepEqual(show(nativeItems(content("tzdata", "", items), [])), []);
  });
  it("A4: copies configuration files as ucf does, and replaces none", () => {
    const script =
      'for f in a b; do ucf "/usr/share/p/$f.ini" /etc/p/$f.ini; done\nucf /usr/share/other/x /etc/p/x\nucf --purge /usr/share/p/a.ini /etc/p/z';
    const items = [
      textItem("/usr/share/p/a.ini", "1", { mode: 0o640 }),
      textItem("/usr/share/p/b.ini", "2"),
      textItem("/etc/p/b.ini", "3"),
    ];
    assert.deepEqual(show(nativeItems(content("p", script, items), items)), ["file etc/p/a.ini 640"]);
    const there = new Map([...items, textItem("/usr/share/other/x", "4")].map((item) => [item.entry.path, item]));
    assert.deepEqual(show(sharedConfigItems([content("p", script)], there)), ["file etc/p/a.ini 640", "file etc/p/x 644"]);
  });
  it("puts the name service file where the C library looks", () => {
    const items = [textItem("/usr/share/libc-bin/nsswitch.conf", "hosts: files dns")];
    assert.deepEqual(show(nativeItems(content("libc-bin", "", items), items)), ["file etc/nsswitch.conf 644"]);
  });
});

describe("alternativeItems()", () => {
  const one = content(
    "one",
    "update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 --slave /usr/share/man/awk awk.1 /usr/share/man/mawk",
  );
  const two = content("two", "for t in awk nawk; do\nupdate-alternatives --install /usr/bin/$t $t /usr/bin/gawk 10\ndone");
  const link = (...there: readonly string[]): string[] => show(alternativeItems([one, two], (path) => there.includes(path)));
  it("takes the highest priority of what is there", () => {
    assert.deepEqual(link("usr/bin/mawk", "usr/bin/gawk"), ["symlink usr/bin/awk /usr/bin/gawk", "symlink usr/bin/nawk /usr/bin/gawk"]);
    assert.deepEqual(link("usr/bin/mawk", "usr/share/man/mawk"), [
      "symlink usr/bin/awk /usr/bin/mawk",
      "symlink usr/share/man/awk /usr/share/man/mawk",
    ]);
  });
  it("replaces nothing", () => {
    assert.deepEqual(link("usr/bin/mawk", "usr/bin/awk"), []);
  });
});
