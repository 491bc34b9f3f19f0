/** Containers of images: started, listed and ended. */
export { type RemovedContainers, removeContainers } from "./remove.ts";
export { runningContainers, stopContainers } from "./running.ts";
export { startContainer } from "./start-container.ts";
export type { ContainerOptions, ContainerSummary, DebugTools, PortMapping, PublishedPort, RunningContainer, StopOptions } from "./types.ts";
