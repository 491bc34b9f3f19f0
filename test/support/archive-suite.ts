/** A suite of the fake archive: Packages and Contents in any compression, and a signed release that lists them. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import * as openpgp from "openpgp";
import { type ArchiveFiles, clearsign, controlOf, debOf, type FakeKey, type FakePackage } from "./archive.ts";

/** How an index is compressed; "" is not at all. */
export type FakeCompression = "" | ".gz" | ".xz" | ".zst";

/** How a suite of the fake archive is made. */
export interface FakeSuite {
  /** Default "bookworm". One that ends in "/" makes a flat repository. */
  readonly suite?: string;
  readonly packages: readonly FakePackage[];
  readonly key: FakeKey;
  readonly date: Date;
  readonly validUntil?: Date;
  /** Those that have an index. Default: amd64 alone, whose index has all packages. */
  readonly architectures?: readonly string[];
  readonly hash?: openpgp.enums.hash;
  /** In front of every path: "archive/debian/20260301T000000Z/". Default none. */
  readonly root?: string;
  /** Default ".gz". */
  readonly compression?: FakeCompression;
  /** Default true. */
  readonly byHash?: boolean;
  /** Packages of architecture "all" have an index of their own. Default false. */
  readonly separateAll?: boolean;
  /** Contents by architecture: "amd64" → path → packages, "section/name,section/name". An empty text is listed with size 0. */
  readonly contents?: Readonly<Record<string, string>>;
  /** Release and Release.gpg instead of InRelease. Default false. */
  readonly detached?: boolean;
  /** Default false. */
  readonly notAutomatic?: boolean;
  /** The release calls "all" an architecture. Default: as `separateAll`. */
  readonly listsAll?: boolean;
}

/** Makes all files of a suite; packages go to pool/. */
export async function suiteFiles(suite: FakeSuite): Promise<ArchiveFiles> {
  const { packages, root = "", separateAll = false, byHash = true, contents = {} } = suite;
  const name = suite.suite ?? "bookworm";
  const isFlat = name.endsWith("/");
  const files: ArchiveFiles = new Map();
  const stanzas = packages.map((fake) => stanzaOf(fake, files, root));
  const indexes = new Map<string, string>();
  const isAll = (fake: FakePackage): boolean => fake.architecture === "all";
  const listed = (keep: (fake: FakePackage) => boolean): string =>
    stanzas.filter((_, at) => packages.slice(at, at + 1).some(keep)).join("\n");
  if (isFlat)
    indexes.set(
      "Packages",
      listed(() => true),
    );
  else
    for (const architecture of suite.architectures ?? ["amd64"])
      indexes.set(
        `main/binary-${architecture}/Packages`,
        listed((fake) =>
          isAll(fake) ? !separateAll : suite.architectures === undefined || (fake.architecture ?? "amd64") === architecture,
        ),
      );
  if (separateAll) indexes.set("main/binary-all/Packages", listed(isAll));
  for (const [architecture, text] of Object.entries(contents)) indexes.set(`main/Contents-${architecture}`, text);

  const base = root + (isFlat ? name : `dists/${name}/`);
  const table: (readonly [path: string, bytes: Buffer])[] = [];
  for (const [path, text] of indexes) {
    const plain = Buffer.from(text);
    const compressed = compress(plain, suite.compression ?? ".gz");
    const suffix = suite.compression ?? ".gz";
    table.push([path, plain]);
    if (suffix !== "") table.push([path + suffix, compressed]);
    files.set(base + path + suffix, compressed);
    const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/") + 1) : "";
    if (byHash) files.set(`${base}${folder}by-hash/SHA256/${sha256(compressed)}`, compressed);
  }
  const release = [
    "Origin: Fake",
    ...(isFlat ? [] : [`Suite: ${name}`, `Codename: ${name}`, "Components: main"]),
    `Date: ${utc(suite.date)}`,
    ...(suite.validUntil === undefined ? [] : [`Valid-Until: ${utc(suite.validUntil)}`]),
    ...(byHash ? ["Acquire-By-Hash: yes"] : []),
    ...(suite.notAutomatic === true ? ["NotAutomatic: yes", "ButAutomaticUpgrades: yes"] : []),
    `Architectures: ${(suite.listsAll ?? separateAll) ? "all " : ""}${(suite.architectures ?? ["amd64"]).join(" ")}`,
    "SHA256:",
    ...table.map(([path, bytes]) => ` ${sha256(bytes)} ${bytes.length} ${path}`),
    "",
  ].join("\n");
  if (suite.detached === true) {
    const signature = await openpgp.sign({
      message: await openpgp.createMessage({ text: release }),
      signingKeys: suite.key.privateKey,
      date: suite.date,
      detached: true,
    });
    files.set(`${base}Release`, Buffer.from(release)).set(`${base}Release.gpg`, Buffer.from(signature));
  } else files.set(`${base}InRelease`, Buffer.from(await clearsign(release, suite.key, suite.date, suite.hash)));
  return files;
}

function stanzaOf(fake: FakePackage, files: ArchiveFiles, root: string): string {
  const deb = debOf(fake);
  const filename = `pool/main/${fake.name}_${(fake.version ?? "1.0-1").replace(/^\d+:/, "")}_${fake.architecture ?? "amd64"}.deb`;
  files.set(root + filename, deb);
  return `${controlOf(fake)}Filename: ${filename}\nSize: ${deb.length}\nSHA256: ${sha256(deb)}\n`;
}

function compress(plain: Buffer, compression: FakeCompression): Buffer {
  switch (compression) {
    case "":
      return plain;
    case ".gz":
      return gzipSync(plain);
    case ".zst":
      return zstdCompressSync(plain);
    case ".xz":
      return execFileSync("xz", ["-c"], { input: plain });
  }
}

function utc(date: Date): string {
  return date.toUTCString().replace("GMT", "UTC");
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
