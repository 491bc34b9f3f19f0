/** `decant build`: the flags of docker buildx build, in their forms. */
import { defineCommand } from "../args.ts";
import { runBuildCommand } from "../build-command.ts";
import { BUILD_OPTION_GROUPS, BUILD_OPTION_TABLE, BUILD_UNSUPPORTED } from "../build-options.ts";
import type { Command } from "../command.ts";
import { FOREIGN_BUILD_OPTIONS } from "../foreign-options.ts";

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
    options: BUILD_OPTION_TABLE,
    groups: BUILD_OPTION_GROUPS,
    unsupported: BUILD_UNSUPPORTED,
    foreign: FOREIGN_BUILD_OPTIONS,
    words: { min: 0, max: 1 },
  },
  runBuildCommand,
);
