import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fc } from "../../test/support/property.ts";
import { type Piece, planLayers } from "./layer-plan.ts";

interface Named extends Piece {
  readonly name: string;
}

/** "level:name:MiB" of a package, whose source is its name up to a "-"; "level!name:MiB" of something else. */
function piece(text: string): Named {
  const [, level, mark, name = "", size] = /^(\d+)([:!])([^:]+):(\d+)$/.exec(text) ?? [];
  const kind = mark === ":" ? "packages" : "other";
  return { kind, level: Number(level), name, source: name.replace(/-.*/, ""), sizeBytes: Number(size) * 1024 * 1024 };
}

const plan = (text: string, budget: number): string =>
  planLayers(text.split(" ").map(piece), budget)
    .map((layer) => layer.map(({ name }) => name).join("+"))
    .join(" | ");

describe("planLayers()", () => {
  const cc = "0:files:1 0:tz:2 0!certs:1 1:libc-6:13 2:ssl-3:8 2:zlib:0 3:gcc-a:2 3:gcc-b:1 5!own:0";
  const rows = [
    {
      name: "keeps a level together, with large sources apart",
      text: cc,
      budget: 9,
      want: "files+tz | certs | libc-6 | zlib | ssl-3 | gcc-a+gcc-b | own",
    },
    { name: "splits one source never", text: "0:a-1:3 0:a-2:3 0:b:1", budget: 9, want: "b | a-1+a-2" },
    {
      name: "merges in the topmost level first",
      text: `${cc} 4:py-1:20 4:sql:1 4:db:6`,
      budget: 8,
      want: "files+tz | certs | libc-6 | zlib | ssl-3 | gcc-a+gcc-b | sql+py-1+db | own",
    },
    {
      name: "merges levels of packages when none has two layers",
      text: cc,
      budget: 5,
      want: "files+tz | certs | libc-6 | zlib+ssl-3+gcc-a+gcc-b | own",
    },
    { name: "merges everything for one layer", text: cc, budget: 1, want: "files+tz+certs+libc-6+zlib+ssl-3+gcc-a+gcc-b+own" },
    { name: "makes at least one layer", text: "0:a:1 1:b:1", budget: 0, want: "a+b" },
    { name: "puts levels in their order", text: "2:c:1 0:a:1 1!b:1", budget: 9, want: "a | b | c" },
  ];
  for (const { name, text, budget, want } of rows) it(name, () => assert.equal(plan(text, budget), want));
  it("gives recipes that share levels the same lower layers", () => {
    const lower = plan(cc, 9).replace(" | own", "");
    assert.ok(plan(`${cc} 4:py-1:20 4:sql:1`, 9).startsWith(lower));
  });

  it("loses nothing, keeps levels in order and keeps to every budget", () => {
    const any = fc.record({
      kind: fc.constantFrom("packages", "other"),
      level: fc.nat(4),
      source: fc.constantFrom("a", "b", "c"),
      sizeBytes: fc.nat(8 * 1024 * 1024),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 30 }), fc.integer({ min: 1, max: 12 }), (pieces, budget) => {
        const layers = planLayers<Piece>(pieces, budget);
        assert.ok(layers.length <= budget && layers.every((layer) => layer.length > 0));
        const all = layers.flat();
        assert.equal(new Set(all).size, pieces.length);
        const levels = layers.map((layer) => layer.map(({ level }) => level));
        for (const [at, upper] of levels.slice(1).entries()) assert.ok(Math.max(...(levels[at] ?? [])) <= Math.min(...upper));
      }),
    );
  });
});
