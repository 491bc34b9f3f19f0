import assert from "node:assert/strict";
import { test } from "node:test";
import type { AuditReport, ReportedFinding } from "../../index.ts";
import { createStyle, displayWidth } from "../style.ts";
import { auditText } from "./audit-text.ts";

const PLAIN = createStyle(false);
const SOURCE = { file: "Dockerfile", line: 7, column: 1, endLine: 7 };

function finding(changes: Partial<ReportedFinding>): ReportedFinding {
  return { id: "shell", group: "distroless", severity: "warning", message: "There is one", remedy: "Leave it out", ...changes };
}

function report(changes: Partial<AuditReport>): AuditReport {
  return {
    format: "decant.audit/1",
    name: "app",
    platform: "linux/amd64",
    verdict: "complete",
    counts: { error: 0, warning: 0, note: 0 },
    findings: [],
    allowed: [],
    layers: [{ createdBy: "COPY /app /app # buildkit", instruction: "COPY --from=build /app /app", copiedFrom: "stage build" }],
    sizes: {
      files: 2,
      bytes: 1_200_000,
      layers: [{ layer: 0, files: 2, bytes: 1_200_000, shadowedBytes: 200_000 }],
      shadowed: [],
      shadowedBytes: 200_000,
      packages: [{ kind: "npm", name: "express", version: "5.1.0", files: 1, bytes: 80_000 }],
      otherBytes: 1_120_000,
      duplicates: { wastedBytes: 4096, largest: [] },
      sources: [{ from: "stage build", bytes: 1_200_000 }],
    },
    ...changes,
  };
}

test("auditText() shows an image without findings", () => {
  assert.deepEqual(auditText(report({}), { style: PLAIN }), [
    "app linux/amd64",
    "✔ complete: 0 errors, 0 warnings, 0 notes",
    "",
    "✔ It will run",
    "",
    "✔ It can run as configured",
    "",
    "✔ It is distroless",
    "",
    "✔ Where the bytes are",
    "    1.2 MB in 2 files",
    "       1.2 MB  layer 1 (200 kB hidden) COPY --from=build /app /app",
    "       1.2 MB  from stage build",
    "        80 kB  package express 5.1.0",
    "      1.12 MB  of no package",
    "    copies of files that are there already: 4.1 kB",
  ]);
});

test("auditText() shows a finding with its place, its instruction and its remedy, in lines of the width", () => {
  const message = "A long sentence that tells what is the case, so long that it does not fit into one line of the terminal";
  const lines = auditText(
    report({
      verdict: "incomplete",
      counts: { error: 1, warning: 0, note: 0 },
      findings: [finding({ id: "setuid", severity: "error", path: "/bin/su", message, layer: 0, source: SOURCE })],
    }),
    { style: PLAIN, columns: 60 },
  );
  assert.equal(lines[1], "✗ incomplete: 1 error, 0 warnings, 0 notes");
  const from = lines.indexOf("✗ It is distroless");
  assert.deepEqual(lines.slice(from, from + 6), [
    "✗ It is distroless",
    "  ✗ error setuid /bin/su",
    "      A long sentence that tells what is the case, so long",
    "      that it does not fit into one line of the terminal",
    "      Dockerfile:7 COPY --from=build /app /app",
    "      → Leave it out",
  ]);
  assert.deepEqual(
    lines.filter((line) => displayWidth(line) > 60),
    [],
  );
});

test("auditText() joins many findings of one kind, and says where the rest is", () => {
  const findings = Array.from({ length: 12 }, (_, index) => finding({ path: `/bin/sh${index}` }));
  const text = auditText(report({ findings, counts: { error: 0, warning: 12, note: 0 } }), { style: PLAIN }).join("\n");
  assert.match(
    text,
    /! warning shell 12 times\n {6}There is one\n {6}- \/bin\/sh0\n(?: {6}- .*\n){7} {6}and 4 more \(--format json has all\)\n {6}→ Leave it out/,
  );
});

test("auditText() tells what was left behind and what the policy allows", () => {
  const stage = {
    stage: "build",
    files: 1,
    bytes: 5_000_000,
    directories: [{ path: "/usr/lib", files: 1, bytes: 5_000_000 }],
    packages: ["deb gcc-12"],
    packageCount: 31,
    programs: { shell: ["/bin/sh"], "package-manager": [], compiler: ["/usr/bin/gcc"] },
    absentLayers: 2,
  };
  const lines = auditText(
    report({
      leftBehind: { stages: [stage], files: 1, bytes: 5_000_000 },
      allowed: [{ finding: finding({ path: "/bin/sh" }), reason: "debug image" }],
    }),
    { style: PLAIN },
  );
  assert.deepEqual(lines.slice(lines.indexOf("What was left behind")), [
    "What was left behind",
    "    5 MB in 1 file of 1 stage are not in the image",
    "    build: 5 MB in 1 file",
    "      /usr/lib 5 MB",
    "      packages: deb gcc-12 and 30 more",
    "      programs: gcc, sh",
    "      not counted: 2 layers of its base, which this build did not need",
    "",
    "Allowed by the policy",
    "  · shell /bin/sh: debug image",
  ]);
});

test("auditText() lets no image move the cursor", () => {
  const text = auditText(
    report({
      name: "a\u001b[2Jb",
      findings: [finding({ path: "/x\u001b]0;t\u0007\ny", message: "m\r\u001b[31m", source: { ...SOURCE, file: "D\u001b[1m" } })],
      layers: [{ createdBy: "\u001b[5mRUN" }],
    }),
    { style: PLAIN },
  ).join("\n");
  // oxlint-disable-next-line no-control-regex
  assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f]/);
});
