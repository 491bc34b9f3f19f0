/** Configuration files that ucf(1) would copy to their place: a package brings them elsewhere, so that dpkg does not take them for its own. Pure. */
import { treePath } from "../../paths.ts";
import type { LayerItem } from "../../tree/index.ts";
import type { ScriptCommand } from "./read-script.ts";

/** A copy that ucf makes where there is no file yet. */
interface ConfigFile {
  /** Absolute. */
  readonly source: string;
  /** Absolute. */
  readonly target: string;
}

const WITH_VALUE = /^(?:--(?:sum-file|src-dir|state-dir|conf-file)|-s)$/;

/** Undefined for commands that copy nothing, and for words that only a run would show. */
export function configFile({ words }: ScriptCommand): ConfigFile | undefined {
  const [name, ...rest] = words;
  if (name?.text !== "ucf" || rest.some(({ text }) => text === "--purge" || text === "-p")) return undefined;
  const [source, target] = rest.filter(({ text }, at) => !text.startsWith("-") && !WITH_VALUE.test(rest[at - 1]?.text ?? ""));
  if (source?.known !== true || target?.known !== true) return undefined;
  return [source, target].every(({ text }) => /^\/[^\0\n]+$/.test(text)) ? { source: source.text, target: target.text } : undefined;
}

/** The copies of what `there` has, with owner, mode and time; none where it has something. */
export function configItems(commands: readonly ScriptCommand[], there: ReadonlyMap<string, LayerItem>): LayerItem[] {
  return commands.flatMap((command) => {
    const file = configFile(command);
    const source = file === undefined ? undefined : there.get(treePath(file.source));
    if (file === undefined || source?.entry.kind !== "file" || there.has(treePath(file.target))) return [];
    return [{ ...source, entry: { ...source.entry, path: treePath(file.target) } }];
  });
}
