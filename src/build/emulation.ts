/** Steps for other processors run by an emulator of the host (binfmt_misc, as qemu-user registers it): whether there is one, before the first step runs. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type ElfMachine, elfMachineOf } from "../elf/index.ts";
import { DecantError, errnoOf } from "../errors.ts";
import { type Conversion, reachable, type Vertex } from "../graph/index.ts";
import { readNamedFile } from "../sys/index.ts";
import { formatPlatform, hostPlatform, type Platform, platformRank } from "../oci/index.ts";

/** Where Linux tells which formats of programs have an interpreter (its Documentation/admin-guide/binfmt-misc.rst). */
const REGISTRY = "/proc/sys/fs/binfmt_misc";
const ET_EXEC = 2;
const HEADER_BYTES = 20;
/** The kernel writes a page at most. */
const MAX_ENTRY_BYTES = 64 * 1024;

/** Throws `PLATFORM` for the first step that this machine can run neither by itself nor by an emulator. */
export async function checkEmulation(conversions: readonly Conversion[], registry: string = REGISTRY): Promise<void> {
  const host = hostPlatform({ arch: process.arch });
  const steps = reachable(...conversions.flatMap(({ target }) => target ?? [])).filter(({ op }) => op.kind === "exec");
  const foreign = steps.filter(({ platform }) => platformRank(host, platform) === undefined);
  if (foreign.length === 0) return;
  const formats = await registeredFormats(registry);
  for (const step of foreign) if (!formats.some((format) => takes(format, step.platform))) throw cannotRun(step, host);
}

/** Programs that an interpreter gets: those whose bytes under the mask are the magic. */
interface Format {
  readonly offset: number;
  readonly magic: Buffer;
  readonly mask: Buffer;
}

/** Those that are switched on and work inside containers, where the file of the interpreter is not (flag F: the kernel has it open). */
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
    if (!lines.has("enabled") || lines.get("flags")?.includes("F") !== true || magic.byteLength === 0) continue;
    const mask = lines.has("mask") ? Buffer.from(lines.get("mask") ?? "", "hex") : Buffer.alloc(magic.byteLength, 0xff);
    formats.push({ offset: Number(lines.get("offset") ?? 0), magic, mask });
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

function cannotRun({ platform, meta }: Vertex, host: Platform): DecantError {
  return new DecantError(
    "PLATFORM",
    `Cannot run a step for ${formatPlatform(platform)} on ${formatPlatform(host)}: no emulator is registered`,
    {
      hint: "Install one (apt-get install qemu-user-static binfmt-support), or build in a stage FROM --platform=$BUILDPLATFORM and copy from it",
      source: meta.source === undefined ? undefined : [meta.source],
    },
  );
}
