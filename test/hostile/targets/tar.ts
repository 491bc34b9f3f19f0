/** Tar archives: the parser, and for one case in thirty also a layer in the store, a folder on disk and the tar again. */
import { join } from "node:path";
import { type Entry, importLayerTar, layerTree, readTar, treeTar, unpackLayers, unpackTree } from "../../../src/tree/index.ts";
import { padded, paxHeader, rawHeader } from "../../../src/tree/testdata/support.ts";
import type { Random } from "../../fuzz/random.ts";
import { openCanary } from "../lab.ts";
import { holds, inPieces } from "../make.ts";
import type { Lab, Target } from "../types.ts";

const UNPACKED_ONE_IN = 30;
const NAMES = [
  "a",
  "a/b",
  "a/b/c",
  "b",
  "d/",
  "./",
  ".",
  "",
  "/",
  "/etc/passwd",
  "../outside/a",
  "a/../../outside/etc/passwd",
  "a/./b",
  "..",
  ".wh.a",
  "a/.wh..wh..opq",
  ".wh...",
  ".wh.",
  ".wh..wh.plnk",
  "a/.wh...",
  "\xff\xfe",
  "new\nline",
  "é",
  "l",
  "l/x",
  "l/etc/passwd",
  "x".repeat(100),
  `${"p/".repeat(49)}q`,
] as const;
const LINKS = [
  "a",
  "a/b",
  "b",
  "/etc",
  "../outside",
  "../../outside/a",
  "/",
  ".",
  "",
  "l",
  "l/x",
  "x".repeat(100),
  "\xff",
  ".wh.a",
] as const;
const SIZES = [
  "77777777777",
  "-0000000001",
  "00000000001",
  "99999999999",
  "           ",
  "\x80\0\0\0\0\0\0\0\x7f\xff\xff\xff",
  "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
  "\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff",
] as const;
const PAX = [
  "path=/etc/passwd",
  "path=../outside/a",
  "path=a\0b",
  `path=${"deep/".repeat(900)}end`,
  `path=${"n".repeat(300)}`,
  "linkpath=../../outside/a",
  "size=-1",
  "size=5",
  "size=1e3",
  "size=99999999999999999999",
  "mtime=1e999",
  "mtime=-1.5",
  "mtime=1.9999999999",
  "uid=4294967296",
  "uid=-1",
  "SCHILY.xattr.user.x=y",
  "SCHILY.xattr.=y",
  `SCHILY.xattr.user.big=${"x".repeat(70_000)}`,
  "SCHILY.xattr.trusted.overlay.opaque=y",
  "SCHILY.xattr.security.capability=\x01\0\0\x02",
  "GNU.sparse.major=1",
  "GNU.sparse.minor=0",
  "GNU.sparse.name=../outside/b",
  "GNU.sparse.realsize=1099511627776",
  "GNU.sparse.map=0,5,1099511627776,0",
  "GNU.sparse.size=1099511627776",
  "GNU.sparse.numblocks=4000000000",
  "GNU.sparse.offset=-1",
  "hdrcharset=BINARY",
  "=",
  "path=",
] as const;

function entry(random: Random): Buffer {
  const content = random.chance(0.4) ? "x".repeat(random.below(1200)) : "";
  const type = random.pick(["0", "0", "0", "5", "1", "2", "2", "3", "4", "6", "7", "S", "\0", "V", "M", "Z"]);
  const odd = random.chance(0.06);
  const header = rawHeader({
    name: random.pick(NAMES),
    type,
    link: random.pick(LINKS),
    size: odd ? random.pick(SIZES) : content.length,
    mode: random.pick(["0000755", "0004755", "7777777", "-000001", "       "]),
    major: random.below(300),
    minor: random.below(70_000),
    ...(random.chance(0.05) ? { prefix: random.pick(NAMES) } : {}),
    ...(random.chance(0.03) ? { magic: random.pick(["ustar  \0", "\0\0\0\0\0\0\0\0"]) } : {}),
    ...(random.chance(0.02) ? { checksum: "0000000\0" } : {}),
  });
  return Buffer.concat([header, padded(content)]);
}

function extension(random: Random): Buffer {
  if (random.chance(0.6)) return paxHeader(...Array.from({ length: 1 + random.below(4) }, () => random.pick(PAX)));
  const name = random.chance(0.5) ? random.pick(NAMES) : "long/".repeat(random.below(1000));
  const head = { name: "././@LongLink", type: random.pick(["L", "K", "x", "g"]), size: random.chance(0.05) ? "77777777777" : name.length };
  return Buffer.concat([rawHeader(head), padded(Buffer.from(name, "latin1"))]);
}

function generate(random: Random): Buffer {
  const blocks = Array.from({ length: 1 + random.below(9) }, () => (random.chance(0.2) ? extension(random) : entry(random)));
  // A link, and what goes through it.
  if (random.chance(0.3)) {
    const link = random.pick(["../outside", "/", "../../outside/a", "a", ".", "l"]);
    blocks.push(
      rawHeader({ name: "l", type: "2", link }),
      rawHeader({ name: random.pick(["l/a", "l", "l/etc/passwd"]), size: 3 }),
      padded("bad"),
    );
    if (random.chance(0.5)) blocks.push(rawHeader({ name: "h", type: "1", link: random.pick(["l/a", "l", "l/etc/passwd"]) }));
  }
  return Buffer.concat([...blocks, Buffer.alloc(random.pick([1024, 1024, 512, 0]))]);
}

function checkEntry({ path, link, kind, size, mtimeSec, mtimeNsec, uid, gid, mode }: Entry): void {
  holds(!path.startsWith("/") && !path.includes("\0") && !path.split("/").includes(".."), `the path ${JSON.stringify(path)} stays inside`);
  holds(kind !== "hardlink" || (link !== undefined && !link.split("/").includes("..")), "a hard link stays inside");
  holds(
    [size, uid, gid, mode, mtimeNsec].every((value) => Number.isSafeInteger(value) && value >= 0),
    "numbers are whole and not negative",
  );
  holds(Number.isSafeInteger(mtimeSec) && mtimeNsec < 1e9 && mode <= 0o7777, "times and modes are in their ranges");
}

export const TAR: Target = {
  name: "tar",
  generate,
  async check(input, lab) {
    const { random } = lab;
    const layer = random.chance(0.5);
    if (random.below(UNPACKED_ONE_IN) === 0) return await unpacked(input, lab);
    let bytes = 0;
    for await (const item of readTar(inPieces(input, random), { layer })) {
      checkEntry(item.entry);
      if (item.entry.size > 16 * 1024 * 1024) continue;
      for await (const chunk of item.data) bytes += chunk.byteLength;
      holds(bytes < 1024 ** 3, "a case of kilobytes does not become gigabytes");
    }
    return bytes;
  },
};

async function unpacked(input: Buffer, lab: Lab): Promise<void> {
  const { folder, random } = lab;
  const store = await lab.store();
  const canary = openCanary(join(folder, "canary"));
  try {
    const layer = await importLayerTar(store, inPieces(input, random), { unpack: random.chance(0.5), maxBytes: 64 * 1024 * 1024 });
    const tree = layerTree([layer]);
    await unpackLayers(store, [layer]);
    let size = 0;
    for await (const chunk of treeTar([{ tree }])) size += chunk.byteLength;
    holds(size < 1024 ** 3, "a case of kilobytes does not become gigabytes");
    await unpackTree(tree, canary.inside);
  } finally {
    holds(!canary.changed(), "nothing outside of the folder changes");
  }
}
