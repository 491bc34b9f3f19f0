/** What is measured: docs/promises.md, "How fast". Each row makes its own context. */
import { randomBytes } from "node:crypto";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BuildSpec } from "./builders.ts";

/** One row of the table. */
export interface Row {
  readonly name: string;
  /** Wall-time ratio to the faster peer that is wanted. */
  readonly promise?: number;
  readonly runs: number;
  /** Makes the context and says what to build. */
  prepare(folder: string, registry: string): BuildSpec;
  /** "cold": every run starts with empty caches. "warm": one build before, not counted. "touched": warm, and `change` before each run. */
  readonly mode: "cold" | "warm" | "touched";
  change?(folder: string, run: number): void;
  /** Builders that cannot do it, with the reason. */
  readonly without?: Partial<Record<"docker" | "buildah", string>>;
}

function contextOf(folder: string, name: string, dockerfile: string): { readonly context: string; readonly dockerfile: string } {
  const context = join(folder, `ctx-${name}`);
  rmSync(context, { recursive: true, force: true });
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, "Dockerfile"), dockerfile);
  return { context, dockerfile: join(context, "Dockerfile") };
}

function manyFiles(context: string, count: number): void {
  for (let folder = 0; folder < count / 100; folder += 1) {
    const path = join(context, "files", `d${folder}`);
    mkdirSync(path, { recursive: true });
    for (let file = 0; file < 100; file += 1)
      writeFileSync(join(path, `f${file}.txt`), `${folder}/${file} `.repeat(40 + ((folder * file) % 200)));
  }
}

/** Text in every second block: as compressible as program files are. */
function halfCompressible(path: string, mebibytes: number): void {
  const text = Buffer.from("The quick brown fox jumps over the lazy dog. ".repeat(2000)).subarray(0, 65536);
  const parts: Buffer[] = [];
  for (let block = 0; block < 16; block += 1) parts.push(block % 2 === 0 ? randomBytes(65536) : text);
  writeFileSync(path, "");
  for (let mebibyte = 0; mebibyte < mebibytes; mebibyte += 1) {
    parts[0] = randomBytes(65536);
    writeFileSync(path, Buffer.concat(parts), { flag: "a" });
  }
}

const RUN_BASE = (registry: string): string => `FROM ${registry}/library/busybox\n`;

/** Rows in the order of docs/promises.md. */
export const ROWS: readonly Row[] = [
  ...(["multi-stage", "distroless-like"] as const).map((which): Row => ({
    name: `seed app, ${which}, cold`,
    runs: 1,
    mode: "cold",
    prepare: (folder, registry) => seedApp(folder, registry, which),
  })),
  {
    name: "seed app, nothing changed, no output",
    promise: 0.3,
    runs: 5,
    mode: "warm",
    prepare: (folder, registry) => seedApp(folder, registry, "multi-stage"),
  },
  {
    name: "seed app, nothing changed, OCI tar",
    promise: 0.15,
    runs: 3,
    mode: "warm",
    prepare: (folder, registry) => ({
      ...seedApp(folder, registry, "multi-stage"),
      output: { kind: "oci", dest: join(folder, "seed.tar") },
    }),
  },
  {
    name: "COPY of 20,000 files, cold",
    promise: 0.2,
    runs: 3,
    mode: "cold",
    prepare(folder) {
      const made = contextOf(folder, "files", "FROM scratch\nCOPY files /files\n");
      manyFiles(made.context, 20_000);
      return made;
    },
  },
  {
    name: "COPY of 20,000 files, nothing changed",
    promise: 0.25,
    runs: 5,
    mode: "warm",
    prepare(folder) {
      const made = contextOf(folder, "files", "FROM scratch\nCOPY files /files\n");
      manyFiles(made.context, 20_000);
      return made;
    },
  },
  {
    name: "COPY of 20,000 files, one file changed",
    promise: 0.2,
    runs: 5,
    mode: "touched",
    prepare(folder) {
      const made = contextOf(folder, "files", "FROM scratch\nCOPY files /files\n");
      manyFiles(made.context, 20_000);
      return made;
    },
    change: (folder, run) => writeFileSync(join(folder, "ctx-files/files/d7/f7.txt"), `changed ${run} ${Date.now()}`),
  },
  {
    name: "8 builds at once on one store",
    promise: 0.35,
    runs: 3,
    mode: "cold",
    prepare(folder, registry) {
      const specs = Array.from({ length: 8 }, (_, build) => {
        const made = contextOf(folder, `at-once-${build}`, `${RUN_BASE(registry)}COPY files /files\nRUN echo ${build} > /built\n`);
        manyFiles(made.context, 200);
        return made;
      });
      const [first = contextOf(folder, "at-once", ""), ...beside] = specs;
      return { ...first, beside };
    },
  },
  {
    name: "COPY of 200 MB random and 200 MB text, push",
    promise: 0.45,
    runs: 2,
    mode: "cold",
    prepare(folder, registry) {
      const made = contextOf(folder, "push-big", "FROM scratch\nCOPY random text /\n");
      for (let part = 0; part < 200; part += 1) {
        writeFileSync(join(made.context, "random"), randomBytes(1_000_000), { flag: "a" });
        writeFileSync(join(made.context, "text"), `line ${part} of some text that a person might have written\n`.repeat(18_000), {
          flag: "a",
        });
      }
      return { ...made, output: { kind: "push", name: `${registry}/bench/big:latest` } };
    },
  },
  {
    name: "1 GiB file, gzip",
    promise: 0.25,
    runs: 1,
    mode: "cold",
    prepare(folder) {
      const made = contextOf(folder, "big", "FROM scratch\nCOPY big /big\n");
      halfCompressible(join(made.context, "big"), 1024);
      return { ...made, output: { kind: "oci", dest: join(folder, "big.tar") } };
    },
  },
  {
    name: "1 GiB file, zstd",
    promise: 0.25,
    runs: 1,
    mode: "cold",
    prepare(folder) {
      const made = contextOf(folder, "big", "FROM scratch\nCOPY big /big\n");
      halfCompressible(join(made.context, "big"), 1024);
      return { ...made, output: { kind: "oci", dest: join(folder, "big.tar"), compression: "zstd" } };
    },
  },
  {
    name: "50 tiny RUN steps",
    promise: 0.15,
    runs: 3,
    mode: "cold",
    prepare: (folder, registry) =>
      contextOf(folder, "runs", RUN_BASE(registry) + Array.from({ length: 50 }, (_, step) => `RUN echo ${step} > /f${step}\n`).join("")),
  },
  {
    name: "20 independent stages of sleep 0.3",
    promise: 0.3,
    runs: 3,
    mode: "cold",
    prepare(folder, registry) {
      const stages = Array.from(
        { length: 20 },
        (_, stage) => `FROM ${registry}/library/busybox AS s${stage}\nRUN sleep 0.3; echo ${stage} > /out${stage}\n`,
      ).join("");
      return contextOf(
        folder,
        "stages",
        `${stages}FROM scratch\n${Array.from({ length: 20 }, (_, stage) => `COPY --from=s${stage} /out${stage} /\n`).join("")}`,
      );
    },
  },
  {
    name: "300 stages, the target needs 3",
    promise: 0.2,
    runs: 5,
    mode: "cold",
    prepare(folder) {
      const stages = Array.from(
        { length: 300 },
        (_, stage) =>
          `FROM scratch AS s${stage}\nCOPY a /a${stage}\n${stage > 0 && stage % 100 !== 0 ? `COPY --from=s${stage - 1} / /\n` : ""}`,
      ).join("");
      const made = contextOf(folder, "pruned", `${stages}FROM scratch\nCOPY --from=s0 / /\nCOPY --from=s100 / /\nCOPY --from=s200 / /\n`);
      writeFileSync(join(made.context, "a"), "a");
      return made;
    },
  },
  {
    name: "pull and unpack a big base, RUN true",
    promise: 0.45,
    runs: 2,
    mode: "cold",
    prepare: (folder, registry) => contextOf(folder, "pull", `FROM ${registry}/library/node:18\nRUN true\n`),
  },
  {
    name: "big base, COPY one file, push back (base known)",
    promise: 0.05,
    runs: 3,
    mode: "touched",
    prepare(folder, registry) {
      const made = contextOf(folder, "push", `FROM ${registry}/library/node:18\nCOPY a /a\n`);
      writeFileSync(join(made.context, "a"), "a");
      return { ...made, output: { kind: "push", name: `${registry}/bench/pushed:latest` } };
    },
    change: (folder, run) => writeFileSync(join(folder, "ctx-push", "a"), `changed ${run} ${Date.now()}`),
  },
  {
    name: "big base never seen, COPY one file, push back",
    promise: 0.25,
    runs: 2,
    mode: "cold",
    prepare(folder, registry) {
      const made = contextOf(folder, "push-cold", `FROM ${registry}/library/node:18\nCOPY a /a\n`);
      writeFileSync(join(made.context, "a"), `a ${Date.now()}`);
      return { ...made, output: { kind: "push", name: `${registry}/bench/cold:latest` } };
    },
    change: (folder, run) => writeFileSync(join(folder, "ctx-push-cold", "a"), `changed ${run} ${Date.now()}`),
  },
  ...(["warm", "touched"] as const).map((mode): Row => ({
    name: `big base, COPY one file, --load into docker, ${mode === "warm" ? "nothing" : "one layer"} changed`,
    runs: 3,
    mode,
    without: { buildah: "has no way into a running docker but an archive of everything" },
    prepare(folder, registry) {
      const made = contextOf(folder, "load", `FROM ${registry}/library/node:18\nCOPY a /a\n`);
      writeFileSync(join(made.context, "a"), "a");
      return { ...made, output: { kind: "load", name: "bench/loaded:latest" } };
    },
    change: (folder, run) => writeFileSync(join(folder, "ctx-load", "a"), `changed ${run} ${Date.now()}`),
  })),
  {
    name: "big base, COPY --link one file, push back (all cold)",
    promise: 0.03,
    runs: 2,
    mode: "cold",
    prepare(folder, registry) {
      const made = contextOf(folder, "push", `FROM ${registry}/library/node:18\nCOPY --link a /a\n`);
      writeFileSync(join(made.context, "a"), `a ${Date.now()}`);
      return { ...made, output: { kind: "push", name: `${registry}/bench/linked:latest` } };
    },
    change: (folder, run) => writeFileSync(join(folder, "ctx-push", "a"), `changed ${run} ${Date.now()}`),
  },
  {
    name: "RUN that rewrites 5,000 files of its base",
    promise: 0.3,
    runs: 2,
    mode: "touched",
    prepare(folder, registry) {
      const made = contextOf(
        folder,
        "rewrite",
        `${RUN_BASE(registry)}COPY files /files\nCOPY n /n\nRUN export N="$(cat /n)"; find /files -type f -exec sh -c 'for f; do echo "$N" >> "$f"; done' _ {} +\n`,
      );
      manyFiles(made.context, 5000);
      writeFileSync(join(made.context, "n"), "0");
      return made;
    },
    change: (folder, run) => writeFileSync(join(folder, "ctx-rewrite", "n"), `${run} ${Date.now()}`),
  },
];

/** The example of the repository, its bases taken from the bench registry. */
function seedApp(folder: string, registry: string, which: "multi-stage" | "distroless-like"): BuildSpec {
  const context = join(folder, `ctx-seed-${which}`);
  rmSync(context, { recursive: true, force: true });
  cpSync("examples/node-express-ts", context, { recursive: true, filter: (path) => !/node_modules|\/dist(\/|$)/.test(path) });
  const base = (name: string): string => `${registry}/library/${name}`;
  const text =
    which === "multi-stage"
      ? `FROM ${base("ubuntu:latest")} AS build\nWORKDIR /app\nRUN apt-get update && apt-get install -y nodejs npm\nCOPY package*.json ./\nRUN npm install --frozen-lock --production\nCOPY . .\nRUN npm run build\nFROM ${base("node:18-slim")}\nWORKDIR /app\nCOPY --from=build /app/dist /app/dist\nCMD ["node", "dist/index.js"]\n`
      : `FROM ${base("node:18")} AS build\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install\nCOPY . .\nRUN npm run build\nFROM ${base("node:18-slim")} AS production\nWORKDIR /app\nCOPY --from=build /app /app\nCMD ["index.js"]\n`;
  writeFileSync(join(context, "bench.Dockerfile"), text);
  return { context, dockerfile: join(context, "bench.Dockerfile") };
}
