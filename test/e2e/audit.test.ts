/** `decant audit` and `decant build --audit` as the bundled command. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { AuditReport } from "../../src/index.ts";
import { startDockerRegistry } from "../support/docker-registry.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { DECANT } from "../support/command.ts";

const SECRET = "tok-Abcdef1234567890xyz";

interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function decant(shop: Workshop, args: readonly string[], options: { readonly uid?: number; readonly root?: string } = {}): Done {
  const env = { ...process.env, NO_COLOR: "1", DECANT_ROOT: options.root ?? shop.root };
  const as = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  const done = spawnSync(DECANT, args, { encoding: "utf8", env, cwd: shop.context, ...as });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** A workshop with a static program "app" that is no shell by its name. */
function shopWithApp(dockerfile: string, files: Readonly<Record<string, string>> = {}): Workshop {
  const shop = workshop();
  copyFileSync("/usr/bin/busybox", join(shop.context, "app"));
  chmodSync(join(shop.context, "app"), 0o755);
  shop.write({ Dockerfile: dockerfile, ...files });
  return shop;
}

const GOOD = 'FROM scratch\nCOPY --chmod=755 app /app\nUSER 65532:65532\nENTRYPOINT ["/app"]\n';

function readReport(path: string): AuditReport {
  return JSON.parse(readFileSync(path, "utf8"));
}

describe("decant build --audit", { concurrency: 2 }, () => {
  it("passes an image that is complete, writes it, and tells what was found", () => {
    using shop = shopWithApp(GOOD);
    const done = decant(shop, ["build", "--audit=strict", "-o", "type=oci,dest=out.tar", "."]);
    assert.equal(done.code, 0, done.err);
    assert.match(done.err, /✔ complete: 0 errors, 0 warnings, \d+ notes?/);
    assert.ok(existsSync(join(shop.context, "out.tar")));
  });

  it("refuses an image with an error before anything is written, and names the line", () => {
    using shop = shopWithApp('FROM scratch\nCOPY --chmod=755 app /app\nUSER 65532\nENTRYPOINT ["/apq"]\n');
    const done = decant(shop, [
      "build",
      "--audit",
      "--audit-report",
      "audit.sarif",
      "-t",
      "x",
      "-o",
      "type=oci,dest=out.tar",
      "--iidfile",
      "iid",
      ".",
    ]);
    assert.equal(done.code, 1);
    assert.match(done.err, /✗ error program-missing/);
    assert.match(done.err, /ERROR: Cannot accept the image: its audit has 1 error and 0 warnings/);
    assert.equal(existsSync(join(shop.context, "out.tar")), false);
    assert.equal(existsSync(join(shop.context, "iid")), false);
    assert.doesNotMatch(decant(shop, ["images"]).out, /docker\.io/);
    const log = JSON.parse(readFileSync(join(shop.context, "audit.sarif"), "utf8"));
    assert.equal(log.version, "2.1.0");
    assert.ok(
      log.runs[0].results.some(
        ({ ruleId, level }: { readonly ruleId: string; readonly level: string }) => ruleId === "program-missing" && level === "error",
      ),
    );
  });

  it("refuses warnings with strict only, and writes with warn whatever was found", () => {
    using shop = shopWithApp(`${GOOD}COPY --chmod=4755 app /bin/other\n`);
    const outcome = (mode: string): string => {
      const name = mode.replace(/\W/g, "");
      const { code } = decant(shop, ["build", mode, "-q", "-o", `type=local,dest=${name}`, "."]);
      return `${mode} ${code} ${existsSync(join(shop.context, name)) ? "written" : "nothing written"}`;
    };
    assert.deepEqual(["--audit=warn", "--audit", "--audit=strict"].map(outcome), [
      "--audit=warn 0 written",
      "--audit 0 written",
      "--audit=strict 1 nothing written",
    ]);
  });

  it("finds a secret of the build in a layer that a later step hides, and never shows it", () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({
      Dockerfile: `${BUSYBOX}RUN --mount=type=secret,id=token mkdir /x && cat /run/secrets/token > /x/note\nRUN rm -r /x\nUSER 1000\nCMD ["true"]\n`,
      token: `${SECRET}\n`,
    });
    const done = decant(shop, [
      "build",
      "--audit",
      "--audit-report",
      "audit.json",
      "--allow-secret-in",
      "/x",
      "--secret",
      "id=token,src=token",
      "-t",
      "x",
      ".",
    ]);
    assert.equal(done.code, 1, done.err);
    assert.match(done.err, /secret-in-image \/x\/note/);
    const text = readFileSync(join(shop.context, "audit.json"), "utf8");
    assert.doesNotMatch(done.err + text, /Abcdef/);
    const finding = readReport(join(shop.context, "audit.json")).findings.find(({ id }) => id === "secret-in-image");
    assert.deepEqual([finding?.source?.file, finding?.source?.line, finding?.details?.["visible"]], ["Dockerfile", 4, false]);
  });

  it("tells what the build stages held and the image does not", () => {
    using shop = shopWithApp(
      'FROM scratch AS build\nCOPY app /app\nCOPY --chmod=755 app /usr/bin/gcc\nCOPY big /src/big\nFROM scratch\nCOPY --from=build --chmod=755 /app /app\nUSER 1\nENTRYPOINT ["/app"]\n',
      { big: "b".repeat(100_000) },
    );
    assert.equal(decant(shop, ["build", "--audit", "--audit-report", "audit.json", "."]).code, 0);
    const { leftBehind, layers, sizes } = readReport(join(shop.context, "audit.json"));
    assert.deepEqual(
      leftBehind?.stages.map(({ stage, files, bytes, directories }) => ({ stage, files, bytes, directories })),
      [{ stage: "build", files: 1, bytes: 100_000, directories: [{ path: "/src", files: 1, bytes: 100_000 }] }],
    );
    assert.deepEqual(
      [layers[0]?.instruction, layers[0]?.copiedFrom, layers[0]?.source?.line],
      ["COPY --from=build --chmod=755 /app /app", "stage build", 6],
    );
    assert.equal(sizes.sources[0]?.from, "stage build");
  });

  it("says that a report without an audit is none", () => {
    using shop = shopWithApp(GOOD);
    const done = decant(shop, ["build", "--audit-report", "x", "."]);
    assert.deepEqual([done.code, done.err.split("\n")[0]], [1, "ERROR: Cannot write the report of an audit: the build has no audit"]);
  });
});

describe("decant audit", { concurrency: 2 }, () => {
  it("gives the same findings for an image of the store, a layout as folder and as tar, and a registry", async () => {
    using shop = shopWithApp(`${GOOD}COPY --chmod=4755 app /bin/other\n`);
    await using registry = await startDockerRegistry(shop.folder);
    const name = `${registry.host}/team/app:1`;
    const outputs = [
      "-o",
      "type=oci,dest=layout.tar",
      "-o",
      "type=oci,dest=layout,tar=false",
      "-o",
      "type=docker,dest=docker.tar",
      "-o",
      `type=image,name=${name},push=true`,
    ];
    assert.equal(decant(shop, ["build", "-q", ...outputs, "."]).code, 0);
    const findings = (image: string, root: string): unknown => {
      const done = decant(shop, ["audit", "--format", "json", image], { root });
      assert.equal(done.code, 0, done.err);
      const report: AuditReport = JSON.parse(done.out);
      return { findings: report.findings, sizes: { ...report.sizes, sources: [] }, layers: report.layers };
    };
    const want = findings(name, shop.root);
    for (const image of ["oci:layout", "oci:layout.tar", "docker-archive:docker.tar", name])
      assert.deepEqual(findings(image, join(shop.folder, "other")), want, image);
    assert.match(JSON.stringify(want), /"id":"setuid","severity":"warning","path":"\/bin\/other".*"layer":1/);
  });

  it("exits with 1 for an error, and with --strict for a warning", () => {
    using shop = shopWithApp(`${GOOD}COPY --chmod=4755 app /bin/other\n`);
    decant(shop, ["build", "-q", "-t", "warned", "."]);
    assert.deepEqual([decant(shop, ["audit", "warned"]).code, decant(shop, ["audit", "--strict", "warned"]).code], [0, 1]);
    writeFileSync(join(shop.context, "Dockerfile"), 'FROM scratch\nCOPY app /app\nUSER ghost\nENTRYPOINT ["/app"]\n');
    assert.equal(decant(shop, ["build", "-q", "-t", "broken", "."]).code, 0);
    const done = decant(shop, ["audit", "-o", "report.txt", "broken"]);
    assert.deepEqual([done.code, done.out], [1, ""]);
    assert.match(readFileSync(join(shop.context, "report.txt"), "utf8"), /^broken linux\/\w+\n✗ incomplete: 1 error, /);
  });

  it("follows the policy of decant.yaml, tells what it allows, and shows the place of a mistake", () => {
    using shop = shopWithApp(`${GOOD}COPY --chmod=4755 app /bin/other\n`);
    const policy = "audit:\n  findings: { tmp-not-usable: off }\n  allow:\n    - { id: setuid, path: /bin, reason: it must }\n";
    writeFileSync(join(shop.context, "decant.yaml"), policy);
    assert.equal(decant(shop, ["build", "--audit=strict", "-q", "-t", "app", "."]).code, 0);
    const done = decant(shop, ["audit", "--strict", "app"]);
    assert.equal(done.code, 0, done.out);
    assert.match(done.out, /Allowed by the policy\n {2}· setuid \/bin\/other: it must\n/);
    assert.doesNotMatch(done.out, /tmp-not-usable/);
    writeFileSync(join(shop.context, "other.yaml"), "audit:\n  allow:\n    - id: setuid\n");
    const refused = decant(shop, ["audit", "--policy", "other.yaml", "app"]);
    assert.equal(refused.code, 1);
    assert.match(refused.err, /an exception has no "reason".*\n\n {2}other\.yaml:3:7/s);
  });

  it("audits a root file system as an ordinary user, and says what that user may not read", () => {
    using shop = shopWithApp(GOOD);
    const rootfs = join(shop.folder, "rootfs");
    mkdirSync(join(rootfs, "bin"), { recursive: true });
    mkdirSync(join(rootfs, "closed"), { mode: 0o700 });
    copyFileSync("/usr/bin/busybox", join(rootfs, "bin/sh"));
    writeFileSync(join(rootfs, "closed/key"), "x");
    writeFileSync(join(rootfs, ".env"), "DB_PASSWORD=correcthorse", { mode: 0o600 });
    if (process.getuid?.() !== 0) for (const name of ["closed", ".env"]) chmodSync(join(rootfs, name), 0);
    chmodSync(shop.folder, 0o777);
    chmodSync(shop.context, 0o777);
    const done = decant(shop, ["audit", "--format", "json", `dir:${rootfs}`], {
      ...(process.getuid?.() === 0 ? { uid: 65534 } : {}),
      root: join(shop.folder, "own"),
    });
    assert.equal(done.code, 0, done.err);
    const report: AuditReport = JSON.parse(done.out);
    assert.deepEqual(
      report.findings.map(({ id, path }) => `${id} ${path ?? ""}`),
      ["shell /bin/sh", "not-examined /closed"],
    );
    assert.deepEqual(report.findings[1]?.details?.["paths"], ["/closed", "/.env"]);
    chmodSync(join(rootfs, "closed"), 0o700);
  });

  it("says clearly what it cannot audit", () => {
    using shop = shopWithApp(GOOD);
    const message = (image: string): string => decant(shop, ["audit", image]).err.split("\n")[0] ?? "";
    assert.match(message("./nowhere"), /^ERROR: Cannot open "\.\/nowhere": there is no such directory/);
    const layout = join(shop.folder, "layout");
    mkdirSync(layout);
    writeFileSync(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
    assert.match(message(layout), /^ERROR: Cannot open "\/.+\/layout" as a root file system: it is an OCI layout/);
    assert.match(message("oci:nowhere"), /^ERROR: Cannot read .*index\.json" of "oci-layout:/);
    assert.match(message("oci:app"), /^ERROR: Cannot read tar archive/);
    assert.match(message("Bad Name"), /^ERROR: Cannot use image name/);
  });
});
