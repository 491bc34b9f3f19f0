/** Steps where the kernel refuses overlays: they work on copies, with the same results. By the command; `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { runProcess } from "../../src/sys/index.ts";
import { DECANT } from "../support/command.ts";
import { otherUser } from "../support/other-user.ts";

const BASE = `FROM scratch AS base
COPY files /
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
RUN mkdir -p /d/e/f /gone/x /opaque /owned && echo 1 >/d/e/f/one && echo 2 >/d/two && echo g >/gone/x/g && echo o >/opaque/old && ln /d/two /d/linked && ln -s two /d/link && mkfifo /d/pipe && chmod 4711 /d/e/f/one
`;
/** What steps do to what is below them. */
const STEPS: Readonly<Record<string, string>> = {
  nothing: "true",
  "new files and folders": "mkdir -p /n/m && echo n >/n/m/n && ln /n/m/n /n/hard && ln -s m /n/soft && mkfifo /n/p",
  "changed content": "echo more >>/d/two && cat /d/linked >/seen && ls -l /d/linked | awk '{print $2}' >/dev/null",
  "the same content again": "cp -p /d/two /t && cat /t >/d/two && touch -r /t /d/two && rm /t",
  "changed modes and owners": "chmod 600 /d/two && chown 5:6 /d/e && chmod 700 /owned && chown 7 /d/link",
  "removed files": "rm /d/two /d/link && rm -r /gone && rm /d/pipe",
  "removed and made again":
    "rm -r /opaque && mkdir /opaque && echo n >/opaque/new && rm /d/link && mkdir /d/link && rm -r /gone && echo f >/gone",
  "renamed files": "mv /d/two /d/three && mv /d/e/f/one /one && mv /d/linked /d/two",
  "renamed folders": "cp -a /d/e /e2 && rm -r /d/e && mv /e2 /d/e && mkdir /swap && echo s >/swap/one && mv /swap /moved",
  "a hard link to a file below": "ln /d/e/f/one /d/again",
  "times of folders": "touch -d @1500000000 /d/e && touch -h -d @1500000000 /d/link",
  "mount points that the image lacks": "cat /etc/hosts | wc -l && ls -A /mnt-new",
  "files beside mount points": "echo x >/etc/own && mkdir /mnt-other/deep 2>/dev/null; true",
  "another user": "id -u",
};
const DOCKERFILE = `${BASE}${Object.entries(STEPS)
  .map(([name, script], at) => {
    const flags = name.includes("mount points")
      ? "--mount=type=tmpfs,target=/mnt-new --mount=type=bind,from=base,source=/d,target=/mnt-base,rw "
      : "";
    return `FROM base AS s${at}\n${name === "another user" ? "WORKDIR /not/there\nUSER 1000:1000\n" : ""}RUN ${flags}${script}\n`;
  })
  .join("")}`;

describe("H1: steps without overlays", { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), "decant-copied-"));
  before(() => {
    fill(join(folder, "context"));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  const digests = async (layers: string): Promise<{ readonly said: string; readonly ids: ReadonlyMap<string, string> }> => {
    const names = Object.keys(STEPS);
    const targets = names.map((_, at) => `s${at}`).join(",");
    const output = "type=image,name=t-{target}:1,rewrite-timestamp=true";
    const { exitCode, stdout, stderr } = await runProcess({
      argv: [DECANT, "build", "--progress=plain", `--target=${targets}`, "-o", output, join(folder, "context")],
      env: { ...process.env, DECANT_LAYERS: layers, DECANT_ROOT: join(folder, `store-${layers}`), SOURCE_DATE_EPOCH: "1600000000" },
    });
    const said = `${stdout.toString()}${stderr.toString()}`;
    assert.equal(exitCode, 0, said);
    const found = said.matchAll(/t-s(\d+):1 (sha256:\w+)/g);
    return { said, ids: new Map(Array.from(found, ([, at, digest = ""]) => [names[Number(at)] ?? "", digest])) };
  };

  it("H1: have the digests of overlays, whatever they change, and say that they are slow", async () => {
    const [overlay, copy] = [await digests("overlay"), await digests("copy")];
    assert.equal(overlay.ids.size, Object.keys(STEPS).length, overlay.said);
    assert.deepEqual(copy.ids, overlay.ids);
    assert.match(copy.said, /LayersCopied: The kernel refuses overlays here/);
    assert.doesNotMatch(overlay.said, /LayersCopied/);
  });

  it("H1: never write to what the store has", async () => {
    writeFileSync(
      join(folder, "context/Dockerfile"),
      `${BASE}FROM base AS other\nRUN echo changed >/d/two && rm -r /gone && cat /d/linked >/seen\nFROM base\nCOPY --from=other /seen /\nRUN cat /seen /d/two /gone/x/g\n`,
    );
    const { exitCode, stdout, stderr } = await runProcess({
      argv: [DECANT, "build", "--progress=plain", "--no-cache-filter=1", join(folder, "context")],
      env: { ...process.env, DECANT_LAYERS: "copy", DECANT_ROOT: join(folder, "store-copy") },
    });
    const said = `${stdout.toString()}${stderr.toString()}`;
    assert.equal(exitCode, 0, said);
    assert.match(said, /^#\d+ [\d.]+ 2\n#\d+ [\d.]+ 2\n#\d+ [\d.]+ g$/m);
  });

  it("H1: work without root, too", () => {
    using user = otherUser();
    const context = join(user.home, "context");
    fill(context);
    const script = "rm -r /gone && mkdir /gone && echo n >/gone/n && chmod 600 /d/two && find /gone /d -type f | sort";
    writeFileSync(join(context, "Dockerfile"), `${BASE}RUN ${script}\nRUN cat /gone/n && ls /d/e/f\n`);
    const { code, out, err } = user.run([DECANT, "build", "--progress=plain", context], { DECANT_LAYERS: "copy" });
    assert.equal(code, 0, err);
    assert.match(`${out}${err}`, /^#\d+ [\d.]+ n\n#\d+ [\d.]+ one$/m);
    assert.match(err, /LayersCopied/);
  });

  for (const [wish, said] of [
    ["aufs", /Cannot use DECANT_LAYERS="aufs": wanted auto, overlay or copy/],
    ["fuse", /Cannot use DECANT_LAYERS="fuse": Decant does not start fuse-overlayfs; wanted auto, overlay or copy\n[^]*work on copies/],
  ] as const)
    it(`H1: a wish that is not for Decant is an error: ${wish}`, async () => {
      const { exitCode, stderr } = await runProcess({
        argv: [DECANT, "build", "--no-cache", join(folder, "context")],
        env: { ...process.env, DECANT_LAYERS: wish, DECANT_ROOT: join(folder, "store-copy") },
      });
      assert.notEqual(exitCode, 0);
      assert.match(stderr.toString(), said);
    });

  it("H1: doctor says which way layers go", () => {
    const doctor = (layers: string): string => {
      using user = otherUser();
      return user.run([DECANT, "doctor"], { DECANT_LAYERS: layers }).out;
    };
    assert.match(doctor("auto"), /^ok {7}layers: joined by overlays of the kernel$/m);
    assert.match(
      doctor("copy"),
      /^limited {2}layers: each step works on a copy of them, as DECANT_LAYERS=copy wants\n +→ Unset DECANT_LAYERS/m,
    );
  });
});

function fill(context: string): void {
  mkdirSync(join(context, "files/bin"), { recursive: true });
  copyFileSync("/usr/bin/busybox", join(context, "files/bin/busybox"));
  chmodSync(join(context, "files/bin/busybox"), 0o755);
  symlinkSync("busybox", join(context, "files/bin/sh"));
  writeFileSync(join(context, "Dockerfile"), DOCKERFILE);
}
