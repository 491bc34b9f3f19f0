import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { item } from "../../test/support/image-fixture.ts";
import { compareTreePaths } from "../paths.ts";
import type { SourceRange } from "../source.ts";
import { openStore, type Store } from "../store/index.ts";
import { type LayerItem, type Layer, writeLayer } from "../tree/index.ts";
import { FINDING_KINDS } from "./finding-table.ts";
import type { BuildStage } from "./left-behind.ts";
import type { AuditReport } from "./report.ts";
import { runAudit, type RunAuditOptions } from "./run-audit.ts";
import { auditSarif } from "./sarif.ts";
import { imageSubject } from "./subject.ts";
import type { AuditLayer } from "./types.ts";

const DOCKERFILE = { name: "Dockerfile", text: "FROM base\nCOPY a b\nRUN rm b/secret\n" };
const PLATFORM = { os: "linux", architecture: "amd64" };
const SECRET = { id: "token", value: Buffer.from("tok-Abcdef1234567890xyz\n") };

function line(number: number): SourceRange {
  return { file: DOCKERFILE, start: { line: number, column: 1 }, end: { line: number, column: 9 } };
}

interface Image {
  readonly layers: readonly (readonly LayerItem[])[];
  readonly stages?: readonly (readonly LayerItem[])[];
  readonly options?: RunAuditOptions;
}

const dir = (path: string): LayerItem => item(path, "dir", { mode: 0o755 });

/** In the order of layers, whatever is easiest to read here. */
async function write(store: Store, items: readonly LayerItem[]): Promise<Layer> {
  return await writeLayer(
    store,
    items.toSorted((a, b) => compareTreePaths(a.entry.path, b.entry.path)),
  );
}

/** Audits an image whose first layer is of a base, and the others of a build. */
async function audited({ layers, stages = [], options = {} }: Image): Promise<AuditReport> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "decant-audit-"));
  await using store = await openStore({ root: folder.path });
  const own: AuditLayer[] = [];
  for (const [index, items] of layers.entries()) {
    const layer = await write(store, items);
    const made = { instruction: `COPY ${index}`, source: line(index + 1), stage: "app", copiedFrom: "stage build" };
    own.push({ layer, createdBy: `COPY ${index} # buildkit`, ...(index === 0 ? {} : made) });
  }
  const built: BuildStage[] = [];
  for (const [index, items] of stages.entries())
    built.push({ name: `stage-${index}`, layers: [await write(store, items)], absentLayers: index });
  const config = { User: "1000:1000", Entrypoint: ["/app/main"] };
  const subject = imageSubject({ name: "app:test", platform: PLATFORM, config, layers: own, history: [] });
  return await runAudit(subject, { stages: built, ...options });
}

const BASE = [
  dir("app"),
  item("app/main", "file", { mode: 0o755, text: "#!/app/run\n" }),
  dir("tmp"),
  item("app/run", "file", { mode: 0o755, text: "x" }),
];

test("runAudit() tells the layer, the instruction and the line that brought a file", async () => {
  const report = await audited({ layers: [BASE, [dir("b"), item("b/su", "file", { mode: 0o4755, text: "x" })]] });
  const finding = report.findings.find(({ id }) => id === "setuid");
  assert.deepEqual([finding?.path, finding?.layer, finding?.source], ["/b/su", 1, { file: "Dockerfile", line: 2, column: 1, endLine: 2 }]);
  assert.deepEqual(report.layers[1], {
    createdBy: "COPY 1 # buildkit",
    instruction: "COPY 1",
    stage: "app",
    copiedFrom: "stage build",
    source: { file: "Dockerfile", line: 2, column: 1, endLine: 2 },
  });
});

test("runAudit() finds a secret and a key that a later layer removed", async () => {
  const key = `-----BEGIN PRIVATE KEY-----\n${"MIIEvQIBADANBgkqhkiG9w0B".repeat(8)}\n-----END PRIVATE KEY-----\n`;
  const report = await audited({
    layers: [
      BASE,
      [dir("b"), item("b/secret", "file", { text: "a=tok-Abcdef1234567890xyz" }), item("b/id_rsa", "file", { text: key })],
      [item("b", "whiteout")],
    ],
    options: { secrets: [SECRET] },
  });
  assert.deepEqual(
    report.findings
      .filter(({ group, severity }) => group === "distroless" && severity === "error")
      .map(({ id, path, layer, message }) => [id, path, layer, message]),
    [
      ["secret-in-image", "/b/secret", 1, 'The file holds secret "token" (its value); a later layer hides it, but this layer still has it'],
      ["private-key", "/b/id_rsa", 1, "The file holds a private key; a later layer hides it, but this layer still has it"],
    ],
  );
  assert.equal(report.verdict, "incomplete");
  assert.doesNotMatch(JSON.stringify(report), /Abcdef/);
});

test("runAudit() does not look for secrets of this build in layers of the base", async () => {
  const report = await audited({
    layers: [[...BASE, item("tok", "file", { text: SECRET.value.toString() })]],
    options: { secrets: [SECRET] },
  });
  assert.deepEqual(
    report.findings.filter(({ id }) => id === "secret-in-image"),
    [],
  );
});

test("runAudit() sums bytes by layer, hard links once, and tells what later layers hide", async () => {
  const report = await audited({
    layers: [
      BASE,
      [
        dir("b"),
        item("b/one", "file", { text: "1".repeat(5000) }),
        item("b/two", "hardlink", { link: "b/one" }),
        item("b/three", "file", { text: "1".repeat(5000) }),
        dir("b/old"),
        item("b/old/x", "file", { text: "2".repeat(700) }),
        item("b/old/y", "file", { text: "2".repeat(800) }),
      ],
      [dir("b"), item("b/old", "whiteout"), item("b/three", "file", { text: "3".repeat(10) })],
    ],
  });
  const { sizes } = report;
  assert.equal(sizes.bytes, 12 + 5000 + 10);
  assert.equal(sizes.files, 5);
  assert.deepEqual(sizes.layers, [
    { layer: 0, files: 2, bytes: 12, shadowedBytes: 0 },
    { layer: 1, files: 4, bytes: 11_500, shadowedBytes: 6500 },
    { layer: 2, files: 1, bytes: 10, shadowedBytes: 0 },
  ]);
  assert.deepEqual(sizes.shadowed, [
    { path: "/b/three", layer: 1, bytes: 5000 },
    { path: "/b/old", layer: 1, bytes: 1500 },
  ]);
  assert.deepEqual(sizes.sources, [
    { from: "stage build", bytes: 11_510 },
    { from: "base image", bytes: 12 },
  ]);
});

test("runAudit() tells of copies, but not of hard links", async () => {
  const text = "c".repeat(600_000);
  const files = ["a", "b", "c"].map((name) => item(`d/${name}`, "file", { text }));
  const report = await audited({ layers: [BASE, [dir("d"), ...files, item("d/l", "hardlink", { link: "d/a" })]] });
  assert.equal(report.sizes.duplicates.wastedBytes, 1_200_000);
  assert.deepEqual(report.sizes.duplicates.largest, [
    { bytes: 600_000, wastedBytes: 1_200_000, copies: 3, paths: ["/d/a", "/d/b", "/d/c"] },
  ]);
  assert.equal(report.findings.find(({ id }) => id === "duplicate-files")?.message, "3 files have the same 600 kB of content");
});

test("runAudit() tells what stages held and the image does not, by content", async () => {
  const report = await audited({
    layers: [BASE],
    stages: [
      [
        dir("usr"),
        dir("usr/bin"),
        item("usr/bin/gcc", "file", { mode: 0o755, text: "compiler" }),
        item("usr/bin/moved", "file", { mode: 0o755, text: "#!/app/run\n" }),
      ],
      [item("gcc-again", "file", { text: "compiler" })],
    ],
  });
  assert.deepEqual(report.leftBehind, {
    stages: [
      {
        stage: "stage-0",
        files: 1,
        bytes: 8,
        directories: [{ path: "/usr/bin", files: 1, bytes: 8 }],
        packages: [],
        packageCount: 0,
        programs: { shell: [], "package-manager": [], compiler: ["/usr/bin/gcc"] },
        absentLayers: 0,
      },
      {
        stage: "stage-1",
        files: 1,
        bytes: 8,
        directories: [{ path: "/gcc-again", files: 1, bytes: 8 }],
        packages: [],
        packageCount: 0,
        programs: { shell: [], "package-manager": [], compiler: [] },
        absentLayers: 1,
      },
    ],
    files: 1,
    bytes: 8,
  });
});

const POLICIES: readonly (readonly [string, RunAuditOptions["policy"], readonly string[]])[] = [
  ["nothing", {}, ["warning setuid", "warning setuid"]],
  ["another severity", { findings: { setuid: "error" } }, ["error setuid", "error setuid"]],
  ["off", { findings: { setuid: "off" } }, []],
  ["one path", { allow: [{ id: "setuid", path: "/b/x", reason: "r" }] }, ["warning setuid"]],
  ["all below a folder", { allow: [{ path: "b", reason: "r" }] }, []],
  ["a pattern", { allow: [{ id: "setuid", path: "**/x", reason: "r" }] }, ["warning setuid"]],
  [
    "an exception that nothing needs",
    { allow: [{ id: "shell", reason: "debug" }] },
    ["warning setuid", "warning setuid", "note allowance-unused"],
  ],
  ["a limit", { maxSizeBytes: 5, findings: { setuid: "off" } }, ["error image-too-large"]],
];
for (const [name, policy, want] of POLICIES)
  test(`runAudit() applies a policy: ${name}`, async () => {
    const su = ["x", "y"].map((file) => item(`b/${file}`, "file", { mode: 0o4755, text: "x" }));
    const report = await audited({ layers: [[...BASE], [dir("b"), ...su]], options: { policy } });
    const ids = ["setuid", "allowance-unused", "image-too-large"];
    assert.deepEqual(
      report.findings.filter(({ id }) => ids.includes(id)).map(({ severity, id }) => `${severity} ${id}`),
      want,
    );
  });

test("a report is what docs/reference/audit-report.schema.json says", async () => {
  const schema: object = JSON.parse(readFileSync(join(import.meta.dirname, "../../docs/reference/audit-report.schema.json"), "utf8"));
  const validate = new Ajv2020({ allErrors: true }).compile(schema);
  const report = await audited({
    layers: [BASE, [dir("b"), item("b/su", "file", { mode: 0o4755, text: "x" })], [item("b/su", "whiteout")]],
    stages: [BASE],
    options: { policy: { allow: [{ id: "random-uid", reason: "r" }], maxSizeBytes: 1 } },
  });
  validate(JSON.parse(JSON.stringify(report)));
  assert.deepEqual(validate.errors, null);
});

test("auditSarif() gives a rule for each kind, a result for each finding, and suppressions for what is allowed", async () => {
  const report = await audited({
    layers: [BASE, [dir("b"), item("b/s u", "file", { mode: 0o6755, text: "x" })]],
    options: { policy: { allow: [{ id: "setgid", reason: "games" }] } },
  });
  const log = JSON.parse(JSON.stringify(auditSarif([report])));
  const [run] = log.runs;
  assert.equal(log.version, "2.1.0");
  assert.deepEqual(
    run.tool.driver.rules.map(({ id }: { readonly id: string }) => id),
    FINDING_KINDS.map(({ id }) => id),
  );
  assert.equal(run.results.length, report.findings.length + 1);
  for (const result of run.results) {
    assert.equal(run.tool.driver.rules[result.ruleIndex].id, result.ruleId);
    assert.match(result.level, /^(?:error|warning|note)$/);
    assert.ok(result.message.text.length > 0 && result.locations.length === 1);
  }
  const setuid = run.results.find(({ ruleId }: { readonly ruleId: string }) => ruleId === "setuid");
  assert.deepEqual(setuid.locations[0], {
    physicalLocation: { artifactLocation: { uri: "Dockerfile" }, region: { startLine: 2, startColumn: 1, endLine: 2 } },
    logicalLocations: [{ fullyQualifiedName: "app:test!/b/s u", kind: "resource" }],
  });
  const setgid = run.results.find(({ ruleId }: { readonly ruleId: string }) => ruleId === "setgid");
  assert.deepEqual(setgid.suppressions, [{ kind: "external", status: "accepted", justification: "games" }]);
});

test("runAudit() tells of file capabilities", async () => {
  const ping = item("app/ping", "file", { mode: 0o755, text: "x" });
  const xattrs = new Map([["security.capability", Buffer.from("0100000200200000000000000000000000000000", "hex")]]);
  const report = await audited({ layers: [BASE, [dir("app"), { ...ping, entry: { ...ping.entry, xattrs } }]] });
  assert.deepEqual(
    report.findings.filter(({ id }) => id === "file-capability").map(({ path, layer }) => [path, layer]),
    [["/app/ping", 1]],
  );
});

test("runAudit() stops when it is told to", async () => {
  await assert.rejects(audited({ layers: [BASE], options: { signal: AbortSignal.abort(new Error("enough")) } }), /enough/);
});
