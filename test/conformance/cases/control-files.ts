/** The Dockerfile and the ignore file as links, and what is no file in their place (issue item X4). */
import { dir, symlink } from "../files.ts";
import type { Case } from "../types.ts";

const all = "FROM scratch\nCOPY . /x/\n";
const tree = { a: "a\n", b: "b\n" };

/** The Dockerfile is written through the link that `files` has at its place. */
export const controlFiles: readonly Case[] = [
  { name: "X4: a Dockerfile that is a link in the context", dockerfile: all, file: "Dockerfile", files: { ...tree, Dockerfile: symlink("real") } },
  { name: "X4: a Dockerfile that is a link to a folder below", dockerfile: all, file: "Dockerfile", files: { ...tree, "sub/c": "c\n", Dockerfile: symlink("sub/real") } },
  { name: "X4: a Dockerfile that is a link out of the context", dockerfile: all, file: "Dockerfile", files: { ...tree, Dockerfile: symlink("../outside") }, fails: { says: "no such file or directory", code: "DOCKERFILE_NOT_FOUND" } },
  { name: "X4: a Dockerfile in a folder that is a link out of the folder and in the context", dockerfile: all, file: "sub/Dockerfile", files: { ...tree, "sub/Dockerfile": symlink("../real") }, fails: { says: "no such file or directory", code: "DOCKERFILE_NOT_FOUND" } },
  { name: "X4: an ignore file that is a link in the context", dockerfile: all, files: { ...tree, ignored: "b\n", ".dockerignore": symlink("ignored") } },
  { name: "X4: an ignore file that is a link out of the context", dockerfile: all, files: { ...tree, ".dockerignore": symlink("../outside") } },
  { name: "X4: an ignore file that is a link to nothing", dockerfile: all, files: { ...tree, ".dockerignore": symlink("nothing") } },
  { name: "X4: an ignore file that is a directory", dockerfile: all, files: { ...tree, ".dockerignore": dir() } },
  { name: "X4: an ignore file of the Dockerfile that is a link in the context", dockerfile: all, file: "my", files: { ...tree, ignored: "b\n", "my.dockerignore": symlink("ignored") } },
  { name: "X4: an ignore file of the Dockerfile that is a link to nothing", dockerfile: all, file: "my", files: { ...tree, ".dockerignore": "b\n", "my.dockerignore": symlink("nothing") } },
]; // prettier-ignore
