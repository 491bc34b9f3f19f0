/**
 * Whose behaviour Decant follows: BuildKit's newest Dockerfile frontend and the defaults of its newest exporters. Where an older one differs, the
 * rule is a row here. `# syntax=docker/dockerfile:1.N` chooses the frontend, `compatibility-version` the exporters: nothing else asks for versions.
 */
import { usageError } from "./errors.ts";

/** BuildKit's `compatibility-version`: 10 is 0.13 and 0.14, 20 is 0.15 to 0.31, 30 is newer. */
export type CompatibilityVersion = 10 | 20 | 30;

/** The versions that a build follows. */
export interface Followed {
  /** "1.29.0" */
  readonly frontend: string;
  /** The N of 1.N. */
  readonly minor: number;
  readonly compatibility: CompatibilityVersion;
}

/** Followed unless a build asks for older ones. */
export const NEWEST: Followed = { frontend: "1.29.0", minor: 29, compatibility: 30 };

/** The BuildKit that has them. */
export const NEWEST_BUILDKIT = "0.35.1";

/** What older versions do otherwise. */
export type FollowedRule =
  | "heredoc-tabs-first"
  | "context-url-file"
  | "healthcheck-history"
  | "chown-own-group"
  | "link-chown-numbers"
  | "chown-bound"
  | "expose-history"
  | "disable-onbuild"
  | "psw-is-secret"
  | "file-is-no-secret"
  | "git-modes"
  | "oci-media-types"
  | "oci-artifacts";

interface Rule {
  /** The frontend 1.N, or the compatibility version, that has it first. */
  readonly since: { readonly frontend: number } | { readonly compatibility: CompatibilityVersion };
  /** What holds since then; before it. */
  readonly now: string;
  readonly before: string;
}

/** What differs. */
export const FOLLOWED_RULES: Readonly<Record<FollowedRule, Rule>> = {
  "heredoc-tabs-first": {
    since: { frontend: 21 },
    now: "a heredoc with `-` loses its tabs, and is a script if it begins with `#!` then",
    before: "it is a script if it begins with `#!` before",
  },
  "context-url-file": {
    since: { frontend: 24 },
    now: "a named context that is an http(s) URL is a folder with one file, `context`",
    before: "the file has the name that it has in the URL",
  },
  "healthcheck-history": {
    since: { frontend: 24 },
    now: "history has `HEALTHCHECK {Test:[CMD-SHELL true] Interval:3s …}`",
    before: '`HEALTHCHECK &{["CMD-SHELL" "true"] "3s" … \'\\x00\'}`',
  },
  "chown-own-group": {
    since: { frontend: 28 },
    now: "`--chown=user:` takes the primary group of the user, `--chown=5:` the group 5",
    before: "the group 0",
  },
  "link-chown-numbers": {
    since: { frontend: 28 },
    now: "`--link` with a name in `--chown` is an error wherever it stands",
    before: "an error where the step is needed",
  },
  "chown-bound": {
    since: { frontend: 29 },
    now: "`--chown` with a number that no user can have, such as 4294967296, is an error",
    before: "it counts as a name that the stage does not have: files are owned by 0, with a warning",
  },
  "expose-history": { since: { frontend: 29 }, now: "history has `EXPOSE 80/tcp 443/tcp`", before: "`EXPOSE [80/tcp 443/tcp]`" },
  "disable-onbuild": {
    since: { frontend: 29 },
    now: "build argument `BUILDKIT_DISABLE_ONBUILD` skips the triggers of bases",
    before: "it is an argument like any other",
  },
  "file-is-no-secret": {
    since: { frontend: 22 },
    now: "`SecretsUsedInArgOrEnv` leaves out names with `FILE` or `VERSION`, such as `DB_PASSWORD_FILE`",
    before: "only names with `PUBLIC`",
  },
  "psw-is-secret": { since: { frontend: 29 }, now: "`SecretsUsedInArgOrEnv` knows `PSW`", before: "it does not" },
  "git-modes": {
    since: { compatibility: 20 },
    now: "files of git that are no programs have the mode 0644",
    before: "0666",
  },
  "oci-media-types": {
    since: { compatibility: 30 },
    now: "images have OCI media types unless told otherwise, docker archives too",
    before: "Docker's, unless they have attestations or go to an OCI layout",
  },
  "oci-artifacts": {
    since: { compatibility: 30 },
    now: "attestation manifests are OCI artifacts about the image unless told otherwise",
    before: "images of an unknown platform",
  },
};

/** Does it hold for a build that follows `followed`? Undefined is the newest. */
export function follows(followed: Followed | undefined, rule: FollowedRule): boolean {
  const { minor, compatibility } = followed ?? NEWEST;
  const { since } = FOLLOWED_RULES[rule];
  return "frontend" in since ? minor >= since.frontend : compatibility >= since.compatibility;
}

const VERSION = /^1\.(\d{1,4})(?:\.\d{1,4})?(?:-[\w.-]+)?$/;

/**
 * The frontend that a tag of docker/dockerfile names: "1.19", "1.19.0", "1.20-labs". Anything else ("1", "labs", "latest") is the newest, and so is
 * what is newer than the newest that Decant knows.
 */
export function frontendOfTag(tag: string | undefined): Pick<Followed, "frontend" | "minor"> {
  const minor = Number(VERSION.exec(tag ?? "")?.[1] ?? Infinity);
  const { frontend, minor: newest } = NEWEST;
  return tag === undefined || minor >= newest ? { frontend, minor: newest } : { frontend: wholeVersion(tag.replace(/-.*$/, "")), minor };
}

function wholeVersion(version: string): string {
  return version.split(".").length === 2 ? `${version}.0` : version;
}

/** Is a tag of docker/dockerfile newer than what Decant follows? */
export function isNewerTag(tag: string): boolean {
  return Number(VERSION.exec(tag)?.[1] ?? 0) > NEWEST.minor;
}

/** Reads a `compatibility-version`. Throws `USAGE`. */
export function parseCompatibility(text: string): CompatibilityVersion {
  const known = ([10, 20, 30] as const).find((version) => String(version) === text);
  if (known !== undefined) return known;
  throw usageError(
    `Cannot follow compatibility-version "${text}": unsupported compatibility-version; wanted 10, 20 or 30`,
    /^\d+$/.test(text) && Number(text) > NEWEST.compatibility ? "A newer Decant may know it" : undefined,
  );
}
