/** The instructions that only change the configuration: ENV, LABEL, CMD, ENTRYPOINT, EXPOSE, VOLUME, USER, SHELL, STOPSIGNAL, HEALTHCHECK, ONBUILD, MAINTAINER. */
import {
  type CmdInstruction,
  type CommandLine,
  type EntrypointInstruction,
  type EnvInstruction,
  expandWords,
  type ExposeInstruction,
  type HealthcheckInstruction,
  type LabelInstruction,
  parseExpose,
  parsePort,
  parseStopSignal,
  type ShellInstruction,
  type StopsignalInstruction,
  type VolumeInstruction,
} from "../../dockerfile/index.ts";
import type { Healthcheck } from "../../oci/index.ts";
import { semanticError } from "./errors.ts";
import { goHealthcheck, goList, goQuotedList, metadataItem } from "./history.ts";
import { expand, setEnv, type StageState } from "./stage-state.ts";

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
export function convertEnv(state: StageState, instruction: EnvInstruction): void {
  const pairs = instruction.pairs.map((pair) => ({ key: expand(state, pair.key), value: expand(state, pair.value) }));
  for (const { key, value } of pairs) {
    setEnv(state, key, value);
    state.parts.env.set(key, `${key}=${value}`);
  }
  state.history.push(metadataItem(`ENV ${pairs.map(({ key, value }) => `${key}=${value}`).join(" ")}`));
}

/** LABEL. */
export function convertLabel(state: StageState, instruction: LabelInstruction): void {
  const pairs = instruction.pairs.map((pair) => ({ key: expand(state, pair.key), value: expand(state, pair.value) }));
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
export function convertExpose(state: StageState, instruction: ExposeInstruction): void {
  const words = instruction.ports.flatMap(({ text, range }) =>
    expandWords(text, state.env, { escape: state.escape, range }).words.map((word) => ({ word, range })),
  );
  // Each with its own place; all together are bounded.
  for (const { word, range } of words) parsePort(word, range);
  const ports = parseExpose(
    words.map(({ word }) => word),
    instruction.range,
  );
  for (const port of ports) state.parts.ports.add(port);
  state.history.push(metadataItem(`EXPOSE ${goList(ports)}`));
}

/** VOLUME: configuration only (rule S55). */
export function convertVolume(state: StageState, instruction: VolumeInstruction): void {
  const paths = instruction.paths.map((path) => expand(state, path));
  if (paths.includes(""))
    throw semanticError("Cannot declare VOLUME: its path is empty (VOLUME specified can not be an empty string)", instruction.range);
  for (const path of paths) state.parts.volumes.add(path);
  state.history.push(metadataItem(`VOLUME ${goList(paths)}`));
}

/** USER: stored as written, looked up at each RUN (rule S66). */
export function convertUser(state: StageState, user: string): void {
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
export function convertStopsignal(state: StageState, instruction: StopsignalInstruction): void {
  const signal = expand(state, instruction.signal);
  parseStopSignal(signal, instruction.signal.range);
  state.config = { ...state.config, StopSignal: signal };
  state.history.push(metadataItem(`STOPSIGNAL ${signal}`));
}

/** HEALTHCHECK (rule S53). */
export function convertHealthcheck(state: StageState, instruction: HealthcheckInstruction): void {
  const check = healthcheckOf(instruction);
  state.config = { ...state.config, Healthcheck: check };
  state.history.push(metadataItem(`HEALTHCHECK ${goHealthcheck(check)}`));
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

/** WORKDIR as the configuration keeps it: a relative path is joined to the one before and cleaned, an absolute one stays as written (rule S63). */
export function normalizeWorkdir(before: string | undefined, path: string): string {
  if (path === "") return before === undefined || before === "" ? "/" : before;
  return path.startsWith("/") ? path : joinWorkdir(before, path);
}

/** A path in a working directory, cleaned. */
export function joinWorkdir(before: string | undefined, path: string): string {
  const parts: string[] = [];
  const full = path.startsWith("/") ? path : `${before ?? ""}/${path}`;
  for (const part of full.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}
