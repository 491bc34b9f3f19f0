/** The instructions that only change the configuration: ENV, LABEL, CMD, ENTRYPOINT, EXPOSE, VOLUME, USER, SHELL, STOPSIGNAL, HEALTHCHECK, ONBUILD, MAINTAINER. */
import {
  type CmdInstruction,
  type CommandLine,
  type EntrypointInstruction,
  type HealthcheckInstruction,
  type PairValues,
  parseExpose,
  parsePort,
  parseStopSignal,
  type ShellInstruction,
  type StepValues,
} from "../../dockerfile/index.ts";
import { follows } from "../../followed.ts";
import type { Healthcheck } from "../../oci/index.ts";
import { semanticError } from "./errors.ts";
import { goHealthcheck, goList, goQuotedHealthcheck, goQuotedList, metadataItem } from "./history.ts";
import type { StageState } from "./stage-state.ts";

type ValuesOf<Kind extends StepValues["kind"]> = Extract<StepValues, { readonly kind: Kind }>;

const DEFAULT_SHELL = ["/bin/sh", "-c"] as const;

/** A command as its argument list: shell form is wrapped in the current SHELL (rule S49). */
export function commandArguments(state: StageState, command: CommandLine): string[] {
  if (command.form === "exec") return command.args.map((word) => word.text);
  return withShell(state, command.text);
}

/** The current SHELL and a script. */
export function withShell(state: StageState, script: string): string[] {
  const shell = state.config.Shell !== undefined && state.config.Shell.length > 0 ? state.config.Shell : DEFAULT_SHELL;
  return [...shell, script];
}

/** ENV: all pairs of a line see the environment from before it (rule S22). */
export function convertEnv(state: StageState, { pairs }: PairValues): void {
  for (const { key, value } of pairs) state.parts.env.set(key, `${key}=${value}`);
  state.history.push(metadataItem(`ENV ${pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`));
}

/** LABEL. */
export function convertLabel(state: StageState, { pairs }: PairValues): void {
  for (const { key, value } of pairs) state.parts.labels.set(key, value);
  state.history.push(metadataItem(`LABEL ${pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`));
}

/** CMD; the legacy `ArgsEscaped` comes with it (rule S48). */
export function convertCmd(state: StageState, instruction: CmdInstruction): void {
  const args = commandArguments(state, instruction.command);
  state.config = { ...state.config, Cmd: args, ArgsEscaped: true };
  state.hasCmd = true;
  state.history.push(metadataItem(`CMD ${goQuotedList(args)}`));
}

/** ENTRYPOINT; clears a CMD that this stage has not set itself (rule S47). `[]` is stored as null (S48). */
export function convertEntrypoint(state: StageState, instruction: EntrypointInstruction): void {
  const args = commandArguments(state, instruction.command);
  const { Cmd: cmd, ...rest } = state.config;
  const kept = state.hasCmd && cmd !== undefined ? { Cmd: cmd } : {};
  const { Entrypoint: _before, ...config } = rest;
  state.config = { ...config, ...kept, ...(args.length === 0 ? {} : { Entrypoint: args }) };
  state.history.push(metadataItem(`ENTRYPOINT ${goQuotedList(args)}`));
}

/** EXPOSE: a variable may give several ports (rule S54). */
export function convertExpose(state: StageState, { instruction, words }: ValuesOf<"expose">): void {
  // Each with its own place; all together are bounded.
  for (const { text, range } of words) parsePort(text, range);
  const ports = parseExpose(
    words.map(({ text }) => text),
    instruction.range,
  );
  for (const port of ports) state.parts.ports.add(port);
  state.history.push(metadataItem(`EXPOSE ${follows(state.followed, "expose-history") ? [...ports].join(" ") : goList(ports)}`));
}

/** VOLUME: configuration only (rule S55). */
export function convertVolume(state: StageState, { instruction, paths }: ValuesOf<"volume">): void {
  if (paths.includes(""))
    throw semanticError("Cannot declare VOLUME: its path is empty (VOLUME specified can not be an empty string)", instruction.range);
  for (const path of paths) state.parts.volumes.add(path);
  state.history.push(metadataItem(`VOLUME ${goList(paths)}`));
}

/** USER: stored as written, looked up at each RUN (rule S66). */
export function convertUser(state: StageState, { instruction, user }: ValuesOf<"user">): void {
  if (user === "") throw semanticError("Cannot set USER: it is empty after expansion", instruction.range);
  state.config = { ...state.config, User: user };
  state.history.push(metadataItem(`USER ${user}`));
}

/** SHELL; later shell forms use it, earlier ones stay as they are. */
export function convertShell(state: StageState, instruction: ShellInstruction): void {
  const args = instruction.args.map((word) => word.text);
  state.config = { ...state.config, Shell: args };
  state.history.push(metadataItem(`SHELL ${goList(args)}`));
}

/** STOPSIGNAL: checked, stored as written (rule S56). */
export function convertStopsignal(state: StageState, { instruction, signal }: ValuesOf<"stopsignal">): void {
  parseStopSignal(signal, instruction.signal.range);
  state.config = { ...state.config, StopSignal: signal };
  state.history.push(metadataItem(`STOPSIGNAL ${signal}`));
}

/** HEALTHCHECK (rule S53). */
export function convertHealthcheck(state: StageState, instruction: HealthcheckInstruction): void {
  const check = healthcheckOf(instruction);
  state.config = { ...state.config, Healthcheck: check };
  const text = follows(state.followed, "healthcheck-history") ? goHealthcheck(check) : goQuotedHealthcheck(check);
  state.history.push(metadataItem(`HEALTHCHECK ${text}`));
}

function healthcheckOf(instruction: HealthcheckInstruction): Healthcheck {
  const { command, intervalNs, timeoutNs, startPeriodNs, startIntervalNs, retries } = instruction;
  if (command === undefined) return { Test: ["NONE"] };
  const test = command.form === "exec" ? ["CMD", ...command.args.map((word) => word.text)] : ["CMD-SHELL", command.text];
  return {
    Test: test,
    ...(intervalNs === undefined || intervalNs === 0 ? {} : { Interval: intervalNs }),
    ...(timeoutNs === undefined || timeoutNs === 0 ? {} : { Timeout: timeoutNs }),
    ...(startPeriodNs === undefined || startPeriodNs === 0 ? {} : { StartPeriod: startPeriodNs }),
    ...(startIntervalNs === undefined || startIntervalNs === 0 ? {} : { StartInterval: startIntervalNs }),
    ...(retries === undefined || retries === 0 ? {} : { Retries: retries }),
  };
}

/** ONBUILD: kept for the images that build on this one (rule S57). */
export function convertOnbuild(state: StageState, expression: string): void {
  state.config = { ...state.config, OnBuild: [...(state.config.OnBuild ?? []), expression] };
}

/** MAINTAINER (deprecated). */
export function convertMaintainer(state: StageState, name: string): void {
  state.author = name;
  state.history.push(metadataItem(`MAINTAINER ${name}`));
}
