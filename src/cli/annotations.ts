/**
 * Annotations in the forms of docker buildx: `--annotation [LEVEL[,LEVEL]:]KEY=VALUE`, where a level may name a platform, "manifest[linux/amd64]";
 * and the attributes `annotation-LEVEL[PLATFORM].KEY=VALUE` of `--output`.
 */
import { usageError } from "../errors.ts";
import type { AnnotationSpec } from "../index.ts";
import { closest } from "./suggest.ts";

const LEVELS = ["manifest", "manifest-descriptor", "index", "index-descriptor"] as const;

/** Reads values of --annotation. Throws `USAGE`. */
export function parseAnnotations(items: readonly string[]): AnnotationSpec[] {
  return items.flatMap((item) => {
    const equals = item.indexOf("=");
    const name = item.slice(0, Math.max(equals, 0));
    const colon = name.indexOf(":");
    const key = name.slice(colon + 1);
    if (equals < 0 || key === "" || /\s/.test(key))
      throw usageError(`Cannot use --annotation "${item}": wanted KEY=VALUE or LEVEL:KEY=VALUE`);
    const value = item.slice(equals + 1);
    if (colon < 0) return [{ key, value }];
    return name
      .slice(0, colon)
      .split(",")
      .map((level) => ({ ...readLevel(level, `--annotation "${item}"`), key, value }));
  });
}

/** Reads an attribute of --output; undefined for one that is no annotation. Throws `USAGE`. */
export function parseAnnotationAttribute(attribute: string, value: string): AnnotationSpec | undefined {
  const found = /^annotation(?:-([^.[]*))?(\[[^\]]*\])?\.(\S+)$/.exec(attribute);
  const [, level = "manifest", platform = "", key] = found ?? [];
  if (key === undefined) return undefined;
  return { ...readLevel(level + platform, `attribute "${attribute}" of --output`), key, value };
}

function readLevel(text: string, where: string): Pick<AnnotationSpec, "level" | "platform"> {
  const found = /^([a-z-]+)(?:\[([A-Za-z0-9_/-]+)\])?$/.exec(text);
  const level = LEVELS.find((known) => known === found?.[1]);
  if (level === undefined) {
    const guess = closest(found?.[1] ?? text, LEVELS);
    throw usageError(
      `Cannot use ${where}: there is no level "${text}"; wanted one of ${LEVELS.join(", ")}, with [PLATFORM] where one is meant`,
      guess === undefined ? undefined : `Did you mean ${guess}?`,
    );
  }
  return { level, ...(found?.[2] === undefined ? {} : { platform: found[2] }) };
}
