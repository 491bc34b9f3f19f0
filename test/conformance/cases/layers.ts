/** Layers of bases and of steps, as they come together: rules S121 to S131. How a layer is written is tested in src/tree/layer-rules.test.ts. */
import type { TarMember } from "../../support/archive.ts";
import type { Case } from "../types.ts";
import { BUSYBOX, inBusybox } from "./support.ts";

const dir = (path: string, fields: Partial<TarMember> = {}): TarMember => ({ path, type: "dir", ...fields });
const text = (path: string, content = path): TarMember => ({ path, content });
const mark = (path: string): TarMember => text(path === "" ? ".wh..wh..opq" : `${path}/.wh..wh..opq`, "");
const hard = (path: string, link: string, fields: Partial<TarMember> = {}): TarMember => ({ path, type: "hardlink", link, ...fields });

export const layers: readonly Case[] = [
  { name: "S121: an opaque mark takes what is below, and nothing of its own layer", dockerfile: "FROM @{base}\nCOPY a /\n", files: { a: "a" }, bases: { base: { layers: [[dir("d/"), text("d/old"), dir("d/sub/"), text("d/sub/old")], [dir("d/"), text("d/before"), text("d/.wh..wh..opq", ""), text("d/behind")]] } } },
  { name: "S121: a step sees opaque directories", busybox: true, dockerfile: "FROM @{base}\nCOPY busybox /\nENV PATH=/bin\nRUN find /d | sort > /out\n", bases: { base: { layers: [[dir("d/"), text("d/old")], [dir("d/"), text("d/.wh..wh..opq", ""), text("d/new")]] } } },
  { name: "S121: a whiteout of nothing", dockerfile: "FROM @{base}\nCOPY a /\n", files: { a: "a" }, bases: { base: { layers: [[text("kept")], [text(".wh.absent", ""), dir("d/"), text("d/.wh.absent", "")]] } } },
  { name: "S122: a step removes what it made", ...inBusybox("RUN mkdir /d && echo a > /d/a && rm /d/a\nRUN echo b > /d/b && rm -r /d && mkdir /d") },
  { name: "S123: a directory that hosts a change keeps its owner and mode", ...inBusybox("RUN mkdir -p /d/e && chmod 1750 /d && chown 5:6 /d /d/e\nRUN echo x > /d/e/x\nCOPY b /d/e/b"), files: { b: "b" } },
  { name: "S124: a change that leaves size and whole second as they were", ...inBusybox("RUN echo a > /f && touch -d @1500000000 /f\nRUN echo b > /f && touch -d @1500000000 /f"), times: ["f"] },
  { name: "S125: names of more than 255 bytes, owners above 2^21", ...inBusybox(`RUN d=/$(seq -s n 60) && mkdir -p $d/$d && echo a > $d/$d/$(seq -s m 80) && chown 4000000:3000000 $d`) },
  { name: "S127: hard links of a step and of the step before", ...inBusybox("RUN mkdir /d && echo a > /d/a && ln /d/a /d/b\nRUN echo c > /c && ln /c /d/c && rm /d/a") },
  { name: "S129: a layer that writes through the symlink of another", busybox: true, dockerfile: "FROM @{base}\nCOPY busybox /\nENV PATH=/bin\nRUN find /real /l/ | sort > /out\n", bases: { base: { layers: [[dir("real/"), { path: "l", type: "symlink", link: "/real" }], [text("l/x")]] } } },
  { name: "S131: layers from the cache have no .wh. files", busybox: true, dockerfile: "FROM scratch AS one\nCOPY busybox /\nENV PATH=/bin\nRUN mkdir /d && echo a > /d/a && echo b > /d/b\nRUN rm /d/a\nFROM one\nRUN ls -A /d > /out && find / -xdev -name '.wh.*' >> /out\n" },
  ...([
    ["R7: an opaque mark without its directory keeps the directory's mode and owner", [mark("d"), text("d/new")]],
    ["R7: an opaque mark alone", [mark("d")]],
    ["R7: an opaque mark without directories on the way", [mark("d/sub"), text("d/sub/new")]],
    ["R7: an opaque mark where nothing is", [mark("n"), mark("m/o"), text("m/o/new")]],
    ["R7: an opaque mark where a file is", [mark("f"), text("f/new")]],
    ["R7: an opaque mark of a directory with an entry", [dir("d/", { mode: 0o711 }), text("d/one"), mark("d"), text("d/two")]],
    ["R7: a directory, a file and a directory of one name", [dir("d/"), text("d/mid"), text("d"), dir("d/", { mode: 0o711 }), text("d/new")]],
    ["X12: an opaque mark at the root", [mark(""), text("d/new"), text("n")]],
    ["L2: a hard link with metadata of its own in a base", [dir("h/"), text("h/a"), hard("h/b", "h/a", { mode: 0o600, uid: 7, gid: 8 })]],
    ["L2: a hard link through a symlink of its layer", [dir("h/"), text("h/a"), { path: "l", type: "symlink", link: "h" }, hard("h/b", "l/a")]],
    ["L2: entries of a base without a name", [text("", "junk"), dir("d/"), text("d/new"), text(".", "junk")]],
    ["R3: a base's directories that are implied", [text("d/sub/new"), text("n/o/new")]],
    ["R8: a root entry of a base", [dir("./", { mode: 0o700, uid: 5, gid: 6 }), text("n")]],
  ] as const).map(([name, layer]) => seen(name, layer)),
  { name: "R8: a step owns the root for the steps after it", ...inBusybox("RUN chown 7:8 / && chmod 1750 /\nRUN stat -c '%a %u:%g' / > /one\nCOPY a /a\nRUN stat -c '%a %u:%g' / > /two\nUSER 7:8\nRUN echo mine > /three"), files: { a: "a" } },
  { name: "R8: a step owns the root for stages on top of it", busybox: true, dockerfile: `${BUSYBOX.replace("scratch", "scratch AS one")}RUN chown app:app /\nFROM one\nUSER app\nRUN echo mine > /own && stat -c '%a %u:%g' / > /out\nFROM scratch\nCOPY --from=1 /own /out /r/\nCOPY --from=one / /s/\n` },
  { name: "R8: others use an image with a root entry", busybox: true, dockerfile: `FROM @{base}\nCOPY busybox /\nENV PATH=/bin\nRUN chmod 1777 /tmp\nUSER 1000\nRUN cat /n > /tmp/out\n`, bases: { base: { layers: [[dir("./", { mode: 0o700, uid: 5, gid: 6 }), text("n")]] } } },
];

/** What a step and a COPY see of a layer over one with /d, /d/old, /d/sub, /d/sub/old and /f, and what an image of it holds. */
function seen(name: string, layer: readonly TarMember[]): Case {
  const lower = [dir("d/", { mode: 0o2750, uid: 3, gid: 4 }), text("d/old"), dir("d/sub/", { mode: 0o700 }), text("d/sub/old"), text("f")];
  const dockerfile = `FROM @{base} AS b\nCOPY busybox /\nENV PATH=/bin\nRUN find / -xdev \\( -path /bin -o -path /etc -o -path /proc -o -path /sys -o -path /dev \\) -prune -o ! -path '/tmp*' -exec stat -c '%n %a %u:%g %F' {} + | sort > /tmp/out\nCOPY a /d/a\nFROM scratch\nCOPY --from=b / /r/\n`;
  return { name, busybox: true, dockerfile, files: { a: "a" }, bases: { base: { layers: [lower, layer] } } };
}
