/** ARG BUILDKIT_SBOM_SCAN_STAGE and BUILDKIT_SBOM_SCAN_CONTEXT (F45): what else gets an SBOM, besides the image. Pure. */
import { expandWord, type ParsedDockerfile } from "../dockerfile/index.ts";

/** Asks for a stage by its name ("stage-0" where it has none). */
export interface SbomTargets {
  /** The stage gets an SBOM of its own. */
  readonly stage: (name: string) => boolean;
  /** As seen by the stage that is built: the build context gets one. */
  readonly context: (name: string) => boolean;
}

const SCAN_STAGE = "BUILDKIT_SBOM_SCAN_STAGE";
const SCAN_CONTEXT = "BUILDKIT_SBOM_SCAN_CONTEXT";
const TRUE = /^(?:1|t|true)$/i;

type Args = ParsedDockerfile["metaArgs"][number]["args"];

/** Reads both arguments: a value of --build-arg wins, then a stage's own ARG, then the one before the first FROM. */
export function sbomTargets(parsed: ParsedDockerfile, buildArgs: Readonly<Record<string, string>>): SbomTargets {
  const globals = new Map<string, string>();
  const valueOf = (args: Args, key: string): string | undefined => {
    const arg = args.findLast((one) => one.key.text === key);
    if (arg === undefined) return undefined;
    if (Object.hasOwn(buildArgs, key)) return buildArgs[key];
    return arg.value === undefined
      ? globals.get(key)
      : expandWord(arg.value.text, globals, { escape: parsed.escape, range: arg.value.range }).value;
  };
  for (const { args } of parsed.metaArgs) {
    for (const { key } of args) globals.set(key.text, valueOf(args, key.text) ?? "");
  }
  const isAsked = (name: string, key: string): boolean => {
    const stage = parsed.stages.find((one) => (one.name ?? `stage-${one.index}`) === name);
    const own = stage?.instructions.flatMap((one) => (one.kind === "arg" ? one.args : [])) ?? [];
    const value = valueOf(own, key) ?? globals.get(key) ?? "";
    return TRUE.test(value) || value.split(",").some((one) => one.trim() === name);
  };
  return { stage: (name) => isAsked(name, SCAN_STAGE), context: (name) => isAsked(name, SCAN_CONTEXT) };
}
