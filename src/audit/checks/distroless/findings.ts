/** The kinds of findings of "It is distroless". */
import { type KindTable, kindTable } from "../../finding-kinds.ts";

/** What can be found. */
export type DistrolessId =
  | "secret-in-image"
  | "private-key"
  | "access-token"
  | "env-file"
  | "credential-in-environment"
  | "shell"
  | "package-manager"
  | "compiler"
  | "setuid"
  | "setgid"
  | "file-capability"
  | "world-writable-file"
  | "world-writable-directory"
  | "dev-dependency"
  | "git-directory"
  | "package-cache"
  | "temporary-files"
  | "headers"
  | "static-library"
  | "documentation";

/** The table. */
export const DISTROLESS: KindTable<DistrolessId> = kindTable("distroless", {
  "secret-in-image": ["error", "The value of a build secret is in the image"],
  "private-key": ["error", "A private key is in the image"],
  "access-token": ["error", "A password or token is in the image"],
  "env-file": ["warning", "A file of environment variables with credentials is in the image"],
  "credential-in-environment": ["warning", "The environment of the image holds a credential"],
  shell: ["warning", "The image has a shell"],
  "package-manager": ["warning", "The image has a package manager"],
  compiler: ["warning", "The image has a compiler or build tool"],
  setuid: ["warning", "A program runs as its owner, no matter who starts it"],
  setgid: ["warning", "A program runs as its group, no matter who starts it"],
  "file-capability": ["warning", "A program gains capabilities, no matter who starts it"],
  "world-writable-file": ["warning", "Every user may change a file"],
  "world-writable-directory": ["warning", "Every user may replace files in a directory"],
  "dev-dependency": ["warning", "Node packages that only development needs are in the image"],
  "git-directory": ["warning", "The history of a git repository is in the image"],
  "package-cache": ["warning", "The cache of a package manager is in the image"],
  "temporary-files": ["note", "Temporary files are in the image"],
  headers: ["note", "Header files of libraries are in the image"],
  "static-library": ["note", "Static libraries or object files are in the image"],
  documentation: ["note", "Documentation is in the image"],
});
