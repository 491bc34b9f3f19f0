/** Rows on a base of 252 MB: pulled, extended by one file, pushed back, loaded into docker. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type BuildSpec, DECANT, DOCKER } from "./builders.ts";
import { contextOf } from "./contexts.ts";
import { bundle, floorFolder, pushedBack, unpacked } from "./floors.ts";
import type { Place, Row } from "./rows.ts";

/** A context with one file "a", and a Dockerfile that copies it onto the base. */
function small(
  { folder, registry, sizes }: Place,
  name: string,
  copy = "COPY a /a",
): { readonly context: string; readonly dockerfile: string } {
  return contextOf(folder, name, `FROM ${registry}/${sizes.base.name}:${sizes.base.tag}\n${copy}\n`, {
    make: (context) => writeFileSync(join(context, "a"), "a"),
  });
}

const changed =
  (name: string) =>
  ({ folder }: Place, run: number): void =>
    writeFileSync(join(folder, `ctx-${name}`, "a"), `changed ${run} ${Date.now()}`);

const pushed = (place: Place, name: string, copy?: string): BuildSpec => ({
  ...small(place, name, copy),
  output: { kind: "push", name: `${place.registry}/bench/${name}:latest` },
});

const PUSHED_BACK = {
  words: "`curl` for what a registry asks: the base's layers mounted, one small layer, configuration and manifest",
  script: (place: Place) => pushedBack(place),
};

/** See rows.ts. */
export const BASE_ROWS: readonly Row[] = [
  {
    name: "pull and unpack a 252 MB base, RUN true",
    wanted: 0.45,
    runs: 1,
    mode: "cold",
    prepare: ({ folder, registry, sizes }) =>
      contextOf(folder, "pull", `FROM ${registry}/${sizes.base.name}:${sizes.base.tag}\nRUN true\n`),
    floor: {
      words: "`curl`, `sha256sum`, `igzip -d`, `tar`; `crun run`",
      async script(place) {
        const run = bundle(place, "true", "true");
        return `${await unpacked(place.registry, place.sizes.base)}\n${run("true")}`;
      },
    },
  },
  {
    name: "COPY one file on a base never seen, push back",
    wanted: 0.25,
    runs: 1,
    mode: "cold",
    prepare: (place) => pushed(place, "cold"),
    change: changed("cold"),
    floor: PUSHED_BACK,
  },
  {
    name: "COPY --link one file on a base never seen, push back",
    wanted: 0.03,
    runs: 1,
    mode: "cold",
    prepare: (place) => pushed(place, "linked", "COPY --link a /a"),
    change: changed("linked"),
    floor: PUSHED_BACK,
  },
  {
    name: "COPY one file on a base that is known, push back",
    runs: 2,
    mode: "touched",
    prepare: (place) => pushed(place, "known"),
    change: changed("known"),
    floor: PUSHED_BACK,
  },
  ...(["warm", "touched"] as const).map((mode): Row => ({
    name: `COPY one file on a 252 MB base, --load into docker, ${mode === "warm" ? "nothing" : "one layer"} changed`,
    runs: 2,
    mode,
    without: { buildah: "only by an archive of everything" },
    prepare: (place) => ({ ...small(place, "load"), output: { kind: "load", name: "bench/loaded:latest" } }),
    change: changed("load"),
    floor:
      mode === "warm"
        ? {
            words: "`curl` to the daemon: what it has of that name",
            script: (place) => `curl -sf -o /dev/null --unix-socket ${place.dockerSocket} http://localhost/images/json`,
          }
        : {
            words: "`docker load` of an image of one small layer",
            script(place) {
              const folder = floorFolder(place);
              const { context } = contextOf(place.folder, "floor-load", "FROM scratch\nCOPY a /a\n", {
                make: (path) => writeFileSync(join(path, "a"), "a"),
              });
              const env = { ...process.env, DECANT_ROOT: join(folder, "store") };
              const words = ["build", "--progress=none", "-o", `type=docker,name=bench/floor,dest=${join(folder, "small.tar")}`, context];
              execFileSync(DECANT, words, { env, stdio: "ignore" });
              return `DOCKER_HOST=unix://${place.dockerSocket} ${DOCKER} load -q -i small.tar`;
            },
          },
  })),
];
