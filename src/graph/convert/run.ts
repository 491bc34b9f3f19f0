/** RUN → ExecOp. */
import { joinWorkdir, type RunInstruction, type RunValues, runScript, scriptTitle } from "../../dockerfile/index.ts";
import { given } from "../../given.ts";
import type { SourceRange } from "../../source.ts";
import { publicVariable, withoutUrlSecrets } from "../../url-secrets.ts";
import type { BindMount, ExecMeta, ExecOp, TmpfsMount } from "../ops.ts";
import { vertex, type Vertex } from "../vertex.ts";
import { proxyEnvironment } from "./args.ts";
import type { ConvertOptions } from "./context.ts";
import { semanticError } from "./errors.ts";
import { layerItem } from "./history.ts";
import { checkNoNul } from "./image-path.ts";
import { inlineFile } from "./inline-file.ts";
import { withShell } from "./metadata.ts";
import { convertMounts, type MountOptions } from "./mounts.ts";
import { environment, shownLine, type StageState, stepMeta } from "./stage-state.ts";

/** What a RUN needs besides its stage. */
type RunOptions = Pick<MountOptions, "buildArgs" | "mountSource"> &
  Pick<ConvertOptions, "allow" | "network" | "addHosts" | "ulimits" | "shmSizeBytes" | "devices">;

/** Where the script of a heredoc with "#!" is while it runs (rule S107). */
export const SCRIPT_FOLDER = "/dev/pipes";

/** Converts a RUN; its result becomes the stage's tree. */
export function convertRun(state: StageState, { instruction, mounts: flags }: RunValues, options: RunOptions): void {
  checkEntitlements(instruction, options);
  const inputs: Vertex[] = [];
  const indexOf = (input: Vertex | undefined): number => {
    if (input === undefined) return -1;
    const known = inputs.findIndex((other) => other.id === input.id);
    return known >= 0 ? known : inputs.push(input) - 1;
  };
  const root: BindMount = { type: "bind", input: indexOf(state.vertex), selector: "", dest: "/", readonly: false, output: 0 };
  const { mounts, secretEnv, sshSocket } = convertMounts(state, flags, { ...options, indexOf });
  const { args, script } = argumentsOf(state, instruction);
  const { lines, key, argNames } = environment(state);
  checkNoNul([...args, ...lines], instruction.range);
  const needsSocket = sshSocket !== undefined && !state.env.has("SSH_AUTH_SOCK");
  const hostname = options.buildArgs["BUILDKIT_SANDBOX_HOSTNAME"];
  const meta: ExecMeta = {
    args,
    ...(needsSocket ? { env: [...lines, `SSH_AUTH_SOCK=${sshSocket}`] } : { env: lines, envKey: key }),
    argNames,
    cwd: joinWorkdir("/", state.config.WorkingDir ?? "/"),
    user: state.config.User ?? "",
    ...given({ hostname }),
    proxyEnv: proxyEnvironment(options.buildArgs),
    extraHosts: options.addHosts ?? [],
    ulimits: options.ulimits ?? [],
  };
  const network = instruction.network === undefined || instruction.network.mode === "default" ? "sandbox" : instruction.network.mode;
  const op: ExecOp = {
    kind: "exec",
    meta,
    mounts: [
      root,
      ...(script === undefined ? [] : [scriptMount(indexOf(scriptVertex(state, script, instruction.range)))]),
      ...(options.shmSizeBytes === undefined ? [] : [shmMount(options.shmSizeBytes)]),
      ...mounts,
    ],
    secretEnv,
    network,
    security: instruction.security?.mode ?? "sandbox",
    devices: [
      ...(options.devices ?? []).map(({ name, required }) => ({ name, optional: required !== true })),
      ...instruction.devices.map(({ name, required, range }) => ({ name, optional: !required, range })),
    ],
  };
  state.vertex = vertex(op, inputs, state.platform, stepMeta(state, instruction, title(state, instruction)));
  state.history.push(layerItem(`RUN ${runLine(state, args)}`, true));
}

function checkEntitlements({ security, network }: RunInstruction, { allow = [], network: ofBuild }: RunOptions): void {
  if (security?.mode === "insecure" && !allow.includes("security.insecure")) {
    throw semanticError(
      "Cannot use RUN --security=insecure: security.insecure is not allowed",
      security.range,
      "Pass --allow security.insecure, if you trust this Dockerfile with full control of the machine",
    );
  }
  if (network?.mode === "host" && ofBuild !== "host" && !allow.includes("network.host")) {
    throw semanticError(
      "Cannot use RUN --network=host: network.host is not allowed",
      network.range,
      "Pass --allow network.host, if you trust this Dockerfile with what listens on the loopback of your machine",
    );
  }
}

/** The line, and of a script the beginning, as docker shows it. */
function title(state: StageState, instruction: RunInstruction): string {
  const script = scriptTitle(instruction);
  return shownLine(state, instruction) + (script === undefined ? "" : ` (${withoutUrlSecrets(script)})`);
}

interface Script {
  readonly name: string;
  readonly content: string;
}

function argumentsOf(state: StageState, instruction: RunInstruction): { readonly args: readonly string[]; readonly script?: Script } {
  const script = runScript(instruction, state.followed);
  switch (script.form) {
    case "exec":
      return { args: [...script.args] };
    case "shell":
      return { args: withShell(state, script.script) };
    case "file":
      return { args: withShell(state, `${SCRIPT_FOLDER}/${script.name}`), script };
    default:
      return script satisfies never;
  }
}

function scriptVertex(state: StageState, { name, content }: Script, range: SourceRange): Vertex {
  const action = inlineFile({ name, mode: 0o755, data: content, range });
  return vertex({ kind: "file", base: -1, actions: [action] }, [], state.platform, {
    name: "[internal] preparing inline document",
    ignoreCache: false,
    internal: true,
    slot: "inline-document",
  });
}

function scriptMount(input: number): BindMount {
  return { type: "bind", input, selector: "/", dest: SCRIPT_FOLDER, readonly: true, output: -1 };
}

function shmMount(sizeBytes: number): TmpfsMount {
  return { type: "tmpfs", dest: "/dev/shm", readonly: false, sizeBytes };
}

/** "|2 A=1 B=2 /bin/sh -c …": the declared ARGs with their values, each name once (rule S58). */
function runLine(state: StageState, args: readonly string[]): string {
  const shown = Array.from(state.args, ([key, value]) => `${key}=${publicVariable(key, state.env.get(key) ?? value ?? "")}`);
  return [...(shown.length === 0 ? [] : [`|${shown.length}`, ...shown]), ...args].join(" ");
}
