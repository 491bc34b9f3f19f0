/** What `bench/scale.ts` measures: ordinary work that is large in one way each. */
import { copyFileSync, mkdirSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One row. */
export interface ScaleRow {
  readonly name: string;
  /** Fills the context, which is an empty folder. */
  prepare(context: string): void;
  /** Options of the build; `folder` takes what it writes. */
  options?(folder: string): readonly string[];
  /** Builds a second time, to measure the work when nothing changed. */
  readonly unchanged?: boolean;
}

const FILES_IN_FOLDER = 100;
const BUSYBOX = "/bin/busybox";
const SPARSE_BYTES = 20e9;

/** Rows in the order of docs/benchmarks.md. */
export const SCALE_ROWS: readonly ScaleRow[] = [
  ...[20_000, 50_000, 200_000, 1_000_000].map(copyRow),
  ...[50_000, 200_000].map(chmodRow),
  ...[300, 1000, 3000].map(stagesRow),
  ...[1000, 10_000].map(instructionsRow),
  ...[100, 500].map(layersRow),
  sparseRow("no output", () => []),
  sparseRow("OCI tar, gzip", (folder) => ["-o", `type=oci,dest=${join(folder, "out.tar")}`]),
  sparseRow("OCI tar, zstd", (folder) => ["-o", `type=oci,dest=${join(folder, "out.tar")},compression=zstd`]),
  printRow(1e9),
];

function copyRow(count: number): ScaleRow {
  return {
    name: `COPY of ${count.toLocaleString("en")} files`,
    unchanged: true,
    prepare(context) {
      manyFiles(join(context, "files"), count);
      dockerfile(context, "FROM scratch", "COPY files /files");
    },
  };
}

function chmodRow(count: number): ScaleRow {
  return {
    name: `RUN chmod -R of ${count.toLocaleString("en")} files`,
    prepare(context) {
      manyFiles(join(context, "files"), count);
      copyFileSync(BUSYBOX, join(context, "busybox"));
      dockerfile(
        context,
        "FROM scratch",
        "COPY busybox /bin/",
        "COPY files /files",
        'RUN ["/bin/busybox", "chmod", "-R", "go-w,o-x", "/files"]',
      );
    },
  };
}

/** Each stage has a file of its own, and the last one takes it from all. */
function stagesRow(count: number): ScaleRow {
  return {
    name: `${count.toLocaleString("en")} stages`,
    unchanged: true,
    prepare(context) {
      writeFileSync(join(context, "a"), "a");
      const stages = Array.from({ length: count }, (_, stage) => `FROM scratch AS s${stage}\nCOPY a /a${stage}`);
      const copies = Array.from({ length: count }, (_, stage) => `COPY --from=s${stage} /a${stage} /`);
      dockerfile(context, ...stages, "FROM scratch", ...copies);
    },
  };
}

function instructionsRow(count: number): ScaleRow {
  return {
    name: `${count.toLocaleString("en")} instructions`,
    unchanged: true,
    prepare: (context) =>
      dockerfile(
        context,
        "FROM scratch",
        ...Array.from({ length: count }, (_, step) => `ENV V${step % 500}=${step} W=$V${(step + 1) % 500}`),
      ),
  };
}

function layersRow(count: number): ScaleRow {
  return {
    name: `${count.toLocaleString("en")} layers, RUN on them`,
    unchanged: true,
    prepare(context) {
      writeFileSync(join(context, "a"), "a");
      copyFileSync(BUSYBOX, join(context, "busybox"));
      const copies = Array.from({ length: count }, (_, step) => `COPY a /a${step}`);
      dockerfile(context, "FROM scratch", "COPY busybox /bin/", ...copies, 'RUN ["/bin/busybox", "touch", "/b"]');
    },
  };
}

function sparseRow(output: string, options: (folder: string) => readonly string[]): ScaleRow {
  return {
    name: `a sparse file of 20 GB, ${output}`,
    options,
    prepare(context) {
      writeFileSync(join(context, "big"), "");
      truncateSync(join(context, "big"), SPARSE_BYTES);
      dockerfile(context, "FROM scratch", "COPY big /big");
    },
  };
}

function printRow(sizeBytes: number): ScaleRow {
  return {
    name: "RUN that prints 1 GB",
    prepare(context) {
      copyFileSync(BUSYBOX, join(context, "busybox"));
      const script = `/bin/busybox yes "a line of output like a compiler prints it: warning, warning, warning" | /bin/busybox head -c ${sizeBytes}`;
      dockerfile(context, "FROM scratch", "COPY busybox /bin/", `RUN ["/bin/busybox", "sh", "-c", ${JSON.stringify(script)}]`);
    },
  };
}

/** Files of a line each, in folders of 100. */
function manyFiles(path: string, count: number): void {
  for (let folder = 0; folder < count / FILES_IN_FOLDER; folder += 1) {
    const made = join(path, `d${folder}`);
    mkdirSync(made, { recursive: true });
    for (let file = 0; file < FILES_IN_FOLDER; file += 1) writeFileSync(join(made, `f${file}.txt`), `${folder}/${file}\n`);
  }
}

function dockerfile(context: string, ...lines: readonly string[]): void {
  writeFileSync(join(context, "Dockerfile"), `${lines.join("\n")}\n`);
}
