/** WORKDIR: configuration, and a layer with the directory unless it is "/" (rules S59, S63, S64). */
import type { WorkdirInstruction } from "../../dockerfile/index.ts";
import { vertex } from "../vertex.ts";
import { parseOwner } from "./copy.ts";
import { layerItem, metadataItem } from "./history.ts";
import { joinWorkdir } from "./metadata.ts";
import { expand, shownLine, type StageState, stepMeta } from "./stage-state.ts";

/** Converts a WORKDIR. */
export function convertWorkdir(state: StageState, instruction: WorkdirInstruction, options: { readonly epochSec?: number }): void {
  const path = joinWorkdir(state.config.WorkingDir, expand(state, instruction.path));
  state.config = { ...state.config, WorkingDir: path };
  const meta = stepMeta(state, instruction, shownLine(state, instruction));
  if (path === "/") {
    state.history.push(metadataItem(`WORKDIR ${path}`));
    return;
  }
  const user = state.config.User ?? "";
  const owner = user === "" ? {} : { owner: parseOwner(user) };
  state.vertex = vertex(
    {
      kind: "file",
      base: state.vertex === undefined ? -1 : 0,
      actions: [
        {
          kind: "mkdir",
          path,
          mode: 0o755,
          makeParents: true,
          ...owner,
          ...(options.epochSec === undefined ? {} : { mtimeSec: options.epochSec }),
        },
      ],
    },
    state.vertex === undefined ? [] : [state.vertex],
    state.platform,
    meta,
  );
  state.history.push(layerItem(`WORKDIR ${path}`, false));
}
