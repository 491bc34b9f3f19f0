/** Reads a whole tar, ustar and PAX, sharing nothing with the code under test. What GNU tar would warn of is a problem here. */

/** One entry. */
export interface TarEntry {
  readonly kind: string;
  /** Without its final slash. */
  readonly name: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since 1970. */
  readonly mtime: number;
  readonly link: string;
  /** "5:1"; of devices only. */
  readonly device: string;
  /** Extended attribute → value in hexadecimal. */
  readonly xattrs: Readonly<Record<string, string>>;
  readonly content: Buffer;
}

const KINDS: Readonly<Record<string, string>> = {
  "0": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "char",
  "4": "block",
  "5": "dir",
  "6": "fifo",
};

/** All entries in order, and what is wrong. */
export function readTar(tar: Buffer): { entries: TarEntry[]; problems: string[] } {
  const entries: TarEntry[] = [];
  const problems: string[] = [];
  const seen = new Set<string>();
  let pax: Record<string, string> = {};
  let at = 0;
  if (tar.byteLength % 512 !== 0) problems.push("is not a multiple of 512 bytes");
  for (; at + 512 <= tar.byteLength;) {
    const head = tar.subarray(at, at + 512);
    if (head.every((byte) => byte === 0)) break;
    const sum = head.reduce((total, byte, index) => total + (index >= 148 && index < 156 ? 32 : byte), 0);
    if (octal(head, 148, 8) !== sum) problems.push(`wrong checksum at ${at}`);
    const type = String.fromCharCode(head[156] ?? 0);
    const size = Number(pax["size"] ?? numeric(head, 124, 12));
    const content = tar.subarray(at + 512, at + 512 + size);
    if (content.byteLength !== size) problems.push(`ends inside an entry at ${at}`);
    at += 512 + Math.ceil(size / 512) * 512;
    if (type === "x") {
      pax = paxRecords(content);
      continue;
    }
    const prefix = cstring(head, 345, 155);
    const name = pax["path"] ?? (prefix === "" ? cstring(head, 0, 100) : `${prefix}/${cstring(head, 0, 100)}`);
    const kind = KINDS[type];
    if (kind === undefined) problems.push(`${name}: type flag "${type}"`);
    const bare = name.replace(/\/$/, "");
    if (name.startsWith("/") || bare.split("/").some((part) => part === "" || part === "." || part === "..")) {
      if (name !== "./") problems.push(`${name}: not a clean relative path`);
    }
    if (seen.has(bare)) problems.push(`${bare}: twice`);
    seen.add(bare);
    if (kind === "dir" && !name.endsWith("/")) problems.push(`${name}: a directory without a final slash`);
    const link = pax["linkpath"] ?? cstring(head, 157, 100);
    if (kind === "hardlink" && !seen.has(link.replace(/\/$/, ""))) problems.push(`${name}: links to ${link}, which is not before it`);
    entries.push({
      kind: kind ?? "unknown",
      name: bare,
      mode: numeric(head, 100, 8),
      uid: Number(pax["uid"] ?? numeric(head, 108, 8)),
      gid: Number(pax["gid"] ?? numeric(head, 116, 8)),
      mtime: Number(pax["mtime"] ?? octal(head, 136, 12)),
      link,
      device: kind === "char" || kind === "block" ? `${octal(head, 329, 8)}:${octal(head, 337, 8)}` : "",
      xattrs: xattrsOf(pax),
      content,
    });
    pax = {};
  }
  if (!tar.subarray(at).every((byte) => byte === 0)) problems.push(`has more after its end at ${at}`);
  if (tar.byteLength - at < 1024) problems.push("has no two zero blocks at its end");
  return { entries, problems };
}

function paxRecords(content: Buffer): Record<string, string> {
  const records: Record<string, string> = {};
  for (let at = 0; at < content.byteLength;) {
    const space = content.indexOf(32, at);
    const length = Number(content.toString("latin1", at, space));
    const [key = "", ...value] = content.toString("latin1", space + 1, at + length - 1).split("=");
    records[key] = value.join("=");
    at += length;
  }
  return records;
}

function numeric(head: Buffer, at: number, size: number): number {
  if (((head[at] ?? 0) & 0x80) === 0) return octal(head, at, size);
  return Number(BigInt.asUintN(63, BigInt(`0x${head.toString("hex", at + size - 8, at + size)}`)));
}

function octal(head: Buffer, at: number, size: number): number {
  return Number.parseInt(cstring(head, at, size).trim() || "0", 8);
}

function cstring(head: Buffer, at: number, size: number): string {
  const end = head.subarray(at, at + size).indexOf(0);
  return head.toString("latin1", at, at + (end < 0 ? size : end));
}

const XATTR = "SCHILY.xattr.";

function xattrsOf(pax: Readonly<Record<string, string>>): Record<string, string> {
  const named = Object.entries(pax).filter(([key]) => key.startsWith(XATTR));
  return Object.fromEntries(named.map(([key, value]) => [key.slice(XATTR.length), Buffer.from(value, "latin1").toString("hex")]));
}
