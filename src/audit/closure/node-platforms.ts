/**
 * Packages of npm that hold an add-on or a program for one platform, by their names: "@img/sharp-linux-x64", "esbuild-linux-64", "@next/swc-linux-x64-musl".
 * The package that uses them names them all in optionalDependencies, and npm installs those for where it runs.
 */
import type { ScriptProcess } from "./script/natives.ts";

/** One that would do. */
interface PlatformPackage {
  readonly name: string;
  /** It runs everywhere, and is not what npm installs first. */
  readonly isSpare: boolean;
}

/** Node's word for an architecture → those of names. */
const ARCHITECTURES: Readonly<Record<string, readonly string[]>> = {
  x64: ["x64", "x86_64", "amd64", "64"],
  arm64: ["arm64", "aarch64"],
  ia32: ["ia32", "x86", "386"],
  arm: ["arm", "armv7", "armv7l", "arm32"],
  ppc64: ["ppc64", "ppc64le", "powerpc64le"],
  s390x: ["s390x"],
  riscv64: ["riscv64"],
  loong64: ["loong64"],
};

/** Of the packages named, those for this process; none when they are not for platforms at all, or none is for this one. */
export function platformPackages(names: readonly string[], { arch, libc }: ScriptProcess): readonly PlatformPackage[] {
  return names.flatMap((name) => {
    const words = name.toLowerCase().split(/[-./@]/);
    if (words.some((word) => /^wasm(?:32|64)?$/.test(word))) return { name, isSpare: true };
    const os = words.findIndex((word) => /^linux(?:musl)?$/.test(word));
    const isMusl = words.some((word) => /^(?:linux)?musl/.test(word));
    const isGlibc = words.some((word) => /^(?:gnu|glibc)/.test(word));
    const isOurs = os >= 0 && words.slice(os + 1).some((word) => ARCHITECTURES[arch]?.includes(word) === true);
    return isOurs && !(libc === "musl" ? isGlibc : isMusl) ? { name, isSpare: false } : [];
  });
}
