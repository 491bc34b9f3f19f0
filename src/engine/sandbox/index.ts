/** RUN steps in an OCI runtime. */
export type { StopRequest } from "./process-control.ts";
export type { SandboxCgroup, SandboxResources } from "./cgroup.ts";
export type {
  Sandbox,
  SandboxDevice,
  SandboxHook,
  SandboxMount,
  SandboxOptions,
  SandboxResult,
  SandboxStep,
  SandboxUlimit,
} from "./types.ts";
export type { OwnedFiles, StagedChanges } from "./owned-files.ts";
export { isHarmlessDevice } from "./device-rules.ts";
export { examineMachine, type MachinePoint } from "./examine.ts";
export { emulationOf } from "./emulators.ts";
export { createSandbox } from "./sandbox.ts";
export { sweepSandboxes } from "./instance.ts";
export { hostCaCertificates } from "./ca-certificates.ts";
export { type RunUser, resolveUser } from "./user.ts";
