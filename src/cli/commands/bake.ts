/** `decant bake`: docker buildx's own bake on Decant's engine. */
import { bake } from "../../buildkit/index.ts";
import { HelpWanted } from "../args.ts";
import type { Command, CommandSpec } from "../command.ts";
import { storeOptions } from "../store-options.ts";
import { READERS, WRITERS } from "./serve.ts";

const spec: CommandSpec = {
  name: "bake",
  usage: "[WORDS OF DOCKER BUILDX BAKE…]",
  summary: "Build the targets of a bake file, with docker buildx's own bake",
  notes: `docker buildx reads the bake file (HCL, JSON or compose). A server inside this command builds what it asks for, with the store of
DECANT_ROOT. All words go to docker buildx bake. buildx must be installed (Debian: docker-buildx); a docker daemon is not needed.
Targets without an output only fill the cache, as with any builder of buildx that is not docker's.

Examples:
  decant bake --print
  decant bake -f compose.yaml --set '*.output=type=image'
  decant bake app tests --push`,
  options: {},
  words: { min: 0, max: Number.MAX_SAFE_INTEGER },
  optionsFirst: true,
};

/** The command. */
export const command: Command = {
  spec,
  async run(args, context) {
    if (args.includes("--help") || args.includes("-h")) throw new HelpWanted();
    const { env, cwd, signal } = context;
    return await bake({ ...storeOptions({}, context), readers: READERS, writers: WRITERS, words: args, env, cwd, signal });
  },
};
