/** Images of container daemons: Docker, Podman, containerd. */
export { findDaemon, loadTargetOf } from "./find-daemon.ts";
export type { Daemon, LoadTarget } from "./types.ts";
