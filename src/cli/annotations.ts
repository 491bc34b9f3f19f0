/** `--annotation` of docker buildx: `KEY=VALUE` or `LEVEL:KEY=VALUE`, where one image of one platform has one level that is its own. */
import { unsupported, usageError } from "../errors.ts";

const LEVELS = ["manifest", "index", "manifest-descriptor", "index-descriptor"];

/** Annotations of the manifest. Throws `USAGE`, and `UNSUPPORTED` for the other levels: there is no index that they could go to. */
export function parseAnnotations(items: readonly string[]): Readonly<Record<string, string>> {
  const out = new Map<string, string>();
  for (const item of items) {
    const found = /^(?:([a-z,-]+)(\[[^\]]*\])?:)?([^\s=]+)=(.*)$/s.exec(item);
    const [, levels = "manifest", platform, key, value = ""] = found ?? [];
    if (key === undefined) throw usageError(`Cannot use --annotation "${item}": wanted KEY=VALUE or manifest:KEY=VALUE`);
    for (const level of levels.split(",")) {
      if (!LEVELS.includes(level))
        throw usageError(`Cannot use --annotation "${item}": there is no level "${level}"; wanted ${LEVELS.join(", ")}`);
      if (level !== "manifest")
        throw unsupported(`--annotation at level "${level}"`, {
          row: "F119",
          hint: "Leave the level out: the annotation goes to the manifest",
        });
    }
    if (platform !== undefined)
      throw unsupported(`--annotation for one platform, "${platform}"`, {
        row: "F119",
        hint: "Leave it out: one platform is built at a time",
      });
    out.set(key, value);
  }
  return Object.fromEntries(out);
}
