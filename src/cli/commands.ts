/** Every command with its summary; the files are loaded on use, because starting up is part of every build. */
import type { CommandEntry, CommandTables } from "./command.ts";

/** The commands in the order that help shows them. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  build: { summary: "Build an image from a Dockerfile", load: () => import("./commands/build.ts") },
  images: { summary: "List the images of the store", load: () => import("./commands/images.ts") },
  audit: { summary: "Say whether an image will run, and what is in it that should not be", load: () => import("./commands/audit.ts") },
  inspect: { summary: "Show an image: configuration, layers, what is in it", load: () => import("./commands/inspect.ts") },
  "base build": { summary: "Make a distroless base of a recipe", load: () => import("./commands/base/build.ts") },
  "base diff": { summary: "Show what differs between two bases: locks, recipes or images", load: () => import("./commands/base/diff.ts") },
  "base list": { summary: "List the distroless bases that come with Decant", load: () => import("./commands/base/list.ts") },
  "base lock": { summary: "Write down the exact packages of a base", load: () => import("./commands/base/lock.ts") },
  "base schema": { summary: "Print the JSON schema of recipes, for editors", load: () => import("./commands/base/schema.ts") },
  "base show": { summary: "Show a base: packages, layers, configuration", load: () => import("./commands/base/show.ts") },
  "base update": { summary: "Lock the newest packages of a base, and show what changes", load: () => import("./commands/base/update.ts") },
  "base verify": { summary: "Make a base once more from its lock, and compare", load: () => import("./commands/base/verify.ts") },
  import: { summary: "Make an image of a root file system (tar)", load: () => import("./commands/import.ts") },
  pull: { summary: "Fetch an image from a registry", load: () => import("./commands/pull.ts") },
  push: { summary: "Send an image to a registry", load: () => import("./commands/push.ts") },
  login: { summary: "Log in to a registry", load: () => import("./commands/login.ts") },
  logout: { summary: "Forget the credentials of a registry", load: () => import("./commands/logout.ts") },
  run: { summary: "Run a container of an image", load: () => import("./commands/run.ts") },
  ps: { summary: "List the containers that run", load: () => import("./commands/ps.ts") },
  stop: { summary: "End containers", load: () => import("./commands/stop.ts") },
  rm: { summary: "Remove containers", load: () => import("./commands/rm.ts") },
  "image rm": { summary: "Remove images from the store", load: () => import("./commands/image/rm.ts") },
  prune: { summary: "Remove what no image needs: cache, layers, blobs", load: () => import("./commands/prune.ts") },
  sbom: { summary: "Write down what an image is made of", load: () => import("./commands/sbom.ts") },
  completion: { summary: "Print the script that completes command lines in a shell", load: () => import("./commands/completion.ts") },
  version: { summary: "Show the version", load: () => import("./commands/version.ts") },
};

/** First words of commands of two words: each has a help of its own. */
export const GROUPS: Readonly<Record<string, string>> = {
  image: "Images of the store",
  base: "Distroless bases out of verified Debian packages: the catalogue's, and your own recipes",
};

/** Other names that the field uses. */
export const ALIASES: Readonly<Record<string, string>> = { rmi: "image rm", ls: "images", b: "build" };

/** All three. */
export const TABLES: CommandTables = { commands: COMMANDS, groups: GROUPS, aliases: ALIASES };
