/** Where Decant means to differ from BuildKit. Everything else that differs is a bug. */
import type { FollowedRule } from "../../src/followed.ts";
import type { Recorded } from "./recording.ts";

/** The frontend that was recorded: that of the peers' dockerd. */
export const RECORDED_SYNTAX = "docker/dockerfile:1.19";

/** A difference that we want. */
export interface Difference {
  /** Names of cases. */
  readonly cases: readonly string[];
  /** Matches the lines of `differencesOf` that are meant. */
  readonly line: RegExp;
  readonly reason: string;
  /** Only this BuildKit differs. Default: all that were recorded. */
  readonly only?: Recorded;
  /** The recorded frontend has an older rule: with `# syntax=` of its version the difference must be gone. */
  readonly since?: FollowedRule;
}

const ARCHIVE_RULES =
  "BuildKit 0.32.2 unpacks with go-archive 0.2. Decant follows go-archive 0.3, which is hardened against paths that lead out. The recorded dockerd has it, and 0.32.2 built with go-archive 0.3.3 makes what Decant makes";

export const DIFFERENCES: readonly Difference[] = [
  {
    cases: [
      "L3: .git of a light tag",
      "L3: .git of a branch",
      "L3: .git of refs/heads",
      "L3: .git of the default branch, with that of a submodule",
      "L3: .git of a pull request",
      "L3: a context that keeps .git of a branch",
    ],
    line: /^path x\/\.git\/refs\/(?:tags|heads)\/.*: BuildKit .*, Decant has none$/,
    reason:
      "BuildKit keeps all names that it ever fetched as tags of a repository of its own, and a copy takes some along: they depend on earlier builds",
  },
  {
    cases: [
      "S20: what is not expanded",
      "S46: what is set again",
      "S49: HEALTHCHECK is not wrapped",
      "S53: HEALTHCHECK with all options",
      "S53: HEALTHCHECK in shell form",
      "S53: HEALTHCHECK NONE",
      "L8: HEALTHCHECK NONE with options of a check",
      "S58: the history of every instruction",
    ],
    line: /^history \d+: BuildKit - HEALTHCHECK &\{\[.*, Decant - HEALTHCHECK \{Test:\[/,
    since: "healthcheck-history",
    only: "28.5",
    reason: "The frontend is older than 1.24; BuildKit 0.32.2 writes what Decant does",
  },
  {
    cases: [
      "S20: what is expanded",
      "S46: what is set again",
      "S54: ports",
      "S54: a variable with several ports",
      "S54: an address and a host port",
      "S58: the history of every instruction",
    ],
    line: /^history \d+: BuildKit - EXPOSE \[(.*)\], Decant - EXPOSE \1$/,
    since: "expose-history",
    reason: "The frontend is older than 1.29",
  },
  {
    cases: ["S76: an empty group is 0, an unknown one is that of the user"],
    line: /^path [15]: BuildKit "file 0644 (5|1000):0 .*, Decant "file 0644 (5:5|1000:1001) /,
    since: "chown-own-group",
    reason: "The frontend is older than 1.28",
  },
  {
    cases: ["S60: a base with more layers than history"],
    line: /^history \d: /,
    reason: "BuildKit shifts the history against the layers and invents entries at its end; ours stand where the layers are",
  },
  {
    cases: ["S62: unknown fields of the base survive"],
    line: /^config x-/,
    reason: "BuildKit's exporter keeps unknown fields, but its Dockerfile frontend has lost them before; nothing needs to lose them",
  },
  {
    cases: ["S63: steps run in a path that is not clean"],
    line: /^path a: /,
    reason: 'BuildKit\'s runtime makes a directory that "/a/../b" only passes through',
  },
  {
    cases: ["S66: a user without a passwd file"],
    line: /^BuildKit fails, Decant builds: .*unable to find user 7: invalid argument$/,
    only: "28.5",
    reason: "The older BuildKit trips over a file that it did not open; 0.32.2 builds it",
  },
  {
    cases: ["S76: --chown with a number that does not fit 31 bits"],
    line: /^BuildKit builds, Decant fails: DOCKERFILE_SEMANTIC Cannot use the owner "4294967294:0"/,
    reason:
      "Before 1.29 BuildKit takes a number above 2147483647 for a name, and an unknown name for 0 without a word; since then it refuses it",
  },
  {
    cases: ["S81: a wildcard that matches nothing in a folder that nothing else is copied from"],
    line: /^BuildKit fails, Decant builds: lstat .*no such file or directory$/,
    reason: "BuildKit does not see a folder of the context that it was sent nothing of; whether a COPY builds must not hang on the others",
  },
  {
    cases: ["a link to a file whose name is a pattern"],
    line: /^BuildKit fails, Decant builds: .*"\/l": not found$/,
    reason: "BuildKit's client takes the target of a link for a pattern when it chooses what to send, and leaves the file behind",
  },
  {
    cases: ["--exclude in a folder with a link to nowhere"],
    line: /^BuildKit fails, Decant builds: .*"\/m": not found$/,
    reason: "With --exclude, and only with it, BuildKit follows every link of what is copied to compute its cache key",
  },
  {
    cases: ["a file that is taken out, back in and out again"],
    line: /^path l\/s\/g\.txt: BuildKit "file 0644 0:0 \\"\\"", /,
    reason: "BuildKit's client lists such a file by one rule and opens it by another, and sends it without its content",
  },
  {
    cases: ["S84: --parents"],
    line: /^BuildKit fails, Decant builds: .*unknown flag: --parents$/,
    only: "28.5",
    reason: "The frontend of the recorded dockerd has no labs features; BuildKit 0.32.2 builds it",
  },
  {
    cases: ["S89: archives in every compression, by content"],
    line: /^path 4\//,
    only: "28.5",
    reason: "BuildKit unpacks xz with a program that the recorded dockerd does not have",
  },
  {
    cases: [
      "R2: gzip with garbage before the end mark",
      "R2: gzip with zeros between members",
      "R2: gzip whose second member has a wrong first byte",
    ],
    line: /^BuildKit builds, Decant fails: ARCHIVE /,
    only: "0.32",
    reason:
      "With unpigz in its PATH, BuildKit unpacks with it unless MOBY_DISABLE_PIGZ is set. unpigz passes over everything behind bytes that are no gzip, and the image lacks the rest of the archive without a word",
  },
  {
    cases: ["the environment of a step, in full"],
    line: /^path env: BuildKit .*OTEL_TRACES_EXPORTER=otlp/,
    only: "0.32",
    reason:
      "A buildkitd gives each step the socket and the number of its trace, dockerd does not. The number is another one in each build, and Decant has no collector of traces",
  },
  {
    cases: ["L1: a symlink that leads to what is not there yet", "L1: a symlink of the archive means a path in the destination"],
    line: /^BuildKit fails, Decant builds: (?:mkdir \/nowhere: file exists|open \/l\/x: no such file or directory)$/,
    only: "0.32",
    reason: ARCHIVE_RULES,
  },
  {
    cases: ["L8: a symlink of the image that leads out", "L8: a name that leads out"],
    line: /^BuildKit builds, Decant fails: PATH_ESCAPE /,
    only: "0.32",
    reason: ARCHIVE_RULES,
  },
  {
    cases: ["R3: directories in one with setgid"],
    line: /^path opt\/group\/a(?:\/b)?: BuildKit "dir 2755 0:0", Decant "dir 0755 0:[07]"$/,
    only: "0.32",
    reason: ARCHIVE_RULES,
  },
  {
    cases: [
      "R2: gzip with a wrong checksum",
      "R2: gzip with a wrong size",
      "R2: zstd with a wrong checksum",
      "R2: gzip without its last byte",
    ],
    line: /^BuildKit builds, Decant fails: ARCHIVE /,
    reason: "BuildKit stops reading at the end mark of the archive and does not see that what it unpacked is damaged",
  },
  {
    cases: ["S129: a layer that writes through the symlink of another"],
    line: /^path out: /,
    reason:
      "Unpacked for overlayfs, a layer of BuildKit does not see the symlink and hides it by a directory. Unpacked over one another, as image-spec says, it writes where the symlink leads",
  },
  {
    cases: ["X4: a Dockerfile in a folder that is a link out of the folder and in the context"],
    line: /^BuildKit fails, Decant builds: .*open Dockerfile: no such file or directory$/,
    reason: "BuildKit is sent the Dockerfile's folder alone and cannot follow its link; it stays in the context all the same",
  },
  {
    cases: [
      "X4: an ignore file that is a link out of the context",
      "X4: an ignore file that is a link to nothing",
      "X4: an ignore file that is a directory",
      "X4: an ignore file of the Dockerfile that is a link to nothing",
    ],
    line: /^BuildKit builds, Decant fails: CONTEXT /,
    reason:
      "BuildKit passes over an ignore file that it cannot read: what it was to leave out, secrets perhaps, is in the image without a word",
  },
  {
    cases: ["L2: a hard link to a file of the image that does not change"],
    line: /^path x: .*Decant "same as usr\/bin\/sh"$/,
    reason: "BuildKit loses a hard link to a file of a lower layer that did not change otherwise",
  },
  {
    cases: ["R7: a directory of the archive that is gone at its end"],
    line: /^BuildKit fails, Decant builds: chtimesat n\/s: not a directory$/,
    reason: "BuildKit sets the times of all directories at the end, and trips over one that a later member has replaced",
  },
  {
    cases: ["R9: the root of a stage that a directory was copied to"],
    line: /^path r: BuildKit "dir 0755 0:0 @1300000002", Decant "dir 0755 0:0 @step"$/,
    reason: "The root of an image has no time that a layer could hold; BuildKit shows the one that its snapshot has by chance",
  },
  {
    cases: ["R9: SOURCE_DATE_EPOCH is the time of the step", "R9: SOURCE_DATE_EPOCH is the time of a WORKDIR"],
    line: /^path \S+: BuildKit "dir 0755 0:0 @step", Decant "dir 0755 0:0 @1500000000"$/,
    reason:
      "BuildKit leaves the time of its clock to directories that are written into, until rewrite-timestamp; the same epoch gives the same layer here",
  },
  {
    cases: ["capabilities of a step"],
    line: /^path out: .*a80425fb.*a80405fb/,
    reason: "Steps on the host's network lack CAP_NET_RAW, with which they could read what others send",
  },
  {
    cases: ["a step makes hard links"],
    line: /^path d\/c: .*Decant "same as a"$/,
    reason: "BuildKit loses a hard link to a file of a lower layer that did not change otherwise",
  },
];
