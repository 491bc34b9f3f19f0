/** The options of the functions on running containers. */
import type { StoreOptions } from "../../context/index.ts";
import type { RemoveContainersOptions, StopContainersOptions } from "../types.ts";
import { amount, flag, list, maybe, STORE, text } from "./kinds.ts";
import { type Shape, shapeOf } from "./shape.ts";

/** Of `listContainers`. */
export const LIST_CONTAINERS: Shape = shapeOf<StoreOptions>("listContainers", STORE);
/** Of `examineMachine`. */
export const EXAMINE: Shape = shapeOf<StoreOptions>("examineMachine", STORE);
/** Of `stopContainers`. */
export const STOP_CONTAINERS: Shape = shapeOf<StopContainersOptions>("stopContainers", {
  ...STORE,
  containers: list(text),
  stopSignal: maybe(text),
  timeoutMs: maybe(amount),
});
/** Of `removeContainers`. */
export const REMOVE_CONTAINERS: Shape = shapeOf<RemoveContainersOptions>("removeContainers", {
  ...STORE,
  containers: list(text),
  force: maybe(flag),
});
