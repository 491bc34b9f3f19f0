/** Images on their way between stores and registries: rows without a build. Each tool does what its users would type. */
import { join } from "node:path";
import type { BuilderName } from "./builders.ts";
import type { Command } from "./measure.ts";
import { contextOf, halfCompressible } from "./rows.ts";

/** Who can do such a row. */
export type ToolName = BuilderName | "skopeo";

/** How the tools of the benchmark are called. */
export interface Tools {
  readonly folder: string;
  /** Has the image of each row: "127.0.0.1:5000". */
  readonly registry: string;
  /** A second one, which is empty before each run. */
  readonly emptyRegistry: string;
  /** The command lines of the tools that run; arguments follow. */
  readonly commands: Partial<Record<ToolName, (...args: readonly string[]) => Command>>;
}

/** What a tool does. */
interface Work {
  /** Not counted, before each run. */
  readonly before?: readonly (readonly string[])[];
  readonly measured: readonly (readonly string[])[];
}

/** One row of the table. */
export interface ImageRow {
  readonly name: string;
  readonly runs: number;
  /** Makes the image by Decant and pushes it. Gives the words of `decant build` before the context. */
  prepare(tools: Tools, mebibytes: number): { readonly context: string; readonly words: readonly string[] };
  readonly work: Partial<Record<ToolName, (tools: Tools) => Work>>;
  /** Tools that cannot do it, with the reason. */
  readonly without?: Partial<Record<ToolName, string>>;
}

const LAYERS = 4;

const BIG = ({ registry }: Tools): string => `${registry}/bench/moved:latest`;
const INDEX = ({ registry }: Tools): string => `${registry}/bench/index:latest`;
const TARGET = ({ emptyRegistry }: Tools): string => `${emptyRegistry}/bench/copied:latest`;
const docker = (name: string): string => `docker://${name}`;

function bigImage({ folder }: Tools, mebibytes: number, from: string, words: readonly string[]): ReturnType<ImageRow["prepare"]> {
  const names = Array.from({ length: LAYERS }, (_, at) => `big${at}`);
  const made = contextOf(folder, "images", `FROM ${from}\n${names.map((name) => `COPY ${name} /${name}\n`).join("")}`);
  for (const name of names) halfCompressible(join(made.context, name), Math.ceil(mebibytes / LAYERS));
  return { context: made.context, words: ["-f", made.dockerfile, ...words] };
}

const bigBusybox: ImageRow["prepare"] = (tools, mebibytes) =>
  bigImage(tools, mebibytes, `${tools.registry}/library/busybox`, ["-o", `type=registry,name=${BIG(tools)}`]);

/** Rows of issue F. */
export const IMAGE_ROWS: readonly ImageRow[] = [
  {
    name: "push of an image that was pulled, to a registry that lacks it",
    runs: 3,
    prepare: bigBusybox,
    work: {
      decant: (tools) => ({
        before: [
          ["pull", BIG(tools)],
          ["tag", BIG(tools), TARGET(tools)],
        ],
        measured: [["push", TARGET(tools)]],
      }),
      docker: (tools) => ({
        before: [
          ["pull", "--quiet", BIG(tools)],
          ["tag", BIG(tools), TARGET(tools)],
        ],
        measured: [["push", "--quiet", TARGET(tools)]],
      }),
      buildah: (tools) => ({
        before: [["pull", "--quiet", "--tls-verify=false", BIG(tools)]],
        measured: [["push", "--quiet", "--tls-verify=false", BIG(tools), docker(TARGET(tools))]],
      }),
      skopeo: (tools) => ({
        before: [["copy", "--quiet", "--src-tls-verify=false", docker(BIG(tools)), `oci:${join(tools.folder, "layout")}:big`]],
        measured: [["copy", "--quiet", "--dest-tls-verify=false", `oci:${join(tools.folder, "layout")}:big`, docker(TARGET(tools))]],
      }),
    },
  },
  {
    name: "pull and unpack (decant: and run true)",
    runs: 3,
    prepare: bigBusybox,
    work: {
      decant: (tools) => ({
        before: [
          ["rmi", "--force", BIG(tools)],
          ["prune", "--all"],
        ],
        measured: [
          ["pull", BIG(tools)],
          ["run", BIG(tools), "true"],
        ],
      }),
      docker: (tools) => ({ before: [["image", "rm", "--force", BIG(tools)]], measured: [["pull", "--quiet", BIG(tools)]] }),
      buildah: (tools) => ({ before: [["rmi", "--all", "--force"]], measured: [["pull", "--quiet", "--tls-verify=false", BIG(tools)]] }),
    },
    without: { skopeo: "unpacks nothing" },
  },
  {
    name: "copy of an index of two platforms between registries",
    runs: 3,
    prepare: (tools, mebibytes) =>
      bigImage(tools, mebibytes, "scratch", ["--platform", "linux/amd64,linux/arm64", "-o", `type=registry,name=${INDEX(tools)}`]),
    work: {
      // The store has the image's layers from the build that made it.
      decant: (tools) => ({ before: [["prune", "--all"]], measured: [["copy", docker(INDEX(tools)), docker(TARGET(tools))]] }),
      docker: (tools) => ({ measured: [["buildx", "imagetools", "create", "--tag", TARGET(tools), INDEX(tools)]] }),
      skopeo: (tools) => ({
        measured: [
          ["copy", "--quiet", "--all", "--src-tls-verify=false", "--dest-tls-verify=false", docker(INDEX(tools)), docker(TARGET(tools))],
        ],
      }),
    },
    without: { buildah: "has no copy between registries" },
  },
];
