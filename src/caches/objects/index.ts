/** Caches in places that keep bytes by name. */
import type { ArtifactObjects } from "../../image/index.ts";
import type { GhaPlace, S3Place } from "../types.ts";
import { ghaObjects } from "./gha.ts";
import { s3Objects, type ServiceSurroundings } from "./s3.ts";

/** Opens one; asks nothing yet. Throws `USAGE`. */
export function objectsOf(place: S3Place | GhaPlace, surroundings: ServiceSurroundings): ArtifactObjects {
  return place.type === "s3" ? s3Objects(place, surroundings) : ghaObjects(place, surroundings);
}
