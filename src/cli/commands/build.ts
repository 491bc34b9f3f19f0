/** `decant build`: the flags of docker buildx build, in their forms. */
import { parseBytes } from "../../bytes.ts";
import { usageError } from "../../errors.ts";
import { parseCompatibility } from "../../followed.ts";
import { build, type BuildOptions, type OutputSpec } from "../../index.ts";
import { parseAnnotations } from "../annotations.ts";
import { ATTESTATION_OPTION_TABLE, parseAttestations } from "../attestations.ts";
import { CACHE_OPTION_TABLE, parseCacheSource, parseCacheTarget } from "../cache-options.ts";
import { defineCommand } from "../args.ts";
import { withAudit } from "../audit/build-audit.ts";
import type { Command } from "../command.ts";
import type { CliContext } from "../context.ts";
import { parseCall } from "../call/parse.ts";
import { parseKeyValues } from "../key-values.ts";
import { OUTPUT_OPTION, parseLoad, parseOutput, refuseTerminal, tellImageId } from "../output-spec.ts";
import { errorShell } from "../error-shell.ts";
import { PROGRESS_MODES, showRun, type ProgressMode } from "../progress/show.ts";
import { parseResources, RESOURCE_KEYS, RESOURCE_OPTION_TABLE } from "../resource-options.ts";
import {
  parseDevice,
  parseEntitlement,
  parseHost,
  parseRetries,
  parseSecret,
  parseShmSize,
  parseSsh,
  parseStepTimeout,
  parseUlimit,
  STEP_OPTION_TABLE,
} from "../step-options.ts";
import { asDocker, KANIKO_OPTION_TABLE, withMediaTypes } from "../other-builders.ts";
import { FOREIGN_BUILD_OPTIONS } from "../foreign-options.ts";
import { REGISTRY_OPTION_TABLE, REGISTRY_UNSUPPORTED } from "../registry-options.ts";
import { PULL_OPTION, parsePull, SOURCE_POLICY_OPTION } from "../source-options.ts";
import { oneTarget, parseTargets, TARGET_OPTION_TABLE } from "../target-options.ts";
import { storeOptions, STORE_OPTION_TABLE } from "../store-options.ts";
import { lateBuilders } from "../late-builders.ts";
import { checkBuildFiles, metadataProvenanceOf, writeBuildFiles } from "../build-files.ts";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "build",
    usage: "CONTEXT",
    summary: "Build an image from a Dockerfile",
    notes: `CONTEXT is a folder, a git repository (https://…/x.git#ref:folder, git@host:path), or the URL of an archive or of a Dockerfile.
Use - for an archive or a Dockerfile from standard input.
Without --output the image goes to Decant's store, under its --tag names. Without a --tag it has an ID only, and goes when the cache goes.
With -o type=cacheonly the build only fills the cache.
Progress goes to standard error. BUILDKIT_PROGRESS sets the default of --progress.

Examples:
  decant build -t app .
  decant build -f deploy/Dockerfile --target test --progress plain .
  decant build -t app -o type=oci,dest=app.tar,compression=zstd .
  decant build --target dist -o out .
  decant build --target api,worker --also test -t registry.example/{target}:1 --push .
  decant build --audit=strict --audit-report audit.sarif -t app --push .
  decant build -t app https://git.example/app.git#v1:service
  git archive HEAD | decant build -t app -`,
    options: {
      ...STORE_OPTION_TABLE,
      ...REGISTRY_OPTION_TABLE,
      ...KANIKO_OPTION_TABLE,
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
      ...TARGET_OPTION_TABLE,
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
      output: OUTPUT_OPTION,
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
      ...CACHE_OPTION_TABLE,
      pull: PULL_OPTION,
      "on-error": {
        type: "string",
        value: "HOW",
        help: "When a step fails, open a shell in the state before it, at this terminal; progress is plain then",
        choices: ["shell"],
      },
      progress: { type: "string", value: "HOW", help: "How progress is shown", choices: PROGRESS_MODES },
      quiet: { type: "boolean", short: "q", help: "Show no progress; print the image ID" },
      network: { type: "string", value: "MODE", help: "Network of RUN steps; default is the host's", choices: ["default", "host", "none"] },
      ...STEP_OPTION_TABLE,
      ...RESOURCE_OPTION_TABLE,
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
      "source-policy-file": SOURCE_POLICY_OPTION,
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
      plan: {
        type: "string",
        value: "HOW",
        help: "Instead of building: say which steps would run and why; see decant plan",
        choices: ["text", "json"],
        bare: "text",
        bareUnless: /^(?:text|json)$/,
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
      ...ATTESTATION_OPTION_TABLE,
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
    },
    unsupported: {
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
    },
    foreign: FOREIGN_BUILD_OPTIONS,
    words: { min: 0, max: 1 },
  },
  async (given, words, context) => {
    const { values, contextFolder } = asDocker(given, words);
    const buildArgs = parseKeyValues(values["build-arg"], "--build-arg", (key) => context.env[key]);
    const call = parseCall(values.call ?? (values.check === true ? "check" : "build"));
    if (call.method !== "build") {
      const { runCall } = await import("../call/run-call.ts");
      const [platform] = values.platform.flatMap((list) => list.split(","));
      return await runCall(
        call,
        {
          ...storeOptions(values, context),
          context: contextFolder,
          cwd: context.cwd,
          stdin: context.stdin,
          secrets: values.secret.map(parseSecret),
          ssh: values.ssh.map(parseSsh),
          buildArgs,
          buildContexts: parseKeyValues(values["build-context"], "--build-context", () => ""),
          file: values.file,
          target: oneTarget(values, "--call"),
          pull: parsePull(values.pull),
          locked: values.locked,
          sourcePolicy: values["source-policy-file"],
          projectFile: values["project-file"],
          assemble: values.assemble,
          platform,
          platforms: values.platform,
        },
        context,
      );
    }
    const outputs = withMediaTypes(outputsOf(values, context), values);
    const single = RESOURCE_KEYS.flatMap((key) => (values[key] === undefined ? [] : [`${key}=${values[key]}`]));
    const resources = parseResources([...single, ...values.resource]);
    const options: BuildOptions = {
      ...storeOptions(values, context),
      context: contextFolder,
      cwd: context.cwd,
      stdin: context.stdin,
      buildContexts: parseKeyValues(values["build-context"], "--build-context", () => ""),
      annotations: parseAnnotations(values.annotation),
      autoAnnotations: values["auto-annotations"],
      tags: values.tag,
      buildArgs,
      labels: parseKeyValues(values.label, "--label", () => ""),
      outputs,
      file: values.file,
      ...parseTargets(values),
      noCache: values["no-cache"] === "true" || (values["no-cache"] === "mounts" && values["no-cache-filter"].length === 0),
      noCacheMounts: values["no-cache"] === "mounts",
      noCacheStages: values["no-cache-filter"].flatMap((list) => list.split(",")),
      secrets: values.secret.map(parseSecret),
      ssh: values.ssh.map(parseSsh),
      allow: values.allow.map(parseEntitlement),
      devices: values.device.map(parseDevice),
      cdiSpecDirs: values["cdi-spec-dir"],
      addHosts: values["add-host"].flatMap((list) => list.split(",")).map(parseHost),
      ulimits: values.ulimit.map(parseUlimit),
      shmSizeBytes: values["shm-size"] === undefined ? undefined : parseShmSize(values["shm-size"]),
      cgroupParent: values["cgroup-parent"] === "" ? undefined : values["cgroup-parent"],
      resources,
      retries: parseRetries(values.retry),
      stepTimeoutMs: parseStepTimeout(values["step-timeout"]),
      contextModes: values["context-modes"],
      pull: parsePull(values.pull),
      cacheFrom: values["cache-from"].map(parseCacheSource),
      cacheTo: values["cache-to"].map(parseCacheTarget),
      network: values.network,
      caCerts: values["ca-certs"],
      platforms: values.platform.flatMap((list) => list.split(",")),
      projectFile: values["project-file"],
      assemble: values.assemble,
      locked: values.locked,
      sourcePolicy: values["source-policy-file"],
      runtime: values.runtime,
      builders: lateBuilders(values.builder),
      explain: values.explain,
      report: values.report,
      expectCached: values["expect-cached"],
      budgetBytes: values.budget === undefined ? undefined : parseBudget(values.budget),
      verifyReproducible: values["verify-reproducible"],
      allowSecretIn: values["allow-secret-in"],
      compatibilityVersion: values["compatibility-version"] === undefined ? undefined : parseCompatibility(values["compatibility-version"]),
      ...parseAttestations(values),
      metadataProvenance: values["metadata-file"] === undefined ? undefined : metadataProvenanceOf(context.env),
      stdout: (chunk) => context.stdout.write(chunk),
    };
    if (values.plan !== undefined) {
      const { showPlan } = await import("../show-plan.ts");
      return await showPlan(options, { format: values.plan, progress: progressMode(values, context) }, context);
    }
    if (values.report === "-") throw usageError("Cannot write the report to standard output", "Give a file: --report report.html");
    const files = { iidFile: values.iidfile, metadataFile: values["metadata-file"] };
    await checkBuildFiles(files, options, context);
    const shell = values["on-error"] === undefined ? undefined : errorShell(context);
    const audit = { mode: values.audit, file: values["audit-report"], isQuiet: values.quiet === true };
    const result = await withAudit(audit, context, (more) =>
      shell === undefined
        ? showRun(build({ ...options, ...more }), progressMode(values, context), context, { explain: values.explain })
        : showRun(build({ ...options, ...more, onStepFailed: shell.open }), "plain", shell.context, { explain: values.explain }),
    );
    await writeBuildFiles(result, files, context);
    if (values.quiet === true) await tellImageId(result, context);
    return 0;
  },
);

function parseBudget(text: string): number {
  const sizeBytes = parseBytes(text);
  if (sizeBytes === undefined) throw usageError(`Cannot use --budget "${text}": wanted a size such as 80MB or 1.5GiB`);
  return sizeBytes;
}

function outputsOf(
  values: { readonly output: readonly string[]; readonly tag: readonly string[]; readonly push?: boolean; readonly load?: string },
  { stdout }: CliContext,
): OutputSpec[] {
  const texts = [...values.output, ...(values.push === true ? ["type=registry"] : [])];
  const outputs = [...texts.map((text) => parseOutput(text, values.tag)), ...parseLoad(values.load, values.tag)];
  refuseTerminal(outputs, stdout);
  return outputs;
}

function progressMode(values: { readonly quiet?: boolean; readonly progress?: ProgressMode }, { env }: CliContext): ProgressMode {
  if (values.quiet === true) return "quiet";
  const usual = env["BUILDKIT_PROGRESS"] ?? "";
  if (values.progress !== undefined || usual === "") return values.progress ?? "auto";
  const mode = PROGRESS_MODES.find((known) => known === usual);
  if (mode === undefined) throw usageError(`Cannot use BUILDKIT_PROGRESS "${usual}": wanted ${PROGRESS_MODES.join(", ")}`);
  return mode;
}
