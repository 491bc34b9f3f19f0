/** Search paths as written in ELF files and in the environment: separators, empty elements, and $ORIGIN, $LIB, $PLATFORM (ld.so(8)). */
import { absolutePath } from "../../facts/index.ts";

/** What tokens stand for, for one object. */
export interface Tokens {
  /** The directory of the object, by the path that it was opened under. */
  readonly ORIGIN: string;
  readonly LIB: string;
  readonly PLATFORM: string;
}

const TOKEN = /\$(?:\{([A-Z]+)\}|([A-Za-z0-9_]+))/g;

/** glibc: what is no token stays as it is. */
export function expandTokens(text: string, tokens: Tokens): string {
  return text.replace(TOKEN, (whole, braced: string | undefined, plain: string | undefined) => {
    const name = braced ?? plain;
    return name === "ORIGIN" || name === "LIB" || name === "PLATFORM" ? tokens[name] : whole;
  });
}

/** musl: only $ORIGIN, whatever follows it; with any other "$" the whole search path counts for nothing. */
export function expandOrigin(text: string, origin: string): string | undefined {
  const parts = text.split(/\$(?:ORIGIN|\{ORIGIN\})/);
  return parts.some((part) => part.includes("$")) ? undefined : parts.join(origin);
}

/** The directories of a search path, absolute. An empty element is the working directory. */
export function searchPathFolders(text: string, separators: RegExp, workingDirectory: string): readonly string[] {
  return text.split(separators).map((folder) => absolutePath(folder, workingDirectory).replace(/(?!^)\/+$/, ""));
}
