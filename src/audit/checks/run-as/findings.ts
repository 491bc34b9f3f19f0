/** The kinds of findings of "It can run as configured". */
import { type KindTable, kindTable } from "../../finding-kinds.ts";

/** What can be found. */
type RunAsId =
  | "user-unknown"
  | "user-not-allowed"
  | "user-root"
  | "user-by-name"
  | "workdir-unreachable"
  | "workdir-missing"
  | "volume-not-writable"
  | "healthcheck-program"
  | "healthcheck-shell"
  | "tmp-not-usable"
  | "port-privileged"
  | "random-uid";

/** The table. */
export const RUN_AS: KindTable<RunAsId> = kindTable("run-as", {
  "user-unknown": ["error", "The user is not in the image"],
  "user-not-allowed": ["error", "The user is not the one that the policy requires"],
  "user-root": ["warning", "The image runs as root"],
  "user-by-name": ["note", "The user is a name, which Kubernetes cannot check"],
  "workdir-unreachable": ["error", "The user cannot enter the working directory"],
  "workdir-missing": ["warning", "The working directory is not in the image"],
  "volume-not-writable": ["warning", "The user cannot write to a declared volume"],
  "healthcheck-program": ["error", "The image cannot start the program of the health check"],
  "healthcheck-shell": ["error", "The health check needs a shell, and the image has none"],
  "tmp-not-usable": ["note", "The image has no /tmp that the user can write to"],
  "port-privileged": ["note", "The image exposes a port below 1024, and its user is not root"],
  "random-uid": ["note", "The image cannot run under a random user id"],
});
