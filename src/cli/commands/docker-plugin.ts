/** `decant docker-plugin`: makes Decant a plugin of docker, by a link where docker looks for plugins. */
import { lstatSync, readlinkSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DecantError, usageError } from "../../errors.ts";
import { packageFolder } from "../../package-folder.ts";
import { placeLink } from "../../sys/index.ts";
import { defineCommand } from "../args.ts";
import type { Command } from "../command.ts";

const PROGRAM = "bin/decant";
/** Where docker looks for plugins of all users. */
const OF_ALL = "/usr/local/lib/docker/cli-plugins";

/** The command. */
export const command: Command = defineCommand(
  {
    name: "docker-plugin",
    usage: "",
    summary: "Make Decant a plugin of docker: docker decant build",
    notes: `It is a link in the folder cli-plugins of docker's settings (DOCKER_CONFIG, or ~/.docker). A link that leads elsewhere is replaced. What is no link stays.`,
    options: {
      "all-users": { type: "boolean", help: `Put it into ${OF_ALL}` },
      remove: { type: "boolean", help: "Take it away" },
    },
    words: { min: 0, max: 0 },
  },
  async (values, _words, { env, stdout }) => {
    const folder = values["all-users"] === true ? OF_ALL : join(settingsFolder(env), "cli-plugins");
    const link = join(folder, "docker-decant");
    const known = lstatSync(link, { throwIfNoEntry: false });
    if (known !== undefined && !known.isSymbolicLink())
      throw usageError(`Cannot change "${link}": it is no link, so something else has put it there`, "Remove it yourself first");
    if (values.remove === true) {
      rmSync(link, { force: true });
      await stdout.write(known === undefined ? `There is no ${link}\n` : `Removed ${link}\n`);
      return 0;
    }
    const root = packageFolder(PROGRAM);
    if (root === undefined)
      throw new DecantError("NOT_FOUND", `Cannot link to "${PROGRAM}": this installation does not have it`, {
        hint: "Install the npm package or the tarball",
      });
    const program = join(root, PROGRAM);
    if (known === undefined || readlinkSync(link) !== program) placeLink(link, program);
    await stdout.write(`docker decant: ${link} -> ${program}\n`);
    return 0;
  },
);

function settingsFolder({ DOCKER_CONFIG: config = "", HOME: home = "" }: Readonly<Record<string, string | undefined>>): string {
  if (config !== "") return config;
  if (home === "") throw usageError("Cannot find the settings of docker: neither DOCKER_CONFIG nor HOME is set", "Give --all-users");
  return join(home, ".docker");
}
