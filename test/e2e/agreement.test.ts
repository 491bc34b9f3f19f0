/** A build, `inspect` and `audit` of the image that was built agree: about every program of the table, a busybox of this host, and what a copy drags along. */
import assert from "node:assert/strict";
import { chmodSync, linkSync, mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { PROGRAM_NAMES, programName } from "../../src/facts/program-names.ts";
import { auditImage, checkDockerfile, inspectImage } from "../../src/index.ts";
import { addBusybox, BUSYBOX, workshop, type Workshop } from "../support/build.ts";

/** "RuntimeHoldsBuildTools": what was told, of a build, of `inspect`, of an audit. */
interface Told {
  readonly buildTools: boolean;
  readonly buildManagers: boolean;
  readonly needsShell: boolean;
  readonly shells: readonly string[];
  readonly packageManagers: readonly string[];
  readonly audit: Readonly<Record<string, readonly string[]>>;
}

async function ask(shop: Workshop, dockerfile: string): Promise<Told> {
  const tag = "agree/app:1";
  const { events } = await shop.build(dockerfile, { tags: [tag] });
  const codes = new Set(events.flatMap((event) => (event.type === "warning" ? [event.code] : [])));
  const { contents } = await inspectImage({ root: shop.root, image: tag });
  await using run = auditImage({ root: shop.root, image: tag, offline: true });
  const { findings } = await run.result;
  const audit: Record<string, string[]> = {};
  for (const { id, details } of findings)
    if (id === "shell" || id === "package-manager" || id === "compiler") (audit[id] ??= []).push(...(details?.["names"] as string[]));
  return {
    buildTools: codes.has("RuntimeHoldsBuildTools"),
    buildManagers: codes.has("RuntimeHoldsPackageManager"),
    needsShell: codes.has("ShellFormWithoutShell"),
    shells: contents?.shells ?? [],
    packageManagers: contents?.packageManagers ?? [],
    audit,
  };
}

function namesOf(paths: readonly string[] | undefined): string[] {
  return [...new Set((paths ?? []).map((path) => path.slice(path.lastIndexOf("/") + 1)))].toSorted();
}

describe("a build, inspect and audit agree", () => {
  it("about every program of the table, one and all", async () => {
    using shop = workshop();
    for (const [kind, lines] of Object.entries(PROGRAM_NAMES)) {
      const names = lines.flatMap((line) => line.split(" "));
      shop.write(Object.fromEntries(names.map((name) => [`${kind}/usr/local/bin/${name}`, `#!${name}`])));
      const told = await ask(shop, `FROM scratch\nCOPY ${kind} /\nUSER 1\nCMD run me\n`);
      const expected = { shell: namesOf(kind === "shell" ? names : []), managers: namesOf(kind === "package-manager" ? names : []) };
      assert.deepEqual([told.buildTools, told.buildManagers], [kind === "compiler", kind === "package-manager"]);
      assert.deepEqual([namesOf(told.shells), told.packageManagers], [expected.shell, expected.managers]);
      assert.deepEqual(Object.keys(told.audit), [kind]);
      assert.deepEqual(namesOf(told.audit[kind]), names.toSorted());
      // A shell at /usr/local/bin/sh is none at /bin/sh.
      assert.equal(told.needsShell, true);
    }
  });

  it("about a busybox, whose applets are no package managers", async () => {
    using shop = workshop();
    addBusybox(shop);
    const bin = join(shop.context, "busybox/bin");
    for (const name of ["dpkg", "rpm", "ash"]) symlinkSync("busybox", join(bin, name));
    for (const name of ["make", "apk"]) linkSync(join(bin, "busybox"), join(bin, name));
    const told = await ask(shop, `${BUSYBOX}USER 1\nCMD run me\n`);
    assert.deepEqual([told.packageManagers, told.buildManagers, told.buildTools, told.needsShell], [[], false, false, false]);
    assert.deepEqual(namesOf(told.shells), ["ash", "busybox", "sh"]);
    assert.deepEqual(namesOf(told.audit["shell"]), ["ash", "busybox", "sh"]);
    assert.deepEqual(Object.keys(told.audit), ["shell"]);
  });

  it("about a PATH of its own, and a /bin/sh that nobody can start", async () => {
    using shop = workshop();
    shop.write({ "root/tools/gcc": "#!x", "root/tools/pip": "#!x", "root/bin/sh": "x", "root/etc/cron.daily/dpkg": "#!x" });
    mkdirSync(join(shop.context, "root/tmp"));
    chmodSync(join(shop.context, "root/tmp"), 0o1777);
    const text = "FROM scratch\nCOPY root /\nUSER 1\nWORKDIR /\nENV PATH=/usr/bin:tools\nCMD run me\n";
    const told = await ask(shop, text);
    assert.deepEqual(told, {
      buildTools: true,
      buildManagers: true,
      needsShell: true,
      shells: [],
      packageManagers: ["pip"],
      audit: { "package-manager": ["/tools/pip"], compiler: ["/tools/gcc"] },
    });
  });

  it("about what the names of images say before they are here", async () => {
    using shop = workshop();
    for (const image of ["alpine", "almalinux", "amazonlinux", "debian", "fedora", "node", "python", "rockylinux", "ubuntu"]) {
      shop.write({ Dockerfile: `FROM ${image}\nUSER 1\n` });
      const { warnings } = await checkDockerfile({ context: shop.context, root: shop.root, env: {}, lookUpImages: false });
      const message = warnings.find(({ code }) => code === "RuntimeHoldsPackageManager")?.message ?? "";
      assert.equal(programName(/which holds ([\w-]+):/.exec(message)?.[1] ?? "")?.kind, "package-manager", image);
    }
  });
});
