/** Layers of bases and of steps, as they come together: rules S121 to S131. How a layer is written is tested in src/tree/layer-rules.test.ts. */
import type { TarMember } from "../../support/archive.ts";
import type { Case } from "../types.ts";
import { inBusybox } from "./support.ts";

const dir = (path: string, fields: Partial<TarMember> = {}): TarMember => ({ path, type: "dir", ...fields });
const text = (path: string, content = path): TarMember => ({ path, content });

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
];
