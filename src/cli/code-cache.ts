/**
 * Keeps what V8 has compiled of a command's scripts, in one file for each command, for the next run of the same command.
 *
 * The file: a CRC-32 of all that follows, how many runs have written it, the length of the index; the code of each script, at multiples of 8 bytes as
 * V8 reads it in place; the index in JSON. The index names the source of each script by its CRC-32, because V8 compares only lengths, its version and
 * its flags. Whoever can write the file decides what Decant runs, so it counts only in a folder, and as a file, that nobody else can write.
 */

/** Code of one script. */
export interface KeptCode {
  readonly name: string;
  /** CRC-32 of the script's source. */
  readonly source: number;
  readonly code: Buffer;
}

/** What the file held. */
interface KeptCodes {
  readonly codes: readonly KeptCode[];
  /** How many runs have written it. */
  readonly writers: number;
  /** Since the last of these, in milliseconds. */
  readonly ageMs: number;
}

const HEAD_BYTES = 16;
const ALIGNMENT = 8;
const OTHERS_WRITE = 0o022;
const FILE_TYPE = 0o170000;
const FOLDER = 0o040000;
/** Files that no run has written for so long are of versions and commands that nobody starts any more. */
const UNUSED_MS = 30 * 24 * 3_600_000;

/** Reads the code in `folder`/`name`. Undefined: there is none, it is damaged, or somebody else could have written it. */
export function readCodes(folder: string, name: string): KeptCodes | undefined {
  const fs = process.getBuiltinModule("node:fs");
  try {
    if (!isOurs(fs.lstatSync(folder), FOLDER)) return undefined;
    const fd = fs.openSync(`${folder}/${name}`, fs.constants.O_RDONLY | fs.constants.O_NOFOLLOW | fs.constants.O_NONBLOCK);
    try {
      const stat = fs.fstatSync(fd);
      const bytes = isOurs(stat, fs.constants.S_IFREG) ? fs.readFileSync(fd) : Buffer.of();
      return { ...parse(bytes), ageMs: Date.now() - stat.mtimeMs };
    } finally {
      fs.closeSync(fd);
    }
  } catch {
    return undefined;
  }
}

/**
 * Writes the code into `folder`/`name`, and removes files that nobody has written for 30 days. Does nothing where it cannot write, or where others
 * could, too. It needs no temporary file: until the last byte is there, the CRC says that the file is damaged.
 */
export function writeCodes(folder: string, name: string, codes: readonly KeptCode[], writers: number): void {
  const fs = process.getBuiltinModule("node:fs");
  const path = `${folder}/${name}`;
  try {
    if (!fs.existsSync(folder)) fs.mkdirSync(folder, { mode: 0o700 });
    if (!isOurs(fs.lstatSync(folder), FOLDER)) return;
    for (const other of fs.readdirSync(folder)) {
      const isUnused = Date.now() - fs.lstatSync(`${folder}/${other}`).mtimeMs > UNUSED_MS;
      if (isUnused || other === name) fs.rmSync(`${folder}/${other}`, { force: true });
    }
    // Only one of several runs gets to write; a link that lies there is not followed.
    fs.writeFileSync(path, format(codes, writers), { mode: 0o600, flag: "wx" });
  } catch {
    // A command needs no kept code: the disk may be full, or read-only.
  }
}

function isOurs({ uid, mode }: { readonly uid: number; readonly mode: number }, type: number): boolean {
  return uid === process.geteuid?.() && (mode & FILE_TYPE) === type && (mode & OTHERS_WRITE) === 0;
}

function format(codes: readonly KeptCode[], writers: number): Buffer {
  const index = Buffer.from(JSON.stringify(codes.map(({ name, source, code }) => [name, source, code.byteLength])));
  const head = Buffer.alloc(HEAD_BYTES);
  head.writeUInt32LE(writers, 4);
  head.writeUInt32LE(index.byteLength, 8);
  const padded = codes.flatMap(({ code }) => [code, Buffer.alloc(aligned(code.byteLength) - code.byteLength)]);
  const bytes = Buffer.concat([head, ...padded, index]);
  bytes.writeUInt32LE(process.getBuiltinModule("node:zlib").crc32(bytes.subarray(4)), 0);
  return bytes;
}

/** Throws where the bytes are damaged. */
function parse(bytes: Buffer): { readonly codes: readonly KeptCode[]; readonly writers: number } {
  if (bytes.readUInt32LE(0) !== process.getBuiltinModule("node:zlib").crc32(bytes.subarray(4))) return { codes: [], writers: 0 };
  const index = bytes.subarray(bytes.byteLength - bytes.readUInt32LE(8)).toString();
  let at = HEAD_BYTES;
  // By the CRC, this is what format() wrote.
  const codes = (JSON.parse(index) as [string, number, number][]).map(([name, source, length]) => {
    const code = bytes.subarray(at, at + length);
    at += aligned(length);
    return { name, source, code };
  });
  return { codes, writers: bytes.readUInt32LE(4) };
}

function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT;
}
