/** RUN → ExecOp. */
import { type RunInstruction, runScript } from "../../dockerfile/index.ts";
import { unsupported } from "../../errors.ts";
import type { ExecMeta } from "../ops.ts";
import { vertex } from "../vertex.ts";
import { type BuildArgs, proxyEnvironment } from "./args.ts";
import { layerItem } from "./history.ts";
import { joinWorkdir, withShell } from "./metadata.ts";
import { shownLine, type StageState, stepMeta } from "./stage-state.ts";

/** Converts a RUN; its result becomes the stage's tree. */
export function convertRun(
  state: StageState,
  instruction: RunInstruction,
  options: { readonly buildArgs: BuildArgs; readonly hostname?: string },
): void {
  refuseUnsupported(instruction);
  const args = argumentsOf(state, instruction);
  const meta: ExecMeta = {
    args,
    env: [...state.env].map(([key, value]) => `${key}=${value}`),
    cwd: joinWorkdir("/", state.config.WorkingDir ?? "/"),
    user: state.config.User ?? "",
    ...(options.hostname === undefined ? {} : { hostname: options.hostname }),
    proxyEnv: proxyEnvironment(options.buildArgs),
  };
  const network = instruction.network === undefined || instruction.network.mode === "default" ? "sandbox" : instruction.network.mode;
  state.vertex = vertex(
    {
      kind: "exec",
      meta,
      mounts: [{ type: "bind", input: state.vertex === undefined ? -1 : 0, selector: "", dest: "/", readonly: false, output: 0 }],
      network,
    },
    state.vertex === undefined ? [] : [state.vertex],
    state.platform,
    stepMeta(state, instruction, shownLine(state, instruction)),
  );
  state.history.push(layerItem(`RUN ${runLine(state, args)}`, true));
}

function refuseUnsupported(instruction: RunInstruction): void {
  const mount = instruction.mounts[0];
  if (mount !== undefined) throw unsupported("RUN --mount", { source: mount.range });
  if (instruction.security?.mode === "insecure") throw unsupported("RUN --security=insecure", { source: instruction.security.range });
  const device = instruction.devices[0];
  if (device !== undefined) throw unsupported("RUN --device", { source: device.range });
}

function argumentsOf(state: StageState, instruction: RunInstruction): string[] {
  const script = runScript(instruction);
  switch (script.form) {
    case "exec":
      return [...script.args];
    case "shell":
      return withShell(state, script.script);
    case "file":
      throw unsupported('RUN with a heredoc that starts with "#!"', {
        source: instruction.range,
        hint: "Leave out the #! line: the heredoc then runs in the current SHELL",
      });
    default:
      return script satisfies never;
  }
}

/** "|2 A=1 B=2 /bin/sh -c …": the declared ARGs with their values, each name once (rule S58). */
function runLine(state: StageState, args: readonly string[]): string {
  const shown = new Map<string, string>();
  for (const arg of state.args) shown.set(arg.key, state.env.get(arg.key) ?? arg.value ?? "");
  const prefix = shown.size === 0 ? [] : [`|${shown.size}`, ...[...shown].map(([key, value]) => `${key}=${value}`)];
  return [...prefix, ...args].join(" ");
}
