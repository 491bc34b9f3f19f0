/**
 * The environment variables that docker, buildx, buildah and podman read, and what Decant does with each: `docs/reference/environment.md` is made of
 * this, and builds warn of those that would have given another result there.
 */

/** "used"; "other": Decant has nothing that it could change; "warned": its owner would give another result, so a build says that it is not used. */
type VariableState = "used" | "warned" | "refused" | "other";

/** One variable, or a family of them. */
export interface VariableRow {
  /** "BUILDX_BAKE_*" for a family. */
  readonly name: string;
  /** Who reads it. */
  readonly of: string;
  readonly state: VariableState;
  /** What it does here, or why it does nothing. */
  readonly note: string;
  /** With "warned": values that change nothing. */
  readonly harmless?: RegExp;
}

const NO_DAEMON = "Decant runs without a daemon";
const STORE = "Decant has a store of its own: `DECANT_ROOT`";
const FALSE = /^(?:0|f|false|off|none)$/i;

/** The rows, by tool. */
export const VARIABLES: readonly VariableRow[] = [
  { name: "DECANT_ROOT", of: "decant", state: "used", note: "Folder of the store" },
  { name: "DECANT_ISAL", of: "decant", state: "used", note: "`off`: zlib compresses and unpacks layers, also where the machine has ISA-L" },
  {
    name: "DECANT_LAYERS",
    of: "decant",
    state: "used",
    note: "`copy`: steps work on copies of their layers, as where the kernel refuses overlays; `overlay`: never on copies. `fuse` is an error (decision 27). Default `auto`",
  },
  {
    name: "AWS_REGION, AWS_DEFAULT_REGION, AWS_BUCKET, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN",
    of: "buildkit",
    state: "used",
    note: "What a cache of `type=s3` does not say",
  },
  { name: "ACTIONS_RESULTS_URL, ACTIONS_RUNTIME_TOKEN", of: "buildx", state: "used", note: "What a cache of `type=gha` does not say" },
  { name: "DOCKER_DEFAULT_PLATFORM", of: "docker, buildx", state: "used", note: "The platform where `--platform` names none" },
  { name: "DOCKER_CONFIG", of: "docker, buildx, buildah, podman", state: "used", note: "Folder of `config.json`: credentials, `proxies`" },
  { name: "DOCKER_AUTH_CONFIG", of: "docker", state: "used", note: "Credentials, as the text of a `config.json`" },
  { name: "DECANT_BUILDER", of: "decant", state: "used", note: "Builders that run the steps of builds, where `--builder` names none" },
  {
    name: "DECANT_LOAD",
    of: "decant",
    state: "used",
    note: "Where `--load` goes: `auto` (default), `docker`, `podman`, `containerd`, or `store` for Decant's own store",
  },
  { name: "DOCKER_HOST", of: "docker, buildx", state: "used", note: "The daemon of `--load`, and the entry of `proxies`; builds run here" },
  { name: "DOCKER_CONTENT_TRUST", of: "docker", state: "warned", note: "Signatures of tags are not checked (F138)", harmless: FALSE },
  { name: "DOCKER_CONTEXT", of: "docker, buildx", state: "used", note: "The daemon of `--load`, where `DOCKER_HOST` names none" },
  { name: "DOCKER_API_VERSION", of: "docker", state: "other", note: NO_DAEMON },
  { name: "DOCKER_CERT_PATH, DOCKER_TLS, DOCKER_TLS_VERIFY", of: "docker", state: "used", note: "Certificates for a `DOCKER_HOST` of TCP" },
  { name: "DOCKER_CUSTOM_HEADERS", of: "docker", state: "other", note: NO_DAEMON },
  { name: "DOCKER_CONTENT_TRUST_SERVER", of: "docker", state: "other", note: "Nothing asks it" },
  { name: "DOCKER_BUILDKIT", of: "docker", state: "other", note: "There is one builder" },
  { name: "DOCKER_HIDE_LEGACY_COMMANDS", of: "docker", state: "other", note: "Decant has no legacy commands" },
  { name: "BUILDKIT_PROGRESS", of: "docker, buildx", state: "used", note: "Default of `--progress`" },
  {
    name: "BUILDX_BUILDER",
    of: "buildx",
    state: "warned",
    note: "Builders are named by --builder or `DECANT_BUILDER` (F146)",
    harmless: /^default$/,
  },
  { name: "BUILDKIT_HOST", of: "buildctl, buildx", state: "warned", note: "Builders are named by --builder or `DECANT_BUILDER` (F146)" },
  { name: "BUILDX_GIT_LABELS", of: "buildx", state: "warned", note: "No labels are made of the repository: `--label`", harmless: FALSE },
  { name: "BUILDX_GIT_INFO", of: "buildx", state: "other", note: "Provenance does not name the repository of a folder" },
  { name: "BUILDX_GIT_CHECK_DIRTY", of: "buildx", state: "other", note: "As `BUILDX_GIT_INFO`" },
  {
    name: "BUILDX_METADATA_PROVENANCE",
    of: "buildx",
    state: "used",
    note: "What `--metadata-file` has of provenance: `min` (default), `max` or `disabled`",
  },
  {
    name: "BUILDX_METADATA_WARNINGS",
    of: "buildx",
    state: "other",
    note: "`--metadata-file` has no warnings; `--call=check,format=json` lists them",
  },
  { name: "BUILDX_NO_DEFAULT_ATTESTATIONS", of: "buildx", state: "other", note: "Attestations are made only when asked for" },
  { name: "BUILDX_NO_DEFAULT_LOAD", of: "buildx", state: "other", note: "`-o type=cacheonly` keeps no image" },
  { name: "BUILDX_BAKE_*", of: "buildx", state: "other", note: "Decant has no `bake`" },
  { name: "BUILDX_CONFIG", of: "buildx", state: "other", note: "Decant has no builders to configure" },
  { name: "BUILDX_EXPERIMENTAL", of: "buildx", state: "other", note: "Nothing is hidden" },
  { name: "BUILDX_CPU_PROFILE, BUILDX_MEM_PROFILE", of: "buildx", state: "other", note: "For buildx itself" },
  { name: "BUILDKIT_COLORS", of: "buildx", state: "other", note: "Colours are the terminal's: `NO_COLOR`" },
  { name: "BUILDKIT_TTY_LOG_LINES", of: "buildx", state: "other", note: "The screen decides by its height" },
  { name: "EXPERIMENTAL_BUILDKIT_SOURCE_POLICY", of: "buildx", state: "used", note: "Default of `--source-policy-file` (F136)" },
  { name: "OTEL_*", of: "docker, buildx", state: "other", note: "Decant sends no traces" },
  { name: "REGISTRY_AUTH_FILE", of: "buildah, podman", state: "used", note: "File of credentials" },
  {
    name: "CONTAINERS_REGISTRIES_CONF",
    of: "buildah, podman",
    state: "used",
    note: "`registries.conf`: mirrors, insecure and blocked registries, aliases",
  },
  { name: "CONTAINERS_CONF, CONTAINERS_CONF_OVERRIDE", of: "buildah, podman", state: "other", note: "`containers.conf` is not read" },
  { name: "CONTAINERS_STORAGE_CONF, STORAGE_DRIVER, STORAGE_OPTS", of: "buildah, podman", state: "other", note: STORE },
  { name: "CONTAINER_HOST", of: "podman", state: "used", note: "The daemon of `--load`, where Docker is not named and does not answer" },
  { name: "CONTAINER_CONNECTION, CONTAINER_SSHKEY", of: "podman", state: "other", note: "`--load` knows `CONTAINER_HOST`" },
  { name: "CONTAINERD_ADDRESS, CONTAINERD_NAMESPACE", of: "ctr", state: "used", note: "The containerd of `--load`, by `ctr`" },
  {
    name: "BUILDAH_FORMAT",
    of: "buildah, podman",
    state: "warned",
    note: "Manifests are OCI's; `oci-mediatypes=false` of `--output` gives Docker's",
    harmless: /^oci$/,
  },
  { name: "BUILDAH_ISOLATION", of: "buildah, podman", state: "warned", note: "Steps run in an OCI runtime", harmless: /^oci$/ },
  { name: "BUILDAH_LAYERS", of: "buildah", state: "warned", note: "Each step makes a layer", harmless: /^(?:1|t|true)$/i },
  { name: "BUILDAH_RUNTIME", of: "buildah", state: "warned", note: "Use `--runtime`" },
  { name: "BUILDAH_HISTORY", of: "buildah", state: "other", note: "The history is always written" },
  { name: "BUILDAH_DEBUG_*, BUILDAH_LOGLEVEL", of: "buildah", state: "other", note: "For buildah itself" },
  { name: "SOURCE_DATE_EPOCH", of: "buildx, buildah", state: "used", note: "Times of the image and of its history; of an SBOM" },
  {
    name: "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY",
    of: "all",
    state: "used",
    note: "Requests of Decant; also in lower case. `RUN` sees them by `--build-arg` only",
  },
  {
    name: "SSL_CERT_FILE, SSL_CERT_DIR",
    of: "all",
    state: "used",
    note: "Certificates that Decant trusts; the file also for `RUN`, by `--ca-certs`",
  },
  { name: "SSH_AUTH_SOCK", of: "buildx, buildah", state: "used", note: "Agent of `--ssh default` and of git" },
  {
    name: "XDG_CONFIG_HOME, XDG_RUNTIME_DIR",
    of: "buildah, podman",
    state: "used",
    note: "Where `containers/auth.json` and `registries.conf` are",
  },
  { name: "XDG_DATA_HOME", of: "buildah, podman", state: "used", note: "Where the store of a user is" },
  { name: "XDG_CACHE_HOME", of: "decant", state: "used", note: "Where compiled code of Decant is kept, in `decant/code`" },
  { name: "NODE_DISABLE_COMPILE_CACHE", of: "node", state: "used", note: "`1`: no compiled code is kept" },
  { name: "TMPDIR", of: "all", state: "used", note: "Only the events of a long build; everything else is in the store" },
  { name: "NO_COLOR, FORCE_COLOR, TERM", of: "all", state: "used", note: "Colours" },
];

/** The variables of `env` that would have given another result where they come from. */
export function unusedVariables(env: Readonly<Record<string, string | undefined>>): readonly VariableRow[] {
  return VARIABLES.filter(({ name, state, harmless }) => {
    const value = env[name] ?? "";
    return state === "warned" && value !== "" && harmless?.test(value) !== true;
  });
}
