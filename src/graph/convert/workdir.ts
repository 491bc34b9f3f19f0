/** WORKDIR: configuration, and a layer with the directory unless it is "/" (rules S59, S63, S64). */
import { joinWorkdir, type StepValues } from "../../dockerfile/index.ts";
import { given } from "../../given.ts";
import { vertex } from "../vertex.ts";
import { semanticError } from "./errors.ts";
import { layerItem, metadataItem } from "./history.ts";
import { checkImagePath } from "./image-path.ts";
import { needsAccounts, parseOwner } from "./owner.ts";
import { shownLine, type StageState, stepMeta } from "./stage-state.ts";

/** Converts a WORKDIR. */
export function convertWorkdir(
  state: StageState,
  { instruction, path }: Extract<StepValues, { readonly kind: "workdir" }>,
  options: { readonly epochSec?: number | undefined },
): void {
  state.config = { ...state.config, WorkingDir: path };
  const meta = stepMeta(state, instruction, shownLine(state, instruction));
  if (path === "/") {
    state.history.push(metadataItem(`WORKDIR ${path}`));
    return;
  }
  const user = state.config.User ?? "";
  const owner = parseOwner(user, state.followed, instruction.range);
  if (state.vertex === undefined && needsAccounts(owner)) {
    throw semanticError(
      `Cannot make "${path}" for USER ${user}: the stage is empty, so there is no passwd file to look the name up in (invalid user index)`,
      instruction.range,
      "Use numeric ids",
    );
  }
  checkImagePath(path, instruction.range);
  state.vertex = vertex(
    {
      kind: "file",
      base: state.vertex === undefined ? -1 : 0,
      actions: [
        {
          kind: "mkdir",
          path: joinWorkdir("/", path),
          mode: 0o755,
          makeParents: true,
          ...(user === "" ? {} : { owner }),
          ...given({ mtimeSec: options.epochSec }),
        },
      ],
    },
    state.vertex === undefined ? [] : [state.vertex],
    state.platform,
    meta,
  );
  state.history.push(layerItem(`WORKDIR ${path}`, false));
}
