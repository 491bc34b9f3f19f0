/** Tools in what ships, by what is really there, with the line that brought them. Shared by the rules about them. */
import type { SourceRange } from "../../source.ts";
import type { BuildTool, TreeFacts } from "../../facts/index.ts";
import { rootImage, shippedStages } from "./shipped.ts";
import type { CheckedDockerfile, CheckedStage } from "./types.ts";

/** Some tools, and where they came from. */
interface HeldTools {
  /** "gcc and make (/usr/bin/gcc-12, /usr/bin/make)" */
  readonly shown: string;
  /** The base of the stage, where they came with it. */
  readonly image: string | undefined;
  readonly stage: CheckedStage;
  /** The instruction that brought them, where it was none of the base. */
  readonly range: SourceRange | undefined;
}

const SHOWN = 4;

/** Tools of `kind` in the result; undefined where its files are not known. */
export function heldTools(dockerfile: CheckedDockerfile, kind: BuildTool["kind"]): readonly HeldTools[] | undefined {
  const { options } = dockerfile;
  const root = shippedStages(dockerfile).at(-1);
  if (root === undefined) return [];
  const image = rootImage(root);
  const { built } = options;
  const facts: TreeFacts | undefined = built === undefined ? options.facts?.(image, options.platform) : built.target;
  if (facts === undefined) return undefined;
  const groups = new Map<SourceRange | undefined, BuildTool[]>();
  for (const tool of facts.tools) {
    if (tool.kind !== kind) continue;
    const range = built?.layers[tool.layer];
    groups.set(range, [...(groups.get(range) ?? []), tool]);
  }
  return [...groups].map(([range, tools]) => ({
    shown: describe(tools),
    image: range === undefined ? image : undefined,
    stage: root,
    range,
  }));
}

function describe(tools: readonly BuildTool[]): string {
  const names = tools.slice(0, SHOWN).map(({ name }) => name);
  const more = tools.length - names.length;
  const [last] = more > 0 ? [`${more} more`] : names.splice(-1);
  const paths = tools.slice(0, SHOWN).map(({ path }) => path);
  return `${names.length === 0 ? "" : `${names.join(", ")} and `}${last ?? ""} (${paths.join(", ")}${more > 0 ? ", …" : ""})`;
}
