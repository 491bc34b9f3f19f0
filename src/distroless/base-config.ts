/** The configuration of a base: the recipe's settings over its layers. No time and no place of now is in it. */
import type { Digest } from "../digest.ts";
import { parseDuration, parseExpose } from "../dockerfile/index.ts";
import { given } from "../given.ts";
import type { Healthcheck, ImageConfig, Platform } from "../oci/index.ts";
import type { HealthcheckSetting, Recipe } from "./recipe.ts";

/** All times of a base: nothing in it is of the day of its making. */
const EPOCH = "1970-01-01T00:00:00Z";

/** Where the probe of a health check is. */
export const PROBE = "/usr/bin/healthcheck";

/** Of a recipe with its variant joined in. */
export function baseConfig(
  recipe: Recipe,
  platform: Platform,
  layers: readonly { readonly diffId: Digest; readonly createdBy: string }[],
): ImageConfig {
  return {
    created: EPOCH,
    architecture: platform.architecture,
    os: platform.os,
    ...given({ variant: platform.variant }),
    config: {
      User: recipe.user,
      Env: Object.entries(recipe.env).map(([name, value]) => `${name}=${value}`),
      ...given({ Entrypoint: recipe.entrypoint, Cmd: recipe.cmd }),
      WorkingDir: recipe.workdir,
      ...given({ Labels: recipe.labels, StopSignal: recipe.stopSignal }),
      ...(recipe.ports === undefined ? {} : { ExposedPorts: emptyObjects(parseExpose(recipe.ports)) }),
      ...(recipe.volumes === undefined ? {} : { Volumes: emptyObjects(recipe.volumes) }),
      ...(recipe.healthcheck === undefined || recipe.healthcheck === "none" ? {} : { Healthcheck: healthcheckOf(recipe.healthcheck) }),
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ createdBy }) => ({ created: EPOCH, created_by: createdBy })),
  };
}

function emptyObjects(keys: readonly string[]): Readonly<Record<string, Readonly<Record<string, never>>>> {
  return Object.fromEntries([...new Set(keys)].toSorted().map((key) => [key, {}]));
}

function healthcheckOf(setting: HealthcheckSetting): Healthcheck {
  const { command = [PROBE], interval, timeout, startPeriod, startInterval, retries: Retries } = setting;
  const duration = (text: string | undefined): number | undefined => (text === undefined ? undefined : parseDuration(text));
  return {
    Test: ["CMD", ...command],
    ...given({
      Interval: duration(interval),
      Timeout: duration(timeout),
      StartPeriod: duration(startPeriod),
      StartInterval: duration(startInterval),
      Retries,
    }),
  };
}
