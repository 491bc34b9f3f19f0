import assert from "node:assert/strict";
import { it } from "node:test";
import { layersPoint } from "./examine.ts";

type Found = Parameters<typeof layersPoint>[0];

const refusal = "Cannot mount an overlay: EINVAL";
const ROWS: readonly (readonly [found: Found, isDirect: boolean, state: string, text: RegExp, remedy: RegExp])[] = [
  [{ wanted: "auto" }, true, "good", /joined by overlays/, /^$/],
  [{ wanted: "overlay" }, false, "good", /joined by overlays/, /^$/],
  [
    { wanted: "auto", refusal },
    true,
    "limited",
    /copy of them, because the kernel refuses overlays: .*EINVAL$/,
    /^As root: modprobe overlay$/,
  ],
  [{ wanted: "auto", refusal }, false, "limited", /copy of them, because the kernel refuses/, /Linux 5\.11/],
  [{ wanted: "auto", refusal, worksInMemory: true }, false, "limited", /on the file system of the store/, /^Set DECANT_ROOT/],
  [{ wanted: "overlay", refusal, worksInMemory: true }, true, "missing", /DECANT_LAYERS=overlay wants nothing else/, /^Set DECANT_ROOT/],
  [{ wanted: "copy" }, true, "limited", /as DECANT_LAYERS=copy wants/, /^Unset DECANT_LAYERS/],
  [{ wanted: "copy", refusal }, true, "limited", /as DECANT_LAYERS=copy wants/, /^$/],
];

for (const [found, isDirect, state, text, remedy] of ROWS)
  it(`H1: doctor says how layers become one tree: ${JSON.stringify(found)}, ${isDirect ? "with" : "without"} root`, () => {
    const point = layersPoint(found, isDirect);
    assert.equal(point.state, state);
    assert.match(point.text, text);
    assert.match(point.remedy ?? "", remedy);
  });
