/** U6, U8, U9: what is wrong with a command line is told before the first step, with a code and a hint, and never as a bug. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DECANT } from "../support/command.ts";

const folder = mkdtempSync(join(tmpdir(), "decant-early-"));
const context = join(folder, "context");
mkdirSync(context);
writeFileSync(join(context, "Dockerfile"), "FROM scratch\nCOPY data /data\n");
writeFileSync(join(context, "data"), "data\n");
after(() => rmSync(folder, { recursive: true, force: true }));

const NO_DAEMON = { DOCKER_CONFIG: folder, DOCKER_HOST: "", CONTAINER_HOST: "unix:///nobody" };

interface Done {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function run(args: readonly string[], env: Readonly<Record<string, string>> = {}, shell = 'exec "$0" "$@"'): Done {
  const done = spawnSync("sh", ["-c", shell, DECANT, ...args], {
    encoding: "utf8",
    cwd: context,
    timeout: 600_000,
    env: { ...process.env, NO_COLOR: "1", DECANT_ROOT: join(folder, "store"), ...NO_DAEMON, ...env },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

const BUILDS: readonly (readonly [args: string, message: RegExp])[] = [
  ["-t App", /Cannot use image name "App": its repository has upper-case letters/],
  ["-t app:", /Cannot use image name "app:": there is no tag after ":"[^]*Write "app", or add the tag/],
  ["-t app@", /Cannot use image name "app@": there is no digest after "@"/],
  ["-o type=image,push=true,push-by-digest=true,name=a:1", /Cannot push "a:1" by digest: it has a tag/],
  [
    "-o type=image,name=a --compatibility-version 20 --annotation index:a=b",
    /Cannot export annotations of these levels with Docker's media types/,
  ],
  ["-o type=docker,tar=false", /Cannot use --output type=docker,tar=false: it has no dest/],
  ["-o type=docker,context=nowhere", /Cannot use the docker context "nowhere": there is no/],
  ["-o type=oci,dest=x,compression=estargz,oci-mediatypes=false", /Cannot write estargz layers with Docker's media types/],
  ["-o type=oci,dest=x,compression=estargz,compression-level=11", /Cannot compress with gzip level 11/],
  ["-o type=local,dest=..,mode=delete", /Cannot replace folder ".." \(mode=delete\)[^]*--allow buildx.local.delete/],
  ["--load=everywhere", /Cannot use --load "everywhere": wanted auto, docker, podman, containerd or store/],
  ["--load=podman", /Cannot load the image into Podman: nobody answers at unix:\/\/\/nobody/],
  ["-t App -o out", /Cannot use image name "App"/],
  ["-o type=registry,name=App", /Cannot use image name "App"/],
  ["-o type=image,push=true", /Cannot push an image without a name/],
  ["-o type=oci,dest=/nonexistent/x", /Cannot write "\/nonexistent\/x": its folder does not exist/],
  ["-o type=oci,dest=/proc/x", /Cannot write "\/proc\/x": nothing can be made in its folder/],
  ["-o type=oci,dest=.", /Cannot write ".*": it is a directory; a file was wanted/],
  ["-o type=oci,tar=false", /Cannot write to dest "-": type=oci,tar=false writes a directory/],
  ["-o type=oci,tar=false,dest=/proc/x/y", /Cannot write to "\/proc\/x\/y": nothing can be made in its folder|its folder does not exist/],
  ["-o /proc/x", /Cannot write to "\/proc\/x": nothing can be made in its folder/],
  ["-o Dockerfile", /Cannot write to ".*\/Dockerfile": it is not a directory/],
  ["-o Dockerfile/out", /Cannot write to ".*\/out": (?:".*\/Dockerfile" is not a directory|a part of its path is not a directory)/],
  ["-o - -o type=tar", /Cannot write two outputs to standard output/],
  ["-o type=oci,dest=x.tar,compression=zstd,compression-level=99", /Cannot compress with zstd level 99: levels are 1 to 22/],
  ["-o type=docker,dest=x.tar,oci-mediatypes=false --sbom", /Cannot attach attestations to a manifest of Docker's media types/],
  ["--annotation index:a=b", /Cannot put annotations on an index: the result has none/],
  ["--iidfile /nonexistent/x", /Cannot write "\/nonexistent\/x": its folder does not exist/],
  ["--iidfile iid -o out", /Cannot write the image ID: the build has no image among its outputs/],
  ["--metadata-file /proc/x", /Cannot write "\/proc\/x": nothing can be made in its folder/],
  ["--audit --audit-report /nonexistent/x", /Cannot write "\/nonexistent\/x": its folder does not exist/],
  ["--ca-certs /nonexistent", /Cannot use --ca-certs "\/nonexistent": no such file/],
  ["--ca-certs .", /Cannot use --ca-certs ".": it is a directory; wanted a file/],
  ["--ca-certs data", /Cannot use --ca-certs "data": it has no certificate/],
  ["--platform foo", /Cannot use platform "foo"/],
];

for (const [args, message] of BUILDS)
  test(`U6: build ${args} is refused before the first step`, () => {
    const before = readdirSync(context).toSorted();
    const { code, out, err } = run(["build", "--progress", "plain", ...args.split(" "), "."]);
    assert.deepEqual({ code, out }, { code: 1, out: "" });
    assert.match(err, message);
    assert.doesNotMatch(err, /^#1 |bug in Decant/m);
    assert.doesNotMatch(err, /\.decant-/, "a name that nobody typed");
    assert.deepEqual(readdirSync(context).toSorted(), before, "nothing stays behind");
  });

for (const [args, message] of [
  [["audit", "-o", ".", "missing"], /Cannot write ".*": it is a directory; a file was wanted/],
  [["audit", "-o", "/nonexistent/x", "missing"], /Cannot write "\/nonexistent\/x": its folder does not exist/],
  [["sbom", "-o", "/proc/x", "missing"], /Cannot write "\/proc\/x": nothing can be made in its folder/],
  [["import", "data", "App"], /Cannot use image name "App"/],
  [["base", "build", "-t", "App", "static-debian13"], /Cannot use image name "App"/],
  [["base", "build", "-o", "/proc/x", "static-debian13"], /Cannot write to "\/proc\/x": nothing can be made/],
  [["base", "lock", "-o", "/proc/x", "static-debian13"], /Cannot write "\/proc\/x": nothing can be made/],
] as const)
  test(`U6: ${args.join(" ")} is refused before anything is fetched`, () => {
    const { code, err } = run([...args]);
    assert.equal(code, 1);
    assert.match(err, message);
    assert.doesNotMatch(err, /bug in Decant|assembling|locking|pulling/);
  });

test("U6: what can be written is written, a device too", () => {
  const files = ["--iidfile", "iid", "--metadata-file", "meta.json", "-o", "type=oci,dest=x.tar", "-o", "deep/er"];
  const { code, err } = run(["build", "--progress", "plain", ...files, "."]);
  assert.equal(code, 0, err);
  for (const name of ["iid", "meta.json", "x.tar", "deep/er/data"]) {
    assert.ok(existsSync(join(context, name)), name);
    rmSync(join(context, name));
  }
  const device = run(["build", "--progress", "none", "--iidfile", "/dev/stdout", "."], {}, '"$0" "$@" | cat');
  assert.match(device.out, /^sha256:[0-9a-f]{64}$/);
});

test("U8: a working directory that was removed is told, and only where it is needed", () => {
  const gone = join(folder, "gone");
  const inGone = `mkdir "${gone}" && cd "${gone}" && rmdir "${gone}" && exec "$0" "$@" 2>&1`;
  const build = run(["build", "."], {}, inGone);
  assert.equal(build.code, 1);
  assert.match(build.out, /ERROR: Cannot use the working directory: it was removed\n/);
  assert.match(build.out, /Hint: Change to a directory that is there/);
  assert.equal(run(["images", "-q"], {}, inGone).code, 0);
});

for (const [name, env, code] of [
  ["HOME=/proc", { HOME: "/proc", XDG_CACHE_HOME: "" }, 0],
  ["XDG_CACHE_HOME=/proc/x", { XDG_CACHE_HOME: "/proc/x" }, 0],
  ["DECANT_ROOT=/proc/x", { DECANT_ROOT: "/proc/x/y" }, 1],
] as const)
  test(`U8: ${name} ends at once`, () => {
    const { code: got, err } = run(["images"], env);
    assert.equal(got, code, err);
    assert.doesNotMatch(err, /bug in Decant/);
    if (code === 1) assert.match(err, /Cannot open the store: "\/proc\/x\/y" gives ENOENT/);
  });

for (const args of [["build", "--progress", "none", "-o", "-", "."], ["images"], ["version"], ["help"], ["build", "-q", "."]])
  test(`U9: a standard output that takes nothing is an error: ${args.join(" ")}`, () => {
    const { code, err } = run(args, {}, 'exec "$0" "$@" > /dev/full');
    assert.equal(code, 1);
    assert.match(err, /ERROR: Cannot write to "standard output": no space is left/);
  });

test("U9: a standard error that takes nothing does not end the work", () => {
  const { code, out } = run(["build", "-o", "-", "--progress", "plain", "."], {}, 'exec "$0" "$@" 2> /dev/full | tar t');
  assert.deepEqual({ code, out }, { code: 0, out: "data\n" });
});

test("U9: -q prints no ID behind an archive on standard output", () => {
  const { code, out } = run(["build", "-q", "-o", "-", "."], {}, '"$0" "$@" | tail -c 512 | tr -d "\\0"');
  assert.deepEqual({ code, out }, { code: 0, out: "" });
});

test("U9: DOCKER_DEFAULT_PLATFORM is the platform where --platform names none", () => {
  const env = { DOCKER_DEFAULT_PLATFORM: "linux/arm64" };
  assert.equal(run(["build", "-q", "-t", "default", "."], env).code, 0);
  assert.equal(run(["build", "-q", "-t", "named", "--platform", "linux/s390x", "."], env).code, 0);
  const platformOf = (name: string): string =>
    (JSON.parse(run(["inspect", "--format", "json", name]).out) as { readonly platform: string }).platform;
  assert.deepEqual([platformOf("default"), platformOf("named")], ["linux/arm64", "linux/s390x"]);
  const wrong = run(["build", "."], { DOCKER_DEFAULT_PLATFORM: "foo" });
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /Cannot use platform "foo"/);
});

test("U9: variables that would have given another result are warned of", () => {
  const { code, err } = run(["build", "--progress", "plain", "."], { BUILDX_BUILDER: "fleet" });
  assert.equal(code, 0, err);
  assert.match(err, /UnusedVariable: The variable BUILDX_BUILDER of the environment is not used/);
  const wrong = run(["build", "."], { BUILDKIT_PROGRESS: "fancy" });
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /Cannot use BUILDKIT_PROGRESS "fancy": wanted auto, tty, plain/);
});
