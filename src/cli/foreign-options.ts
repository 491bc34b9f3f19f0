/**
 * Flags of kaniko and buildah (podman build) for which Decant has nothing, or something else: a word for each, so that a script that is moved over is
 * told what to write. `decant build --help` does not list them; docs/reference/commands.md does. Data only.
 */
import type { UnsupportedSpec } from "./command.ts";

type Table = Readonly<Record<string, UnsupportedSpec>>;

const CACHE = "Leave it out: the cache is in Decant's store; keep the folder of DECANT_ROOT between jobs";
const INSECURE = 'Write "insecure = true" for the registry into registries.conf';
const METADATA = "Use --metadata-file FILE: it has names and digests";
const PLATFORM = "Use --platform OS/ARCH";
const NOTHING = "Leave it out: Decant does not need it";
const RETRIES = "Leave it out: Decant tries again by itself";
const INSTRUCTION = "Write it into the Dockerfile";

/** Of kaniko's executor. */
const KANIKO: Table = {
  cache: { type: "boolean", hint: "Leave it out: Decant always caches; --no-cache turns that off" },
  "cache-copy-layers": { type: "boolean", hint: CACHE },
  "cache-dir": { type: "string", hint: CACHE },
  "cache-repo": { type: "string", hint: "Use --cache-to type=registry,ref=REPOSITORY,mode=max and --cache-from REPOSITORY" },
  "cache-run-layers": { type: "boolean", hint: CACHE },
  "cache-ttl": { type: "string", hint: "Leave it out, and run: decant prune --older-than TIME" },
  cleanup: { type: "boolean", hint: NOTHING },
  "compressed-caching": { type: "boolean", hint: NOTHING },
  compression: { type: "string", hint: "Use --output type=registry,compression=HOW" },
  "compression-level": { type: "string", hint: "Use --output type=registry,compression-level=LEVEL" },
  "context-sub-path": { type: "string", hint: "Name the folder itself as context" },
  "custom-platform": { type: "string", hint: PLATFORM },
  "digest-file": { type: "string", hint: METADATA },
  force: { type: "boolean", hint: NOTHING },
  git: { type: "string", hint: "Name the branch in the context: https://HOST/REPOSITORY.git#BRANCH" },
  "ignore-path": { type: "string", hint: NOTHING },
  "image-download-retry": { type: "string", hint: RETRIES },
  "image-fs-extract-retry": { type: "string", hint: RETRIES },
  "image-name-tag-with-digest-file": { type: "string", hint: METADATA },
  "image-name-with-digest-file": { type: "string", hint: METADATA },
  insecure: { type: "boolean", hint: INSECURE },
  "insecure-pull": { type: "boolean", hint: INSECURE },
  "insecure-registry": { type: "string", hint: INSECURE },
  "kaniko-dir": { type: "string", hint: "Use --root FOLDER" },
  "log-format": { type: "string", hint: "Use --progress plain or --progress rawjson" },
  "log-timestamp": { type: "boolean", hint: "Use --progress rawjson: its events have times" },
  "no-push-cache": { type: "boolean", hint: "Leave it out: only --cache-to pushes a cache" },
  "oci-layout-path": { type: "string", hint: "Use --output type=oci,tar=false,dest=FOLDER" },
  "push-retry": { type: "string", hint: RETRIES },
  "registry-certificate": { type: "string", hint: "Put the certificate into /etc/docker/certs.d/SERVER" },
  "registry-client-cert": { type: "string", hint: "Put the certificate into /etc/docker/certs.d/SERVER" },
  "registry-mirror": { type: "string", hint: "Write the mirror into registries.conf" },
  reproducible: { type: "boolean", hint: "Set SOURCE_DATE_EPOCH, and use --output type=registry,rewrite-timestamp=true" },
  "single-snapshot": { type: "boolean", hint: "Copy the stage into a last one: FROM scratch, COPY --from=STAGE / /" },
  "skip-tls-verify": { type: "boolean", hint: INSECURE },
  "skip-tls-verify-pull": { type: "boolean", hint: INSECURE },
  "skip-tls-verify-registry": { type: "string", hint: INSECURE },
  "skip-unused-stages": { type: "boolean", hint: "Leave it out: Decant never builds stages that the target does not need" },
  "snapshot-mode": { type: "string", hint: NOTHING },
  snapshotMode: { type: "string", hint: NOTHING },
  tarPath: { type: "string", hint: "Use --output type=docker,dest=FILE" },
  "tar-path": { type: "string", hint: "Use --output type=docker,dest=FILE" },
  "use-new-run": { type: "boolean", hint: NOTHING },
  verbosity: { type: "string", hint: "Use --progress plain" },
};

/** Of buildah and podman. */
const BUILDAH: Table = {
  arch: { type: "string", hint: PLATFORM },
  "cap-add": { type: "string", hint: "Use RUN --security=insecure with --allow security.insecure" },
  "cap-drop": { type: "string", hint: NOTHING },
  "all-platforms": { type: "boolean", row: "F129" },
  cw: { type: "string", row: "F124" },
  dns: { type: "string", hint: "Leave it out: RUN steps have the host's resolv.conf" },
  env: { type: "string", hint: "Use ARG with --build-arg, or ENV in the Dockerfile" },
  from: { type: "string", hint: "Use --build-context NAME=docker-image://IMAGE for the name in FROM" },
  "http-proxy": { type: "boolean", hint: "Unset the proxy variables, or set them with --build-arg" },
  "identity-label": { type: "boolean", hint: NOTHING },
  ignorefile: { type: "string", hint: "Put it beside the Dockerfile, with the name Dockerfile.dockerignore" },
  jobs: { type: "string", hint: "Leave it out: stages run at the same time" },
  layers: { type: "boolean", hint: "Leave it out: each step is a layer, and is cached; --no-cache turns the cache off" },
  logfile: { type: "string", hint: "Redirect standard error" },
  manifest: { type: "string", hint: "Name the index with --tag, and give all platforms with --platform" },
  "no-hostname": { type: "boolean", hint: NOTHING },
  "no-hosts": { type: "boolean", hint: NOTHING },
  "omit-history": { type: "boolean", hint: NOTHING },
  os: { type: "string", hint: PLATFORM },
  "pull-always": { type: "boolean", hint: "Use --pull" },
  "pull-never": { type: "boolean", hint: "Use --pull=never" },
  "retry-delay": { type: "string", hint: RETRIES },
  "sign-by": { type: "string", row: "F124" },
  "squash-all": { type: "boolean", hint: "Copy the stage into a last one: FROM scratch, COPY --from=STAGE / /" },
  stdin: { type: "boolean", hint: NOTHING },
  timestamp: { type: "string", hint: "Set SOURCE_DATE_EPOCH in the environment" },
  unsetenv: { type: "string", hint: INSTRUCTION },
  unsetlabel: { type: "string", hint: INSTRUCTION },
  userns: { type: "string", hint: NOTHING },
  variant: { type: "string", hint: PLATFORM },
  volume: { type: "string", short: "v", hint: "Use --build-context NAME=FOLDER, and RUN --mount=type=bind,from=NAME in the Dockerfile" },
};

/** Of docker run, which people type at build. */
const RUN: Table = {
  gpus: { type: "string", hint: "Use --device NAME, with a CDI specification of the device" },
  cpus: { type: "string", hint: "Use --cpu-quota and --cpu-period" },
  "env-file": { type: "string", hint: "Give each variable with --build-arg" },
};

/** What `decant build` refuses of other builders. */
export const FOREIGN_BUILD_OPTIONS: Table = { ...KANIKO, ...BUILDAH, ...RUN };
