/** Images of container daemons: Docker, Podman, containerd. */
export { findDaemon, type FoundDaemon, loadTargetOf } from "./find-daemon.ts";
export type { Daemon, LoadTarget } from "./types.ts";
