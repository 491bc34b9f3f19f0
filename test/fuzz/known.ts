/** Differences from BuildKit that we want, as any generated case may show them. Their reasons are those of conformance/differences.ts. */

interface Known {
  readonly line: RegExp;
  /** Only where the Dockerfile has this. */
  readonly dockerfile?: RegExp;
}

const KNOWN: readonly Known[] = [
  // The BuildKit inside dockerd 28.5 has --parents in its labs frontend only.
  { line: /^BuildKit fails, Decant builds: .*unknown flag: --parents$/ },
  // "S53: HEALTHCHECK with all options" and "S54: ports": the BuildKit inside dockerd 28.5 has an older frontend's history.
  {
    line: /^history \d+: BuildKit - HEALTHCHECK &\{\["(\S+)".*\] "(\S+)" "(\S+)" "(\S+)" "(\S+)" '\\x0(\d)'\}, Decant - HEALTHCHECK \{Test:\[\1\b.*\] Interval:\2 Timeout:\3 StartPeriod:\4 StartInterval:\5 Retries:\6\}$/,
  },
  { line: /^history \d+: BuildKit - EXPOSE \[(.*)\], Decant - EXPOSE \1$/ },
  // "a step makes hard links": BuildKit loses a hard link to a file of a lower layer.
  { line: /^path .*Decant "same as / },
  // "S81: a wildcard that matches nothing in a folder that nothing else is copied from"
  { line: /^BuildKit fails, Decant builds: lstat .*no such file or directory$/ },
  // "--exclude in a folder with a link to nowhere"
  {
    line: /^BuildKit fails, Decant builds: .*failed to calculate checksum of ref …: .*: not found$/,
    dockerfile: /^(COPY|ADD) .*--exclude=/m,
  },
  // BuildKit looks for the place of a pipe that --exclude takes out.
  { line: /^BuildKit fails, Decant builds: failed to stat .*\/pipe: not a directory$/, dockerfile: /--exclude=/ },
  // "a file that is taken out, back in and out again"
  { line: /^path .*: BuildKit "file (\d+ \d+:\d+) \\"\\"", Decant "file \1 / },
  // "R7: a directory of the archive that is gone at its end"
  { line: /^BuildKit fails, Decant builds: chtimesat .*$/, dockerfile: /^ADD /m },
  // "R9: the root of a stage that a directory was copied to"
  { line: /^path .*: BuildKit "(dir \S+ \S+) @\d+", Decant "\1 @step"$/, dockerfile: /^COPY --from=.* "?[./]+"?,? /m },
  // A step of BuildKit leaves its mount points' time on /etc in its own snapshot, though not in the image: a copy of that stage shows it.
  { line: /^path (?:.*\/)?etc: BuildKit "(dir \S+ \S+) @step", Decant "\1 @\d+"$/, dockerfile: /^RUN /m },
  { line: /^path .*: BuildKit "(dir \S+ \S+) @step", Decant "\1 @1600000000"$/, dockerfile: /^RUN [^]*^COPY --from=.* \/?\[?e\]?tc\/? /m },
  // A layer of the base has no entry for a directory of a layer below: BuildKit unpacks that one with the time of unpacking.
  { line: /^path .*: BuildKit "(dir \S+ \S+) @step", Decant "\1 @1550000000"$/, dockerfile: /^FROM @\{base\}[^]*^COPY --from=/m },
  // "L3: .git of a branch": BuildKit keeps all names that it ever fetched as tags of a repository of its own.
  { line: /^path .*\.git\/refs(?:\/.*)?: BuildKit .*, Decant has none$/, dockerfile: /@\{app\}|^ADD .*\.git\b/m },
  // A submodule's `.git` leads nowhere without that of the repository: Decant leaves it out (see the guide, "Contexts").
  { line: /^path .*\/\.git: BuildKit "file .*", Decant has none$/ },
];

/** True for a line of `differencesOf` that is meant. */
export function isKnown(line: string, dockerfile: string): boolean {
  return KNOWN.some((known) => known.line.test(line) && (known.dockerfile?.test(dockerfile) ?? true));
}
