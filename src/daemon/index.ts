/** Images of container daemons: Docker, Podman, containerd. */
export { dockerEndpoint, findDaemon, loadTargetOf } from "./find-daemon.ts";
export type { Daemon, KnownImage, LoadTarget, WantedImage } from "./types.ts";
