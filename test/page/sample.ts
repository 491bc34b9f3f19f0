/** Data of reports, of any size and with any texts. */
import type { ReportImage, ReportSubject } from "../../src/report/index.ts";

type Build = NonNullable<ReportSubject["build"]>;
type Step = Build["steps"][number];

const START = 1_764_500_000_000;

/** A step that ran from `from` for `ms`; fields replace others. */
export function step(name: string, from: number, ms: number, fields: Partial<Step> = {}): Step {
  return {
    name,
    inputs: [],
    state: "ran",
    plannedAt: START,
    startedAt: START + from,
    endedAt: START + from + ms,
    transfers: [],
    ...fields,
  };
}

/** A build of three stages, one of which the target does without. */
export function sampleBuild(fields: Partial<Build> = {}): Build {
  const { startedAt: _started, ...reused } = step("[app 1/2] FROM base", 0, 5, {
    stage: "app",
    state: "hit",
    why: "all of its layers are in the store",
  });
  return {
    id: "0abc123",
    title: "app",
    state: "done",
    startedAt: START,
    finishedAt: START + 5000,
    cores: 2,
    platforms: ["linux/amd64"],
    stages: [
      { name: "build", base: "debian:trixie", needs: [], isNeeded: true, isTarget: false, place: { file: "Dockerfile", line: 1 } },
      { name: "docs", base: "debian:trixie", needs: [], isNeeded: false, isTarget: false, place: { file: "Dockerfile", line: 4 } },
      { name: "app", base: "scratch", needs: [0], isNeeded: true, isTarget: true, place: { file: "Dockerfile", line: 6 } },
    ],
    steps: [
      step("[build 1/1] RUN make", 100, 3000, { stage: "build", why: "never ran before", log: "\u001b[32mmade\u001b[0m\nwarning: old\n" }),
      reused,
      step("[app 2/2] COPY --from=build /app /app", 3500, 400, { stage: "app", inputs: [0, 1], place: { file: "Dockerfile", line: 7 } }),
    ],
    warnings: [],
    results: [{ kind: "image", name: "app", digest: "sha256:12" }],
    ...fields,
  };
}

/** An image of `count` files in two layers, the last file hidden. */
export function sampleImage(count: number, fields: Partial<ReportImage> = {}): ReportImage {
  const directories = Array.from({ length: Math.ceil(count / 100) }, (_, at) => `/srv/part${at % 20}/folder${at}`);
  const files = Array.from({ length: count }, (_, at) => at);
  return {
    name: "app",
    platform: "linux/amd64",
    facts: [["User", "65532"]],
    fileCount: count,
    bytes: count * 100,
    layers: [
      { instruction: "FROM base", files: count / 2, bytes: count * 50, hiddenBytes: 100 },
      {
        instruction: "COPY --from=build /app /app",
        stage: "app",
        copiedFrom: "stage build",
        files: count / 2,
        bytes: count * 50,
        hiddenBytes: 0,
      },
    ],
    files: {
      directories,
      directory: files.map((at) => Math.floor(at / 100)),
      name: files.map((at) => `file-${at}.txt`),
      bytes: files.map((at) => 10 + ((at * 7919) % 4000)),
      layer: files.map((at) => at % 2),
      package: files.map((at) => (at % 3 === 0 ? 0 : -1)),
      hidden: [count - 1],
      several: [],
    },
    packages: Array.from({ length: 300 }, (_, at) => ({
      kind: at % 2 === 0 ? "deb" : "npm",
      name: `package-${String(at).padStart(3, "0")}`,
      version: `1.${at}`,
      licences: at % 2 === 0 ? ["MIT"] : ["GPL-3.0-only"],
      purl: `pkg:generic/package-${at}@1.${at}`,
      location: "/var/lib/dpkg/status",
      files: 1,
      bytes: at * 1000,
    })),
    unread: [],
    duplicates: { wastedBytes: 8192, largest: [{ wastedBytes: 8192, copies: 3, paths: ["/a", "/b"] }] },
    findings: [
      {
        id: "elf-missing-library",
        severity: "error",
        group: "run",
        message: "A library is missing",
        remedy: "Add it",
        path: "/app/main",
        layer: 1,
      },
      {
        id: "shell",
        severity: "warning",
        group: "distroless",
        message: 'Shell "dash" is in the image',
        remedy: "Leave it out",
        path: "/bin/dash",
        layer: 0,
      },
    ],
    allowed: [],
    leftBehind: {
      files: 10,
      bytes: 5_000_000,
      stages: [
        {
          stage: "build",
          files: 10,
          bytes: 5_000_000,
          directories: [{ path: "/usr/lib/gcc", files: 9, bytes: 4_000_000 }],
          packageCount: 1,
          packages: ["deb gcc-14"],
          absentLayers: 0,
        },
      ],
    },
    ...fields,
  };
}

/** Both as one subject. */
export function sampleSubject(fields: Partial<ReportSubject> = {}): ReportSubject {
  return { title: "app", build: sampleBuild(), image: sampleImage(400), notes: [], ...fields };
}
