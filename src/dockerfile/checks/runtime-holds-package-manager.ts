/** Decant's RuntimeHoldsPackageManager. */
import { heldTools } from "./held-tools.ts";
import { atInstruction, decantRule } from "./rule.ts";
import { repositoryOf, rootImage, shippedStages } from "./shipped.ts";
import { atRange } from "./runtime-holds-build-tools.ts";
import type { Rule } from "./types.ts";

/** Official images whose package managers are known without looking. */
const KNOWN: ReadonlyMap<string, string> = new Map([
  ["alpine", "apk"],
  ["almalinux", "dnf"],
  ["amazonlinux", "dnf"],
  ["debian", "apt-get"],
  ["fedora", "dnf"],
  ["node", "npm"],
  ["python", "pip"],
  ["rockylinux", "dnf"],
  ["ubuntu", "apt-get"],
]);

/** A package manager in what ships: nothing is installed there any more, except by an intruder. */
export const runtimeHoldsPackageManager: Rule = {
  ...decantRule("RuntimeHoldsPackageManager", "The result needs no package manager", function* (dockerfile) {
    const held = heldTools(dockerfile, "package-manager");
    const advice = "a distroless base has none";
    for (const { shown, image, stage, range } of held ?? []) {
      const message = `The result holds ${shown}${image === undefined ? "" : `, which ${shown.includes(" and ") ? "come" : "comes"} with ${image}`}: ${advice}`;
      if (range === undefined) yield atInstruction(stage.stage.from, message, stage.stage.from.image.range);
      else yield* atRange(dockerfile, range, message);
    }
    const root = shippedStages(dockerfile).at(-1);
    if (held !== undefined || root === undefined) return;
    const name = KNOWN.get(repositoryOf(rootImage(root)));
    if (name === undefined) return;
    const message = `The result is built on ${rootImage(root)}, which holds ${name}: ${advice}`;
    yield atInstruction(root.stage.from, message, root.stage.from.image.range);
  }),
  afterBuild: true,
};
