/** Files as the URLs that Node.js makes of them, by which it follows imports of modules, `exports` and `imports`. */
import { fromText } from "../../paths.ts";

/** The URL of a file by its absolute path, in the form of paths. */
export function fileUrl(path: string): URL {
  return new URL(`file://${path.replace(/[^\w./-]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, "0")}`)}`);
}

/** The URL of a directory: it ends with "/". */
export function folderUrl(path: string): URL {
  return fileUrl(path === "/" ? path : `${path}/`);
}

/** The path that Node.js opens for a URL, in the form of paths; undefined where it refuses the URL. */
export function pathOfUrl({ protocol, host, pathname }: URL): string | undefined {
  if (protocol !== "file:" || host !== "" || /%(?:2f|5c)/i.test(pathname)) return undefined;
  try {
    return fromText(decodeURIComponent(pathname));
  } catch (error) {
    if (error instanceof URIError) return undefined;
    throw error;
  }
}
