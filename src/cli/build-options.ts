/** The options of `decant build` and `decant plan`: the flags of docker buildx build, in their forms, and what Decant adds. */
import { ATTESTATION_OPTION_TABLE } from "./attestations.ts";
import { CACHE_OPTION_TABLE } from "./cache-options.ts";
import type { CommandSpec, OptionValues, TextOption } from "./command.ts";
import { KANIKO_OPTION_TABLE } from "./other-builders.ts";
import { OUTPUT_OPTION } from "./output-spec.ts";
import { PROGRESS_MODES } from "./progress/show.ts";
import { REGISTRY_OPTION_TABLE, REGISTRY_UNSUPPORTED } from "./registry-options.ts";
import { RESOURCE_OPTION_TABLE } from "./resource-options.ts";
import { PULL_OPTION, SOURCE_POLICY_OPTION } from "./source-options.ts";
import { STEP_OPTION_TABLE } from "./step-options.ts";
import { STORE_OPTION_TABLE } from "./store-options.ts";
import { TARGET_OPTION_TABLE } from "./target-options.ts";

const OWN = {
  tag: {
    type: "string",
    multiple: true,
    short: "t",
    value: "NAME",
    help: "Name of the image, and optionally a tag; of several targets STAGE=NAME, or {target} in the name",
  },
  file: {
    type: "string",
    short: "f",
    value: "FILE",
    help: "The Dockerfile: a path, a URL, or - for standard input; by default CONTEXT/Dockerfile",
  },
  "build-arg": {
    type: "string",
    multiple: true,
    value: "KEY[=VALUE]",
    help: "Value of an ARG; without =VALUE, the value in the environment",
  },
  "build-context": {
    type: "string",
    multiple: true,
    value: "NAME=WHAT",
    help: "Files or image that replace FROM, --from or a stage of that name: a folder, git or http URL, docker-image://, oci-layout://, distroless:",
  },
  label: { type: "string", multiple: true, value: "KEY=VALUE", help: "Label of the image" },
  annotation: {
    type: "string",
    multiple: true,
    value: "KEY=VALUE",
    help: "Annotation of the image; LEVEL:KEY=VALUE for manifest, index, manifest-descriptor or index-descriptor",
  },
  "auto-annotations": {
    type: "boolean",
    help: "Annotate the image with what the build knows: its base, the commit of a git context, the time",
  },
  push: { type: "boolean", help: "Shorthand for --output type=registry" },
  load: {
    type: "string",
    value: "WHERE",
    help: "Shorthand for --output type=docker: into a running Docker, Podman or containerd, else Decant's store; WHERE is auto, docker, podman, containerd or store",
    bare: "true",
  },
  "no-cache": {
    type: "string",
    value: "WHAT",
    help: "Run every step, and do not use the cache; with mounts, their cache mounts start empty, too",
    choices: ["true", "false", "mounts"],
    bare: "true",
  },
  "no-cache-filter": { type: "string", multiple: true, value: "STAGE", help: "Run every step of a stage, and do not use the cache" },
  "on-error": {
    type: "string",
    value: "HOW",
    help: "When a step fails, open a shell in the state before it, at this terminal; progress is plain then",
    choices: ["shell"],
  },
  quiet: { type: "boolean", short: "q", help: "Show no progress; print the image ID" },
  network: { type: "string", value: "MODE", help: "Network of RUN steps; default is the host's", choices: ["default", "host", "none"] },
  "context-modes": {
    type: "string",
    value: "HOW",
    help: "Modes of the files of the context: their own, or as git keeps them (0644, 0755), so that all machines share results",
    choices: ["keep", "git"],
  },
  "ca-certs": {
    type: "string",
    value: "auto|off|FILE",
    help: "Certificates of the host for RUN steps, and never for the image: auto takes the bundle that the environment names",
  },
  platform: { type: "string", multiple: true, value: "OS/ARCH", help: "Platform of the result; by default the host's" },
  "compatibility-version": {
    type: "string",
    value: "VERSION",
    help: "Defaults of exporters as BuildKit had them: 10, 20 or 30 (the newest)",
    choices: ["10", "20", "30"],
  },
  iidfile: { type: "string", value: "FILE", help: "Write the image ID to a file" },
  "metadata-file": { type: "string", value: "FILE", help: "Write digests and names of the result to a JSON file" },
  assemble: {
    type: "string",
    multiple: true,
    value: "PATTERN",
    help: "Assemble base images that match from Debian packages instead of pulling them, such as gcr.io/distroless/*",
  },
  locked: {
    type: "boolean",
    help: "Take sources as decant.lock says; fail for one that it lacks, and for an assembled base without a lock",
  },
  "project-file": { type: "string", value: "FILE", help: "Settings of the project; by default decant.yaml in CONTEXT or here" },
  builder: {
    type: "string",
    value: "ADDRESS",
    help: "Run the steps on BuildKit daemons: unix://, tcp://, docker://, docker-container://, kube-pod://, ssh://; several with commas",
  },
  runtime: { type: "string", value: "NAME", help: "OCI runtime for RUN steps", choices: ["auto", "crun", "runc"] },
  call: {
    type: "string",
    value: "WHAT",
    help: "Instead of building: check, outline, targets or convertllb; with ,format=json as JSON",
  },
  check: { type: "boolean", help: "Shorthand for --call=check: look for mistakes in the Dockerfile" },
  audit: {
    type: "string",
    value: "HOW",
    help: "Audit the image before the build writes or pushes it. Errors fail the build; strict: warnings too; warn: neither",
    choices: ["error", "strict", "warn"],
    bare: "error",
  },
  "audit-report": {
    type: "string",
    value: "FILE",
    help: "Write the report of the audit to a file: x.sarif, x.json, or text; of several platforms, to x.linux_arm64.json",
  },
  report: {
    type: "string",
    value: "FILE",
    help: "Write a page that shows the build and its image, also when the build fails: stages, times, logs, bytes, audit, packages",
  },
  budget: { type: "string", value: "SIZE", help: "Fail, and write nothing, when the files of the image have more bytes, such as 80MB" },
  "expect-cached": { type: "boolean", help: "Fail when a step would have to run, and say which input changed" },
  "verify-reproducible": {
    type: "boolean",
    help: "Build twice, and fail when the two builds differ: names the path and what makes it differ",
  },
  "allow-secret-in": {
    type: "string",
    multiple: true,
    value: "PATH",
    help: "Let a path of the image, and all below it, hold secrets of the build",
  },
  format: { type: "string", value: "TYPES", help: "Media types of the image, as podman has it", choices: ["docker", "oci"] },
  explain: { type: "boolean", help: "Explain why each step ran again: the input that changed" },
} as const;

/** All of them. */
export const BUILD_OPTION_TABLE: typeof OWN &
  typeof STORE_OPTION_TABLE &
  typeof REGISTRY_OPTION_TABLE &
  typeof KANIKO_OPTION_TABLE &
  typeof TARGET_OPTION_TABLE &
  typeof CACHE_OPTION_TABLE &
  typeof STEP_OPTION_TABLE &
  typeof RESOURCE_OPTION_TABLE &
  typeof ATTESTATION_OPTION_TABLE & {
    readonly output: typeof OUTPUT_OPTION;
    readonly pull: typeof PULL_OPTION;
    readonly "source-policy-file": typeof SOURCE_POLICY_OPTION;
    readonly plan: TextOption & { readonly choices: readonly ["text", "json"] };
    readonly progress: TextOption & { readonly choices: typeof PROGRESS_MODES };
  } = {
  ...OWN,
  ...STORE_OPTION_TABLE,
  ...REGISTRY_OPTION_TABLE,
  ...KANIKO_OPTION_TABLE,
  ...TARGET_OPTION_TABLE,
  ...CACHE_OPTION_TABLE,
  ...STEP_OPTION_TABLE,
  ...RESOURCE_OPTION_TABLE,
  ...ATTESTATION_OPTION_TABLE,
  output: OUTPUT_OPTION,
  pull: PULL_OPTION,
  "source-policy-file": SOURCE_POLICY_OPTION,
  progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
  plan: {
    type: "string",
    value: "HOW",
    help: "Instead of building: say which steps would run and why; see decant plan",
    choices: ["text", "json"],
    bare: "text",
    bareUnless: /^(?:text|json)$/,
  },
};

/** What they are given as. */
export type BuildValues = OptionValues<typeof BUILD_OPTION_TABLE>;

type BuildOption = keyof typeof BUILD_OPTION_TABLE;

/** Headings of the help, in their order. Each option is under one of them. */
export const BUILD_OPTION_GROUPS: Readonly<Record<string, readonly BuildOption[]>> = {
  "What is built": [
    "file",
    "dockerfile",
    "context",
    "context-modes",
    "build-arg",
    "build-context",
    "target",
    "target-all",
    "also",
    "platform",
    "project-file",
  ],
  "Base images and other sources": ["pull", "assemble", "locked", "source-policy-file", "authfile", "tls-verify"],
  Result: [
    "tag",
    "destination",
    "no-push",
    "output",
    "push",
    "load",
    "label",
    "annotation",
    "auto-annotations",
    "format",
    "compatibility-version",
    "iidfile",
    "metadata-file",
  ],
  Steps: [
    "builder",
    "add-host",
    "allow",
    "ca-certs",
    "cdi-spec-dir",
    "cgroup-parent",
    "device",
    "network",
    "on-error",
    "retry",
    "runtime",
    "secret",
    "shm-size",
    "ssh",
    "step-timeout",
    "ulimit",
    "resource",
    "memory",
    "memory-swap",
    "cpu-shares",
    "cpu-period",
    "cpu-quota",
    "cpuset-cpus",
    "cpuset-mems",
  ],
  Cache: ["cache-from", "cache-to", "expect-cached", "no-cache", "no-cache-filter", "root"],
  "Checks of the result": ["audit", "audit-report", "budget", "verify-reproducible", "allow-secret-in"],
  Attestations: ["attest", "provenance", "sbom"],
  "Instead of building": ["call", "check", "plan"],
  "What is shown": ["explain", "progress", "quiet", "report"],
};

/** Flags of the field that neither has. */
export const BUILD_UNSUPPORTED: NonNullable<CommandSpec["unsupported"]> = {
  debug: { type: "boolean", short: "D", row: "F143" },
  policy: { type: "string", row: "F137" },
  "proxy-network": { type: "boolean", row: "F74" },
  creds: REGISTRY_UNSUPPORTED.creds,
  "cert-dir": REGISTRY_UNSUPPORTED["cert-dir"],
  // Of docker build without buildx, and of older buildx.
  "build-arg-file": { type: "string", hint: "Give each argument with --build-arg" },
  compress: { type: "boolean", row: "F117", hint: "Compression is set by --output …,compression=" },
  "disable-content-trust": { type: "boolean", row: "F138" },
  "force-rm": { type: "boolean", hint: "Decant leaves no containers behind: leave it out" },
  invoke: { type: "string", row: "F143" },
  isolation: { type: "string", row: "F87" },
  metrics: { type: "string", row: "F145" },
  print: { type: "string", row: "F140" },
  rm: { type: "boolean", hint: "Decant leaves no containers behind: leave it out" },
  "security-opt": { type: "string", row: "F83" },
  squash: { type: "boolean", row: "F121" },
};
