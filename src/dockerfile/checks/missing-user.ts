/** Decant's MissingUser. */
import { atInstruction, decantRule } from "./rule.ts";
import { isNonroot, rootImage, shippedStages } from "./shipped.ts";
import type { Rule } from "./types.ts";

/** The result runs as root, because nothing says otherwise. */
export const missingUser: Rule = decantRule("MissingUser", "The result should not run as root", function* (dockerfile) {
  const { target } = dockerfile;
  if (target === undefined) return;
  const last = shippedStages(dockerfile)
    .flatMap(({ steps }) => steps.findLast(({ instruction }) => instruction.kind === "user") ?? [])
    .at(0);
  if (last !== undefined) return;
  const image = rootImage(target);
  const isRun = shippedStages(dockerfile).some(({ steps }) =>
    steps.some(({ instruction: { kind } }) => kind === "cmd" || kind === "entrypoint" || kind === "run"),
  );
  // Files to be copied out, as FROM scratch is often used for.
  if (image === "scratch" && !isRun) return;
  const user = target.image?.config?.User;
  const isRoot = target.image === undefined ? !isNonroot(image) : user === undefined || /^(?:0|root)?(?::|$)/.test(user);
  if (isRoot) yield atInstruction(target.stage.from, "The result runs as root: no stage sets a USER", target.stage.from.keyword.range);
});
