/** What a build says of the image that it made: real layers, real programs of this host. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { checkDockerfile } from "../../src/index.ts";
import { addBusybox, type Built, BUSYBOX, workshop, type Workshop } from "../support/build.ts";
import { elfFile } from "../support/elf-file.ts";
import { writeFileSync } from "node:fs";
import { join } from "node:path";

const NAMES = /^(?:CopyWholeStage|LibcMismatch|RuntimeHolds\w+|ShellFormWithoutShell)$/;
const LOADER = "/lib64/ld-linux-x86-64.so.2";

function warnings({ events }: Built): string[] {
  return events.flatMap((event) =>
    event.type === "warning" && NAMES.test(event.code) ? [`${event.code} ${event.source?.line}: ${event.message}`] : [],
  );
}

/** A project whose packages are there already, so that no npm is needed. */
function project(shop: Workshop): void {
  shop.write({
    "app/package.json": '{"devDependencies":{"typescript":"5"}}',
    "app/node_modules/.package-lock.json": '{"packages":{"node_modules/express":{},"node_modules/typescript":{"dev":true}}}',
    "app/node_modules/express/index.js": "e".repeat(20_000),
    "app/node_modules/typescript/lib/tsc.js": "t".repeat(650_000),
    "app/src/index.ts": "s".repeat(1000),
    "app/dist/index.js": "d".repeat(1000),
  });
}

const COPY_ALL = "FROM scratch AS build\nCOPY app /app\nFROM scratch\nCOPY --from=build /app /app\nUSER 1\n";
const DRAGGED =
  'CopyWholeStage 4: COPY takes /app of "build": 672 kB in 6 files, of which 651 kB are for building only\n/app/node_modules 670 kB, of which 650 kB in 1 development package ' +
  '(typescript 650 kB)\nand 1 more\nRun "npm prune --omit=dev" at the end of the build stage, and copy only what the program needs';

describe("checks after a build", () => {
  it("say what COPY --from of a whole stage drags along and how much, also when nothing is to be done", async () => {
    using shop = workshop();
    project(shop);
    assert.deepEqual(warnings(await shop.build(COPY_ALL)), [DRAGGED]);
    const again = await shop.build(COPY_ALL);
    assert.equal(again.result.executed, 0);
    assert.deepEqual(warnings(again), [DRAGGED]);
    assert.deepEqual(warnings(await shop.build(`# check=skip=CopyWholeStage\n${COPY_ALL}`)), []);
  });

  it("look at COPY --link, and at triggers where they run", async () => {
    using shop = workshop();
    project(shop);
    assert.deepEqual(warnings(await shop.build(COPY_ALL.replace("COPY --from", "COPY --link --from"))), [DRAGGED]);
    const trigger = "FROM scratch AS build\nCOPY app /app\nFROM scratch AS base\nONBUILD COPY --from=build /app /app\nFROM base\nUSER 1\n";
    assert.deepEqual(warnings(await shop.build(trigger)), [DRAGGED.replace("CopyWholeStage 4", "CopyWholeStage 5")]);
  });

  it("say nothing when only what runs was copied", async () => {
    using shop = workshop();
    project(shop);
    const text =
      "FROM scratch AS build\nCOPY app /app\nFROM scratch\nCOPY --from=build /app/dist /app/dist\nCOPY --from=build /app/node_modules/express /app/node_modules/express\nUSER 1\n";
    assert.deepEqual(warnings(await shop.build(text)), []);
  });

  it("find programs that the result cannot start, and name the file and what it needs", async () => {
    using shop = workshop();
    shop.write({ "m/script": "#!/bin/sh\n" });
    writeFileSync(join(shop.context, "m/server"), elfFile({ interpreter: LOADER, needed: ["libc.so.6"] }), { mode: 0o755 });
    const text = 'FROM scratch AS build\nCOPY m /m\nFROM scratch\nCOPY --from=build /m /m\nUSER 1\nCMD ["/m/server"]\n';
    assert.deepEqual(warnings(await shop.build(text)), [
      `LibcMismatch 4: /m/server cannot start: it was built for glibc and wants ${LOADER}, which the result does not have`,
    ]);
  });

  it("find a newer glibc than the result has", async () => {
    using shop = workshop();
    shop.write({ "base/etc/os-release": "ID=debian\nPRETTY_NAME='Debian 12'\n", "base/lib64/ld-linux-x86-64.so.2": "x" });
    writeFileSync(join(shop.context, "base/lib64/libc.so.6"), elfFile({ soname: "libc.so.6", versionDefinitions: ["GLIBC_2.36"] }));
    const needs = [{ library: "libc.so.6", versions: [{ name: "GLIBC_2.38", weak: false }] }];
    writeFileSync(join(shop.context, "server"), elfFile({ interpreter: LOADER, needed: ["libc.so.6"], versionNeeds: needs }), {
      mode: 0o755,
    });
    const text = "FROM scratch AS build\nCOPY server /\nFROM scratch\nCOPY base /\nCOPY --from=build /server /server\nUSER 1\n";
    assert.deepEqual(warnings(await shop.build(text)), [
      "LibcMismatch 5: /server cannot start: it needs glibc 2.38 or later, and the result (Debian 12) has 2.36: build on an older base, or take a newer one for the result",
    ]);
  });

  it("find compilers and package managers by the files of the result, with the line that brought them", async () => {
    using shop = workshop();
    addBusybox(shop);
    const text = `${BUSYBOX}RUN mkdir -p /usr/bin && printf '#!/bin/sh' > /usr/bin/gcc-12 && chmod 755 /usr/bin/gcc-12\nRUN cp /usr/bin/gcc-12 /sbin/apk || cp /usr/bin/gcc-12 /bin/apk\nUSER 1\n`;
    const found = warnings(await shop.build(text));
    assert.equal(found.length, 2);
    assert.match(
      found[0] ?? "",
      /^RuntimeHoldsBuildTools \d+: The result holds gcc \(\/usr\/bin\/gcc-12\): install them in a stage of their own/,
    );
    assert.match(found[1] ?? "", /^RuntimeHoldsPackageManager \d+: The result holds apk \(\/s?bin\/apk\)/);
    assert.deepEqual(warnings(await shop.build(`${text}USER 0\nRUN rm -f /usr/bin/gcc-12 /bin/apk /sbin/apk\n`)), []);
  });

  it("find commands in shell form that have no shell, and see a shell that was copied", async () => {
    using shop = workshop();
    addBusybox(shop);
    shop.write({ "root/a": "" });
    const text = "FROM scratch\nCOPY root /\nCMD run me\nUSER 1\n";
    assert.deepEqual(warnings(await shop.build(text)), [
      "ShellFormWithoutShell 3: CMD in shell form needs /bin/sh, which the result does not have: write it as a JSON array",
    ]);
    assert.deepEqual(warnings(await shop.build(`${BUSYBOX}CMD run me\nUSER 1\n`)), []);
  });
});

describe("checkDockerfile() with images of the store", () => {
  it("looks into a base that is here, whatever its name", async () => {
    using shop = workshop();
    shop.write({ "root/usr/bin/gcc": "#!/x\n", "root/usr/bin/apt-get": "#!/x\n" });
    await shop.build("FROM scratch\nCOPY root /\n", { tags: ["my/base:1"] });
    writeFileSync(join(shop.context, "Dockerfile"), "FROM my/base:1\nUSER 1\nCMD run me\n");
    const { warnings: found, notes } = await checkDockerfile({ context: shop.context, root: shop.root, env: {} });
    assert.deepEqual(
      found.filter(({ code }) => NAMES.test(code)).map(({ code, message }) => `${code}: ${message}`),
      [
        "RuntimeHoldsBuildTools: The result holds gcc (/usr/bin/gcc), which comes with my/base:1: copy what was built to a smaller base",
        "RuntimeHoldsPackageManager: The result holds apt-get (/usr/bin/apt-get), which comes with my/base:1: a distroless base has none",
        "ShellFormWithoutShell: CMD in shell form needs /bin/sh, which my/base:1 does not have: write it as a JSON array",
      ],
    );
    assert.deepEqual(notes, []);
  });
});
