/** Steps for other processors (F86, F128), run by the real qemu where this kernel lets a test register it. */
import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { DECANT } from "../support/command.ts";
import { withEmulators } from "../support/emulators.ts";
import { FOREIGN_PLATFORMS, foreignProgram } from "../support/foreign-program.ts";
import { otherUser, type OtherUser } from "../support/other-user.ts";

const ARCHITECTURES = FOREIGN_PLATFORMS.map(architectureOf);
/** Neither a shell nor a library: as distroless images are. */
const DOCKERFILE = 'FROM scratch\nARG TARGETARCH\nCOPY root-$TARGETARCH /\nRUN ["/bin/app"]\n';

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly platform?: { readonly architecture: string } }[];
}

function architectureOf(platform: string): string {
  return platform.split("/")[1] ?? "";
}

/** The command line of a build for `platforms` into the folder `name`. */
function buildOf(user: OtherUser, name: string, platforms: readonly string[]): readonly string[] {
  const context = join(user.home, "context");
  for (const platform of FOREIGN_PLATFORMS) {
    const program = join(context, `root-${architectureOf(platform)}`, "bin", "app");
    mkdirSync(join(program, ".."), { recursive: true });
    writeFileSync(program, foreignProgram(platform));
    chmodSync(program, 0o755);
  }
  writeFileSync(join(context, "Dockerfile"), DOCKERFILE);
  const output = `type=oci,tar=false,rewrite-timestamp=true,dest=${join(user.home, name)}`;
  const epoch = ["--build-arg", "SOURCE_DATE_EPOCH=1700000000"];
  return [DECANT, "build", "--no-cache", "-o", output, ...epoch, "--platform", platforms.join(","), context];
}

/** The images of a layout, by architecture. */
function digestsOf(user: OtherUser, name: string): Readonly<Record<string, string>> {
  const read = (path: string): Index => JSON.parse(readFileSync(join(user.home, name, path), "utf8")) as Index;
  const top = read("index.json");
  const [first = assert.fail("no image")] = top.manifests;
  const index = first.platform === undefined ? read(`blobs/${first.digest.replace(":", "/")}`) : top;
  return Object.fromEntries(index.manifests.map(({ digest, platform }) => [platform?.architecture ?? "", digest]));
}

describe("steps for other processors", () => {
  it("F86: run by an emulator whose file the kernel holds, and by one that the root must have, with the same digests", async () => {
    using user = otherUser();
    const known = { architectures: ARCHITECTURES, flags: "POCF" };
    const held = await withEmulators(user, buildOf(user, "held", FOREIGN_PLATFORMS), known);
    if (held === undefined) {
      // Without such a kernel there is only what the machine has.
      const { code, err } = user.run(buildOf(user, "none", FOREIGN_PLATFORMS));
      if (code !== 0) assert.match(err, /no emulator is registered[\s\S]*apt-get install qemu-user-static/);
      return;
    }
    assert.equal(held.code, 0, held.out);
    const shown = await withEmulators(user, buildOf(user, "shown", FOREIGN_PLATFORMS), { ...known, flags: "POC" });
    assert.equal(shown?.code, 0, shown?.out);
    const digests = digestsOf(user, "held");
    assert.deepEqual(Object.keys(digests).toSorted(), ARCHITECTURES.toSorted());
    assert.deepEqual(digestsOf(user, "shown"), digests);
    // F128: and they are those of builds for one platform.
    for (const platform of FOREIGN_PLATFORMS.slice(0, 2)) {
      const single = await withEmulators(user, buildOf(user, platform, [platform]), known);
      assert.equal(single?.code, 0, single?.out);
      assert.equal(digestsOf(user, platform)[architectureOf(platform)], digests[architectureOf(platform)]);
    }
  });

  it("F86: are refused before the first step runs where one of them has no emulator", async () => {
    using user = otherUser();
    const build = buildOf(user, "out", ["linux/arm64", "linux/s390x"]);
    const ended = await withEmulators(user, build, { architectures: ["arm64"], flags: "F" });
    if (ended === undefined) return;
    assert.equal(ended.code, 1, ended.out);
    assert.match(ended.out, /Cannot run a step for linux\/s390x on linux\/amd64: no emulator is registered/);
    assert.match(ended.out, /apt-get install qemu-user-static binfmt-support/);
    assert.doesNotMatch(ended.out, /^#\d+ .*DONE/m);
  });

  it("F86: containers of images for other processors run, too", async () => {
    using user = otherUser();
    const build = buildOf(user, "layout", ["linux/s390x"]);
    for (const flags of ["F", ""]) {
      const script = `${build.map((word) => `'${word}'`).join(" ")} -o type=image,name=foreign && ${DECANT} run --rm --platform linux/s390x foreign /bin/app && echo ran`;
      const ended = await withEmulators(user, ["sh", "-c", script], { architectures: ["s390x"], flags });
      if (ended === undefined) return;
      assert.match(ended.out, /\nran\n$/);
    }
  });
});
