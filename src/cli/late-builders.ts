/** Builders elsewhere, whose code is loaded when a build names some. */
import type { Builders } from "../build/index.ts";

/** Those that `text`, DECANT_BUILDER or the project file names. */
export function lateBuilders(text: string | undefined): Builders {
  return {
    async open(named, place) {
      if ((text ?? place.env["DECANT_BUILDER"] ?? "") === "" && named === undefined) return undefined;
      const { buildersOf } = await import("../buildkit/index.ts");
      return await buildersOf(text).open(named, place);
    },
  };
}
