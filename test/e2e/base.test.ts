/** Distroless bases through the bundled command, with a signed archive on loopback. `npm run bundle` comes first. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { type FakeKey, type FakePackage, type FileServer, makeKey, serveFiles } from "../support/archive.ts";
import { suiteFiles } from "../support/archive-suite.ts";
import { certificate } from "../support/base-world.ts";
import { DECANT } from "../support/command.ts";

const date = new Date("2026-03-01T00:00:00Z");
const copyright = (name: string): { readonly path: string; readonly content: string } => ({
  path: `./usr/share/doc/${name}/copyright`,
  content: "free",
});
const simple = (name: string, more: Partial<FakePackage> = {}): FakePackage => ({ name, files: [copyright(name)], ...more });
const PACKAGES: readonly FakePackage[] = [
  simple("base-files", {
    files: [
      { path: "./usr/lib/os-release", content: "Debian" },
      { path: "./etc/os-release", type: "symlink", link: "../usr/lib/os-release" },
      { path: "./bin", type: "symlink", link: "usr/bin" },
      { path: "./lib", type: "symlink", link: "usr/lib" },
      { path: "./sbin", type: "symlink", link: "usr/sbin" },
      copyright("base-files"),
    ],
  }),
  ...["netbase", "tzdata", "tzdata-legacy", "media-types"].map((name) => simple(name, { architecture: "all" })),
  simple("ca-certificates", {
    architecture: "all",
    files: [{ path: "./usr/share/ca-certificates/a.crt", content: `${certificate("A")}\n` }, copyright("ca-certificates")],
  }),
  simple("busybox-static"),
  simple("hello", {
    files: [{ path: "./usr/bin/hello", content: "#!hello", mode: 0o755 }, copyright("hello")],
    fields: { Depends: "libhello (>= 1), debconf | debconf-2.0" },
  }),
  simple("libhello", { files: [{ path: "./usr/lib/libhello.so.1", content: "so" }, copyright("libhello")] }),
];
const RECIPE = `name: mine
extends: static-debian13
architectures: [amd64]
packages: [hello]
files:
  - { path: /app/motd, source: motd }
entrypoint: [/usr/bin/hello]
annotations: { org.opencontainers.image.version: "\${version:hello}" }
variants:
  debug: { entrypoint: [], busybox: hello }
`;

interface Done {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe("decant base", () => {
  const stack = new AsyncDisposableStack();
  let key: FakeKey;
  let server: FileServer;
  let folder: string;
  let access: readonly string[];

  const publish = async (packages: readonly FakePackage[], at: Date): Promise<void> => {
    for (const suite of ["trixie", "trixie-updates", "trixie-security"]) {
      const files = await suiteFiles({ suite, packages: suite === "trixie" ? packages : [], key, date: at });
      for (const [path, bytes] of files) server.files.set(path, bytes);
    }
  };
  /** Where and how the command runs; `umask` and `TZ` must not show in what it makes. */
  interface Place {
    readonly store?: string;
    readonly cwd?: string;
    readonly umask?: string;
    readonly env?: Readonly<Record<string, string>>;
  }
  const run = async (args: readonly string[], place: Place = {}): Promise<Done> =>
    await new Promise((settle) => {
      const script = `umask ${place.umask ?? "022"}; exec "$@"`;
      const argv = ["-c", script, "sh", DECANT, ...args];
      const env = { ...process.env, NO_COLOR: "1", DECANT_ROOT: join(folder, place.store ?? "store"), ...place.env };
      execFile("sh", argv, { cwd: place.cwd ?? join(folder, "work"), env, encoding: "utf8" }, (error, out, err) =>
        settle({ code: typeof error?.code === "number" ? error.code : error === null ? 0 : 1, out, err }),
      );
    });
  const base = async (args: readonly string[], place: Place = {}): Promise<Done> => await run(["base", ...args, ...access], place);
  const ok = async (promise: Promise<Done>): Promise<string> => {
    const { code, out, err } = await promise;
    assert.equal(code, 0, err + out);
    return out;
  };

  before(async () => {
    folder = stack.use(await mkdtempDisposable(join(tmpdir(), "decant-base-"))).path;
    key = await makeKey();
    server = stack.use(await serveFiles(new Map()));
    await publish(PACKAGES, date);
    await mkdir(join(folder, "work"));
    await writeFile(join(folder, "key.gpg"), Buffer.concat(key.keyring.parts));
    await writeFile(join(folder, "work", "mine.yaml"), RECIPE);
    await writeFile(join(folder, "work", "motd"), "welcome\n");
    access = ["--mirror", server.url, "--security-mirror", server.url, "--keyring", join(folder, "key.gpg"), "--progress", "none"];
  });
  after(() => stack.disposeAsync());

  it("locks a recipe beside it, and builds exactly what is locked", async () => {
    const out = await ok(base(["lock", "mine.yaml"]));
    assert.match(out, /^amd64:\n\+ {2}base-files +1\.0-1\n/);
    assert.match(out, /\n\+ {2}libhello +1\.0-1\n/);
    assert.ok(out.endsWith(`Wrote ${join(folder, "work", "mine.lock.json")}\n`));
    const digest = await ok(base(["build", "-q", "--locked", "--platform", "linux/amd64", "mine.yaml"]));
    assert.match(digest, /^sha256:[0-9a-f]{64}\n$/);
    const layout = join(folder, "work", "layout");
    await ok(base(["build", "-q", "-o", `type=oci,tar=false,dest=${layout}`, "--platform", "linux/amd64", "mine.yaml"]));
    const index: unknown = JSON.parse(await readFile(join(layout, "index.json"), "utf8"));
    const [, manifest = ""] = /"digest":"sha256:([0-9a-f]{64})"/.exec(JSON.stringify(index)) ?? [];
    assert.match(await readFile(join(layout, "blobs/sha256", manifest), "utf8"), /"org\.opencontainers\.image\.version": "1\.0"/);
    // With nothing but the store.
    server.requests.length = 0;
    assert.equal(await ok(base(["build", "-q", "--offline", "--platform", "linux/amd64", "mine.yaml"])), digest);
    assert.deepEqual(server.requests, []);
  });

  it("gives the same digest in another folder, store, umask and time zone, with 1 and 8 jobs", async () => {
    await ok(base(["lock", "mine.yaml"]));
    const other = join(folder, "elsewhere", "deep");
    await mkdir(other, { recursive: true });
    for (const name of ["mine.yaml", "mine.lock.json", "motd"])
      await writeFile(join(other, name), await readFile(join(folder, "work", name)), { mode: 0o600 });
    for (const variant of ["", ":nonroot"]) {
      const args = ["build", "-q", "--platform", "linux/amd64", `mine.yaml${variant}`];
      const digest = await ok(base([...args, "--jobs", "1"]));
      const place = { store: "other", cwd: other, umask: "077", env: { TZ: "Asia/Tokyo", LANG: "C" } };
      assert.equal(await ok(base([...args, "--jobs", "8"], place)), digest);
    }
  });

  it("verifies a base against the store and against an image, and names the first difference", async () => {
    await ok(base(["lock", "mine.yaml"]));
    await ok(base(["build", "-t", "verified:1", "--platform", "linux/amd64", "mine.yaml"]));
    const verify = ["verify", "--platform", "linux/amd64", "mine.yaml"];
    assert.equal(await ok(base(verify)), "mine for linux/amd64 is the same as what is in the store\n");
    assert.equal(await ok(base([...verify, "verified:1"])), "mine for linux/amd64 is the same as verified:1\n");
    await writeFile(join(folder, "work", "Dockerfile"), "FROM verified:1\nUSER 5\n");
    await ok(run(["build", "--progress", "none", "--platform", "linux/amd64", "-t", "changed:1", "."]));
    const { code, out } = await base([...verify, "changed:1"]);
    assert.equal(code, 1);
    assert.match(out, /^mine for linux\/amd64 differs from changed:1: configuration .*\n$/);
  });

  it("refuses a recipe that is no longer what was locked", async () => {
    await ok(base(["lock", "mine.yaml"]));
    await writeFile(join(folder, "work", "motd"), "changed\n");
    const { code, err } = await base(["build", "--platform", "linux/amd64", "mine.yaml"]);
    await writeFile(join(folder, "work", "motd"), "welcome\n");
    assert.equal(code, 1);
    assert.match(
      err,
      /^ERROR: Cannot use lock ".*mine\.lock\.json": recipe "mine" has changed since it was locked\n\nHint: .*decant base update/,
    );
  });

  it("shows what an update changes, and what differs between locks", async () => {
    await ok(base(["lock", "mine.yaml"]));
    await ok(base(["lock", "mine.yaml", "-o", "old.lock.json"]));
    assert.equal(await ok(base(["update", "--check", "mine.yaml"])), `${join(folder, "work", "mine.lock.json")} is up to date\n`);
    const newer = PACKAGES.map((one) => (one.name === "libhello" ? { ...one, version: "2.0-1" } : one));
    await publish(newer, new Date("2026-03-02T00:00:00Z"));
    // Another store: the first one has just looked at the release.
    const place = { store: "updated" };
    const check = await base(["update", "--check", "mine.yaml"], place);
    assert.equal(check.code, 1);
    assert.match(check.out, /^amd64:\n~ {2}libhello {2}1\.0-1 → 2\.0-1.*\n$/);
    assert.match(await ok(base(["update", "mine.yaml"], place)), /libhello {2}1\.0-1 → 2\.0-1.*\nWrote /);
    const diff = await base(["diff", "--platform", "linux/amd64", "old.lock.json", "mine.lock.json"], place);
    assert.equal(diff.code, 1);
    assert.match(diff.out, /^~ {2}libhello {2}1\.0-1 → 2\.0-1.*\n$/);
    await publish(PACKAGES, date);
    // The old lock still gives the old base: nothing is resolved.
    await writeFile(join(folder, "work", "mine.lock.json"), await readFile(join(folder, "work", "old.lock.json")));
    await ok(base(["build", "-q", "--platform", "linux/amd64", "mine.yaml"], place));
  });

  it("shows packages, layers, releases and configuration", async () => {
    await ok(base(["lock", "mine.yaml"]));
    const details: unknown = JSON.parse(await ok(base(["show", "-f", "json", "--platform", "linux/amd64", "mine.yaml:nonroot"])));
    assert.ok(typeof details === "object" && details !== null);
    const field = (name: string): unknown => Reflect.get(details, name);
    assert.deepEqual([field("recipe"), field("variant"), field("suite"), field("platform")], ["mine", "nonroot", "trixie", "linux/amd64"]);
    assert.match(JSON.stringify(field("config")), /"User":"65532"/);
    const text = await ok(base(["show", "--platform", "linux/amd64", "mine.yaml"]));
    assert.match(text, /^Recipe +mine\n/);
    assert.match(text, /\nlibhello +1\.0-1 +amd64/);
    assert.match(text, /\nEntrypoint +\["\/usr\/bin\/hello"\]\n/);
  });

  it("lists the catalogue, and prints the schema of recipes", async () => {
    const list = await ok(run(["base", "list"]));
    assert.match(list, /\nnodejs22-debian13 +trixie +amd64 arm64 +nonroot debug debug-nonroot +\S+ +Node\.js 22/);
    assert.match(list, /\nnodejs18-debian13 .* ended 2025-04-30 +Node\.js 18/, "A8: what is at its end of life is said to be");
    const schema: unknown = JSON.parse(await ok(run(["base", "schema"])));
    assert.equal(Reflect.get(Object(schema), "title"), "Decant recipe");
  });

  const faults: readonly { name: string; args: readonly string[]; want: RegExp }[] = [
    {
      name: "a name that is not in the catalogue",
      args: ["build", "static-debian31"],
      want: /Cannot use recipe "static-debian31": the catalogue has no such recipe\n\nHint: Did you mean "static-debian13"\?/,
    },
    {
      name: "a variant that is not there",
      args: ["build", "static-debian13:debg"],
      want: /it has no variant "debg"; wanted one of nonroot, debug/,
    },
    {
      name: "a lock that is not there",
      args: ["build", "--locked", "static-debian13"],
      want: /Cannot use lock ".*static-debian13\.lock\.json"/,
    },
    { name: "jobs that are no number", args: ["build", "--jobs", "0", "static-debian13"], want: /Cannot use --jobs "0"/ },
    {
      name: "a lock to update that is not there",
      args: ["update", "cc-debian13"],
      want: /there is no such file\n\nHint: Run: decant base lock cc-debian13\n/,
    },
    {
      name: "a name that is none",
      args: ["build", "--tag", "Bad Name", "static-debian13"],
      want: /^ERROR: Cannot use image name "Bad Name"/,
    },
  ];
  for (const row of faults)
    it(`refuses ${row.name}`, async () => {
      const { code, err } = await base(row.args);
      assert.equal(code, 1);
      assert.match(err, row.want);
    });

  describe("in a Dockerfile", () => {
    const context = async (name: string, files: Readonly<Record<string, string>>): Promise<string> => {
      const path = join(folder, name);
      await mkdir(path, { recursive: true });
      const debian = `debian: { mirror: "${server.url}", securityMirror: "${server.url}", keyring: key.gpg }\n`;
      await copyFile(join(folder, "key.gpg"), join(path, "key.gpg"));
      await writeFile(join(path, "decant.yaml"), `${debian}${files["decant.yaml"] ?? ""}`);
      for (const [file, text] of Object.entries(files)) if (file !== "decant.yaml") await writeFile(join(path, file), text);
      return path;
    };
    const build = async (path: string, args: readonly string[] = []): Promise<Done> =>
      await run(["build", "--progress", "plain", "--platform", "linux/amd64", "-t", "app", ...args, path]);
    const user = async (): Promise<string> => {
      const image: unknown = JSON.parse(await ok(run(["inspect", "-f", "json", "app"])));
      return JSON.stringify(image);
    };

    it("stands in for the images of a pattern", async () => {
      const path = await context("pattern", { Dockerfile: "FROM gcr.io/distroless/static-debian13:nonroot\nCOPY decant.yaml /\n" });
      const { code, err } = await build(path, ["--assemble", "gcr.io/distroless/*"]);
      assert.equal(code, 0, err);
      assert.match(
        err,
        /load metadata for gcr\.io\/distroless\/static-debian13:nonroot \(replaced by distroless:static-debian13:nonroot\)/,
      );
      assert.match(await user(), /"User":"65532"/);
    });
    it("stands in for images without a release, by the project file", async () => {
      const path = await context("project", {
        Dockerfile: "FROM gcr.io/distroless/static\n",
        "decant.yaml": "assemble: [gcr.io/distroless/*]\n",
      });
      const { code, err } = await build(path);
      assert.equal(code, 0, err);
      assert.match(err, /replaced by distroless:static-debian13\)/);
    });
    it("is a named context, with a recipe and a lock in the context", async () => {
      const path = await context("named", {
        Dockerfile: "FROM base\n",
        "own.yaml": "name: own\nextends: static-debian13\narchitectures: [amd64]\npackages: [libhello]\nfollow: false\n",
      });
      const args = ["--locked", "--build-context", "base=distroless:./own.yaml:nonroot"];
      const unlocked = await build(path, args);
      assert.equal(unlocked.code, 1);
      assert.match(unlocked.err, /Cannot use lock ".*\/own\.lock\.json": there is no such file/);
      await ok(base(["lock", join(path, "own.yaml")]));
      const { code, err } = await build(path, args);
      assert.equal(code, 0, err);
      assert.match(await user(), /"User":"65532"/);
    });
    it("takes the lock of a catalogue's base from beside the Dockerfile", async () => {
      const path = await context("locked", { Dockerfile: "FROM base\n" });
      const lock = JSON.parse(await readFile(join(folder, "work", "mine.lock.json"), "utf8"));
      await writeFile(join(path, "static-debian13.lock.json"), JSON.stringify({ ...lock, recipe: "static-debian13" }));
      const { code, err } = await build(path, ["--build-context", "base=distroless:static-debian13"]);
      assert.equal(code, 1);
      assert.match(err, /Cannot use lock ".*\/locked\/static-debian13\.lock\.json": recipe "static-debian13" has changed/);
    });
    it("is known to checks, though nothing is fetched: its shell, and who runs", async () => {
      const check = async (variant: string): Promise<string> => {
        const path = await context(`check-${variant}`, {
          Dockerfile: `FROM gcr.io/distroless/static-debian13:${variant}\nCMD echo hello\n`,
        });
        const { out, err } = await run(["build", "--check", "--assemble", "gcr.io/distroless/*", path], { store: "checks" });
        return out + err;
      };
      server.requests.length = 0;
      const nonroot = await check("nonroot");
      assert.match(nonroot, /ShellFormWithoutShell/);
      assert.doesNotMatch(nonroot, /MissingUser/);
      assert.doesNotMatch(await check("debug-nonroot"), /ShellFormWithoutShell|MissingUser/);
      assert.deepEqual(server.requests, []);
    });
    it("tells what may have been meant", async () => {
      const path = await context("typo", { Dockerfile: "FROM gcr.io/distroless/nodejs22-debain13\n" });
      const { code, err } = await build(path, ["--assemble", "gcr.io/distroless/*"]);
      assert.equal(code, 1);
      assert.match(err, /Dockerfile:1.*FROM gcr\.io\/distroless\/nodejs22-debain13/s);
      assert.match(err, /Did you mean "nodejs22-debian13"\?/);
    });
  });
});
