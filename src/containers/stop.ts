/** How containers end. */
import type { StopRequest } from "../engine/index.ts";
import { signalNumber } from "../signals.ts";
import { unknownSignal } from "./errors.ts";
import type { StopOptions } from "./types.ts";

/** As docker's. */
const GRACE_MS = 10_000;

/** How a container ends when it is only asked to; `image`: the image's STOPSIGNAL. Throws `USAGE` for signals that do not exist. */
export function usualStop({ signal, timeoutMs }: StopOptions, image: string | undefined): StopRequest {
  if (signal !== undefined) checkSignal(signal);
  // One that an image names and nobody knows is no reason not to run it.
  const ofImage = image !== undefined && signalNumber(image) !== undefined ? image : "SIGTERM";
  return { signal: signal ?? ofImage, graceMs: timeoutMs ?? GRACE_MS };
}

/** Throws `USAGE`. */
export function checkSignal(text: string): void {
  if (signalNumber(text) === undefined) throw unknownSignal(text);
}
