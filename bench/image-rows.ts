/** Images on their way between stores and registries: rows without a build. Each tool does what its users would type. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import type { BuilderName } from "./builders.ts";
import { contextOf, halfCompressible } from "./contexts.ts";
import { downloaded, floorFolder, unpacked, uploaded } from "./floors.ts";
import type { Floor, Place } from "./rows.ts";

/** Who can do such a row. */
export type ToolName = BuilderName | "skopeo";

/** What a tool does. */
interface Work {
  /** Not counted, before each run. It may fail. */
  readonly before?: readonly (readonly string[])[];
  readonly measured: readonly (readonly string[])[];
}

/** One row of the table. */
export interface ImageRow {
  readonly name: string;
  /** In each round. */
  readonly runs: number;
  /** Its image, which is made and pushed once: a name below "bench/". Its tag is its size. */
  readonly image: string;
  /** Words of `decant` that make and push the image. */
  readonly makes: (place: Place) => readonly string[];
  readonly work: Partial<Record<ToolName, (place: Place) => Work>>;
  readonly floor: Floor;
  /** Tools that cannot do it, with the reason. */
  readonly without?: Partial<Record<ToolName, string>>;
}

const LAYERS = 4;

const TAG = ({ sizes }: Place): string => String(sizes.imageMebibytes);
const BIG = (place: Place): string => `${place.registry}/bench/moved:${TAG(place)}`;
const INDEX = (place: Place): string => `${place.registry}/bench/index:${TAG(place)}`;
const TARGET = ({ emptyRegistry }: Place): string => `${emptyRegistry}/bench/copied:latest`;
const docker = (name: string): string => `docker://${name}`;

function bigImage({ folder, sizes }: Place, name: string, from: string, words: readonly string[]): readonly string[] {
  const names = Array.from({ length: LAYERS }, (_, at) => `big${at}`);
  const made = contextOf(folder, name, `FROM ${from}\n${names.map((each) => `COPY ${each} /${each}\n`).join("")}`, {
    recipe: String(sizes.imageMebibytes),
    make(context) {
      for (const each of names) halfCompressible(join(context, each), sizes.imageMebibytes / LAYERS);
    },
  });
  return ["build", "-f", made.dockerfile, ...words, made.context];
}

const bigBusybox = (place: Place): readonly string[] =>
  bigImage(place, "moved", `${place.registry}/library/busybox`, ["-o", `type=registry,name=${BIG(place)}`]);

/** See rows.ts: issue F. */
export const IMAGE_ROWS: readonly ImageRow[] = [
  {
    name: "push of a 400 MiB image that was pulled, to a registry that lacks it",
    runs: 1,
    image: "moved",
    makes: bigBusybox,
    work: {
      decant: (place) => ({
        before: [
          ["pull", BIG(place)],
          ["tag", BIG(place), TARGET(place)],
        ],
        measured: [["push", TARGET(place)]],
      }),
      docker: (place) => ({
        before: [
          ["pull", "--quiet", BIG(place)],
          ["tag", BIG(place), TARGET(place)],
        ],
        measured: [["push", "--quiet", TARGET(place)]],
      }),
      buildah: (place) => ({
        before: [["pull", "--quiet", "--tls-verify=false", BIG(place)]],
        measured: [["push", "--quiet", "--tls-verify=false", BIG(place), docker(TARGET(place))]],
      }),
      skopeo: (place) => ({
        before: [["copy", "--quiet", "--src-tls-verify=false", docker(BIG(place)), `oci:${join(place.folder, "layout")}:big`]],
        measured: [["copy", "--quiet", "--dest-tls-verify=false", `oci:${join(place.folder, "layout")}:big`, docker(TARGET(place))]],
      }),
    },
    floor: {
      words: "`sha256sum` and `curl` of all layers at once",
      async script(place) {
        const { script, files } = await downloaded(place.registry, { name: "bench/moved", tag: TAG(place) });
        execFileSync("bash", ["-c", script], { cwd: floorFolder(place) });
        return uploaded(place.emptyRegistry, "bench/copied", files);
      },
    },
  },
  {
    name: "pull and unpack a 400 MiB image (decant: and run true)",
    runs: 1,
    image: "moved",
    makes: bigBusybox,
    work: {
      decant: (place) => ({
        before: [
          ["rmi", "--force", BIG(place), TARGET(place)],
          ["prune", "--all"],
        ],
        measured: [
          ["pull", BIG(place)],
          ["run", BIG(place), "true"],
        ],
      }),
      docker: (place) => ({
        before: [["image", "rm", "--force", BIG(place), TARGET(place)]],
        measured: [["pull", "--quiet", BIG(place)]],
      }),
      buildah: (place) => ({ before: [["rmi", "--all", "--force"]], measured: [["pull", "--quiet", "--tls-verify=false", BIG(place)]] }),
    },
    floor: {
      words: "`curl`, `sha256sum`, `igzip -d`, `tar`",
      script: (place) => unpacked(place.registry, { name: "bench/moved", tag: TAG(place) }),
    },
    without: { skopeo: "unpacks nothing" },
  },
  {
    name: "copy of a 400 MiB index of two platforms between registries",
    runs: 1,
    image: "index",
    makes: (place) =>
      bigImage(place, "index", "scratch", ["--platform", "linux/amd64,linux/arm64", "-o", `type=registry,name=${INDEX(place)}`]),
    work: {
      decant: (place) => ({ measured: [["copy", docker(INDEX(place)), docker(TARGET(place))]] }),
      docker: (place) => ({ measured: [["buildx", "imagetools", "create", "--tag", TARGET(place), INDEX(place)]] }),
      skopeo: (place) => ({
        measured: [
          ["copy", "--quiet", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", docker(INDEX(place)), docker(TARGET(place))],
        ],
      }),
    },
    floor: {
      words: "`curl` down, `sha256sum`, `curl` up, of all layers at once",
      async script(place) {
        const { script, files } = await downloaded(place.registry, { name: "bench/index", tag: TAG(place) });
        return `${script}\n${uploaded(place.emptyRegistry, "bench/copied", files)}`;
      },
    },
    without: { buildah: "has no copy between registries" },
  },
];
