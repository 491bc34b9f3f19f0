/**
 * Programs for other processors, which an emulator of this machine runs (binfmt_misc, as qemu-user registers it; Linux'
 * Documentation/admin-guide/binfmt-misc.rst). Registers none.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type ElfMachine, elfMachineOf, isStaticProgram } from "../../elf/index.ts";
import { errnoOf } from "../../errors.ts";
import { hostPlatform, type Platform, platformRank } from "../../oci/index.ts";
import { readNamedFile } from "../../sys/index.ts";
import type { SandboxMount } from "./types.ts";

/** How programs of a platform run here. */
interface Emulation {
  /** What the root of a step must have for it. Empty where this machine runs them by itself, or where the kernel holds the emulator open. */
  readonly mounts: readonly SandboxMount[];
}

const REGISTRY = "/proc/sys/fs/binfmt_misc";
const ET_EXEC = 2;
const HEADER_BYTES = 20;
/** The kernel writes a page at most. */
const MAX_ENTRY_BYTES = 64 * 1024;

/** How programs of `platform` run here; undefined: not at all. `registry`: where Linux tells of emulators. */
export async function emulationOf(platform: Platform, registry: string = REGISTRY): Promise<Emulation | undefined> {
  if (platformRank(hostPlatform({ arch: process.arch }), platform) !== undefined) return { mounts: [] };
  const formats = (await registeredFormats(registry)).filter((format) => takes(format, platform));
  const mounts: SandboxMount[] = [];
  let isHeld = false;
  // Of several the kernel takes the one that came last, which nothing tells.
  for (const { interpreter, isOpen } of formats) {
    if (isOpen) isHeld = true;
    else if (await isStaticProgram(interpreter))
      mounts.push({ kind: "bind", source: interpreter, target: interpreter, readOnly: true, isFile: true });
  }
  return isHeld || mounts.length > 0 ? { mounts } : undefined;
}

/** Programs that an interpreter gets: those whose bytes under the mask are the magic. */
interface Format {
  readonly interpreter: string;
  /** The kernel has the interpreter open (flag F), so that it also runs in roots that do not have its file. */
  readonly isOpen: boolean;
  readonly offset: number;
  readonly magic: Buffer;
  readonly mask: Buffer;
}

/** Those that are switched on. */
async function registeredFormats(registry: string): Promise<readonly Format[]> {
  const formats: Format[] = [];
  for (const name of await namesIn(registry)) {
    if (name === "register" || name === "status") continue;
    const read = await readNamedFile({ path: join(registry, name) }, { maxBytes: MAX_ENTRY_BYTES });
    if ("problem" in read) continue;
    const lines = new Map(
      read.bytes
        .toString("utf8")
        .split("\n")
        .map((line) => {
          const [key = "", ...value] = line.split(/:? /);
          return [key, value.join(" ")] as const;
        }),
    );
    const magic = Buffer.from(lines.get("magic") ?? "", "hex");
    const interpreter = lines.get("interpreter") ?? "";
    if (!lines.has("enabled") || magic.byteLength === 0 || interpreter === "") continue;
    const mask = lines.has("mask") ? Buffer.from(lines.get("mask") ?? "", "hex") : Buffer.alloc(magic.byteLength, 0xff);
    formats.push({
      interpreter,
      isOpen: lines.get("flags")?.includes("F") === true,
      offset: Number(lines.get("offset") ?? 0),
      magic,
      mask,
    });
  }
  return formats;
}

/** None where the registry is not mounted. */
async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return [];
    throw error;
  }
}

function takes({ offset, magic, mask }: Format, platform: Platform): boolean {
  const machine = elfMachineOf(platform);
  if (machine === undefined) return false;
  const header = programHeader(machine).subarray(offset);
  return magic.every((byte, at) => (byte & (mask[at] ?? 0xff)) === ((header[at] ?? 0) & (mask[at] ?? 0xff)));
}

/** What a program of this machine begins with (gabi, "ELF Header"). */
function programHeader({ machine, class: bits, endian }: ElfMachine): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  header.set([0x7f, 0x45, 0x4c, 0x46, bits === 64 ? 2 : 1, endian === "little" ? 1 : 2, 1]);
  for (const [at, value] of [
    [16, ET_EXEC],
    [18, machine],
  ] as const)
    if (endian === "little") header.writeUInt16LE(value, at);
    else header.writeUInt16BE(value, at);
  return header;
}
