/** Every command with its summary; the files are loaded on use, because starting up is part of every build. */
import type { CommandEntry, CommandTables } from "./command.ts";

/** The commands in the order that help shows them. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  build: { summary: "Build an image from a Dockerfile", load: () => import("./commands/build.ts") },
  images: { summary: "List the images of the store", load: () => import("./commands/images.ts") },
  audit: { summary: "Say whether an image will run, and what is in it that should not be", load: () => import("./commands/audit.ts") },
  inspect: { summary: "Show an image: configuration, layers, what is in it", load: () => import("./commands/inspect.ts") },
  history: { summary: "Show how an image was made", load: () => import("./commands/history.ts") },
  diff: { summary: "Show what differs between two images", load: () => import("./commands/diff.ts") },
  ls: { summary: "List the files in a folder of an image", load: () => import("./commands/ls.ts") },
  cat: { summary: "Print files of an image", load: () => import("./commands/cat.ts") },
  tree: { summary: "Show the files of an image as a tree", load: () => import("./commands/tree.ts") },
  "base build": { summary: "Make a distroless base of a recipe", load: () => import("./commands/base/build.ts") },
  "base diff": { summary: "Show what differs between two bases: locks, recipes or images", load: () => import("./commands/base/diff.ts") },
  "base list": { summary: "List the distroless bases that come with Decant", load: () => import("./commands/base/list.ts") },
  "base lock": { summary: "Write down the exact packages of a base", load: () => import("./commands/base/lock.ts") },
  "base schema": { summary: "Print the JSON schema of recipes, for editors", load: () => import("./commands/base/schema.ts") },
  "base show": { summary: "Show a base: packages, layers, configuration", load: () => import("./commands/base/show.ts") },
  "base update": { summary: "Lock the newest packages of a base, and show what changes", load: () => import("./commands/base/update.ts") },
  "base verify": { summary: "Make a base once more from its lock, and compare", load: () => import("./commands/base/verify.ts") },
  tag: { summary: "Give an image of the store more names", load: () => import("./commands/tag.ts") },
  save: { summary: "Write images of the store into one archive", load: () => import("./commands/save.ts") },
  load: { summary: "Load the images of an archive into the store", load: () => import("./commands/load.ts") },
  import: { summary: "Make an image of a root file system (tar)", load: () => import("./commands/import.ts") },
  pull: { summary: "Fetch an image from a registry", load: () => import("./commands/pull.ts") },
  push: { summary: "Send an image to a registry", load: () => import("./commands/push.ts") },
  copy: { summary: "Copy an image between registries, the store, layouts and archives", load: () => import("./commands/copy.ts") },
  mutate: { summary: "Make an image with another configuration", load: () => import("./commands/mutate.ts") },
  rebase: { summary: "Put the layers of an app on a newer base", load: () => import("./commands/rebase.ts") },
  "index create": { summary: "Make an index of images for several platforms", load: () => import("./commands/index/create.ts") },
  "index annotate": { summary: "Set annotations of an index or of one of its images", load: () => import("./commands/index/annotate.ts") },
  login: { summary: "Log in to a registry", load: () => import("./commands/login.ts") },
  logout: { summary: "Forget the credentials of a registry", load: () => import("./commands/logout.ts") },
  run: { summary: "Run a container of an image", load: () => import("./commands/run.ts") },
  ps: { summary: "List the containers that run", load: () => import("./commands/ps.ts") },
  stop: { summary: "End containers", load: () => import("./commands/stop.ts") },
  rm: { summary: "Remove containers", load: () => import("./commands/rm.ts") },
  "image rm": { summary: "Remove images from the store", load: () => import("./commands/image/rm.ts") },
  "image prune": { summary: "Remove the images that have no name", load: () => import("./commands/image/prune.ts") },
  "system df": { summary: "Show how much of the disk is used", load: () => import("./commands/system/df.ts") },
  prune: { summary: "Remove what no image needs: cache, layers, blobs", load: () => import("./commands/prune.ts") },
  sbom: { summary: "Write down what an image is made of", load: () => import("./commands/sbom.ts") },
  "history ls": { summary: "List past builds", load: () => import("./commands/history/ls.ts") },
  "history show": { summary: "Show a past build: its steps and their times", load: () => import("./commands/history/show.ts") },
  "history logs": { summary: "Print what the steps of a past build wrote", load: () => import("./commands/history/logs.ts") },
  "history export": { summary: "Write a past build as JSON", load: () => import("./commands/history/export.ts") },
  "history rm": { summary: "Forget past builds", load: () => import("./commands/history/rm.ts") },
  "builders ls": { summary: "List the builders that builds run on", load: () => import("./commands/builders/ls.ts") },
  "builders inspect": { summary: "Show what builders are, and what they can do", load: () => import("./commands/builders/inspect.ts") },
  serve: { summary: "Let docker buildx and other clients of BuildKit build with Decant", load: () => import("./commands/serve.ts") },
  completion: { summary: "Print the script that completes command lines in a shell", load: () => import("./commands/completion.ts") },
  version: { summary: "Show the version", load: () => import("./commands/version.ts") },
};

/** First words of commands of two words: each has a help of its own. */
export const GROUPS: Readonly<Record<string, string>> = {
  image: "Images of the store",
  container: "Containers that run",
  base: "Distroless bases out of verified Debian packages: the catalogue's, and your own recipes",
  builders: "BuildKit daemons that run the steps of builds",
  builder: "The build cache, under docker's names",
  buildx: "Builds, under the names of docker buildx",
  index: "Indexes: images for several platforms under one name",
  system: "The store",
};

/** Other names that the field uses, and the commands that they stand for. */
export const ALIASES: Readonly<Record<string, string>> = {
  b: "build",
  bud: "build",
  cp: "copy",
  rmi: "image rm",
  "image build": "build",
  "image history": "history",
  "image diff": "diff",
  "image tree": "tree",
  "image import": "import",
  "image inspect": "inspect",
  "image list": "images",
  "image load": "load",
  "image ls": "images",
  "image pull": "pull",
  "image push": "push",
  "image remove": "image rm",
  "image save": "save",
  "image tag": "tag",
  "container list": "ps",
  "container ls": "ps",
  "container ps": "ps",
  "container rm": "rm",
  "container run": "run",
  "container stop": "stop",
  "builder build": "build",
  "builder prune": "prune",
  "buildx b": "build",
  "buildx build": "build",
  "buildx du": "system df",
  "buildx prune": "prune",
  "buildx version": "version",
  "system prune": "prune",
  "history inspect": "history show",
  "buildx history": "history ls",
};

/** Every name of a command with the command that it stands for. */
export function commandNames(): readonly (readonly [name: string, command: string])[] {
  return [...Object.keys(COMMANDS).map((name) => [name, name] as const), ...Object.entries(ALIASES)];
}

/** All three. */
export const TABLES: CommandTables = { commands: COMMANDS, groups: GROUPS, aliases: ALIASES };
