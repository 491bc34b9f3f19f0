/**
 * Makes a release in release/: the npm package, a tarball with Node.js inside for each platform, Decant's own images, SBOMs and checksums. Decant
 * builds tarballs and images, twice, in stores that share nothing, and compares; then it replays the images from their provenance. Publishes nothing: it prints the commands that would.
 *
 *   node scripts/release.ts [--out FOLDER] [--platform linux/amd64,linux/arm64] [--once]
 *
 * Needs root and crun or runc (the launcher of the images is compiled in a RUN step), npm's registry, and Debian's archive.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempDisposableSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { VERSION } from "../src/version.ts";
import { type Stage, stageRelease } from "./release-stage.ts";
import { releaseEpoch, ROOT, run, sha256Of } from "./release-support.ts";

const DECANT = join(ROOT, "bin", "decant");
/** Stages of packaging/Dockerfile. The image for debugging has a shell and root, which a strict audit refuses. */
const IMAGES = [
  { target: "image", tag: `decant:${VERSION}`, file: `decant-${VERSION}-image`, audit: "strict" },
  { target: "debug", tag: `decant:${VERSION}-debug`, file: `decant-${VERSION}-image-debug`, audit: "error" },
] as const;

const { values } = parseArgs({
  options: {
    out: { type: "string", default: join(ROOT, "release") },
    platform: { type: "string", default: "linux/amd64,linux/arm64" },
    once: { type: "boolean", default: false },
  },
});
const out = resolve(values.out);
const platforms = values.platform.split(",");
const epoch = releaseEpoch();
process.umask(0o022);
rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
using work = mkdtempDisposableSync(join(tmpdir(), "decant-release-"));

auditSignatures();
const stage = stageRelease({ out, folder: join(work.path, "context"), platforms, epoch });
const store = join(work.path, "store");
for (const recipe of ["base", "tools"]) {
  const lock = join(stage.folder, `${recipe}.lock.json`);
  run([DECANT, "base", "lock", "--root", store, "-o", lock, join(stage.folder, `${recipe}.yaml`)]);
}
writeFileSync(join(out, `decant-${VERSION}-base.lock.json`), readFileSync(join(stage.folder, "base.lock.json")));

const made = makeAll(stage, store, out);
if (!values.once) compare(made, makeAll(stage, join(work.path, "store-again"), join(work.path, "again")));
replayAll(store, stage.folder);
const files = [`decant-${VERSION}.tgz`, ...made.files, ...IMAGES.map(({ file }) => `${file}.tar`), ...sboms(store)];
writeFileSync(join(out, "SHA256SUMS"), files.map((name) => `${sha256Of(join(out, name))}  ${name}\n`).join(""));
tell(files, made.digests);

/** What one store makes. */
interface Made {
  readonly folder: string;
  /** Of the indexes of the images. Provenance says when each build was. */
  readonly digests: readonly string[];
  /** Of the images themselves: "NAME linux/amd64 sha256:…". */
  readonly manifests: readonly string[];
  /** Tarballs. */
  readonly files: readonly string[];
}

function makeAll({ folder }: Stage, root: string, to: string): Made {
  mkdirSync(to, { recursive: true });
  const common = ["build", "--root", root, "--progress", "plain", "--project-file", join(folder, "decant.yaml"), "--locked"];
  const args = ["--build-arg", `VERSION=${VERSION}`, "--build-arg", `SOURCE_DATE_EPOCH=${epoch}`];
  const tarballs = platforms.map((platform) => {
    const name = `decant-${VERSION}-${platform.replaceAll("/", "-")}.tar`;
    run([DECANT, ...common, ...args, "--target", "tarball", "--platform", platform, "-o", `type=tar,dest=${join(to, name)}`, folder]);
    // A header without a time and a name: the same bytes for the same tar.
    writeFileSync(join(to, `${name}.gz`), gzipSync(readFileSync(join(to, name)), { level: 9 }));
    rmSync(join(to, name));
    return `${name}.gz`;
  });
  const digests = IMAGES.map(({ target, tag, file, audit }) => {
    const metadata = join(root, `${target}.json`);
    const outputs = [
      "-o",
      `type=oci,dest=${join(to, file)}.tar,rewrite-timestamp=true`,
      "-o",
      "type=image,rewrite-timestamp=true",
      "-t",
      tag,
    ];
    const proofs = [`--audit=${audit}`, "--sbom", "--provenance=mode=max,reproducible=true", "--metadata-file", metadata];
    run([DECANT, ...common, ...args, "--target", target, "--platform", platforms.join(","), ...outputs, ...proofs, folder]);
    const { "containerimage.digest": digest } = JSON.parse(readFileSync(metadata, "utf8")) as { readonly "containerimage.digest": string };
    return digest;
  });
  const manifests = IMAGES.flatMap(({ file }) => manifestsOf(to, file));
  return { folder: to, digests, manifests, files: tarballs };
}

/** Throws where the second time gave other bytes. */
function compare(first: Made, second: Made): void {
  const other = first.files.filter((name) => sha256Of(join(first.folder, name)) !== sha256Of(join(second.folder, name)));
  const images = second.manifests.filter((one) => !first.manifests.includes(one));
  if (other.length + images.length > 0 || first.manifests.length !== second.manifests.length)
    throw new Error(`Cannot release: a second build gives other bytes: ${[...other, ...first.manifests, ...images].join(", ")}`);
  console.log("A second build with an empty store gives the same bytes");
}

/** Asks npm's registry who signed its packages. Throws where a signature is wrong; where none can be had, as behind a proxy that strips them, it says so. */
function auditSignatures(): void {
  const { status, stdout, stderr } = spawnSync("npm", ["audit", "signatures"], { cwd: ROOT, encoding: "utf8" });
  const said = `${stdout}${stderr}`.trim();
  if (/invalid (?:registry signature|attestation)/i.test(said)) throw new Error(`Cannot release: ${said}`);
  console.log(
    status === 0
      ? said
      : `The signatures of npm's packages could not be checked here: ${said.split("\n").find((line) => line !== "") ?? ""}`,
  );
}

/** The digests of the images in an archive, without what is said of them: "NAME linux/amd64 sha256:…". */
function manifestsOf(folder: string, file: string): string[] {
  const read = (name: string): Index =>
    JSON.parse(execFileSync("tar", ["-xOf", join(folder, `${file}.tar`), name], { encoding: "utf8" })) as Index;
  const [top] = read("index.json").manifests;
  const { manifests } = read(`blobs/${top?.digest.replace(":", "/") ?? ""}`);
  return manifests.flatMap(({ digest, platform }) =>
    platform === undefined || platform.os === "unknown" ? [] : [`${file} ${platform.os}/${platform.architecture} ${digest}`],
  );
}

interface Index {
  readonly manifests: readonly { readonly digest: string; readonly platform?: { readonly os: string; readonly architecture: string } }[];
}

/** Builds the images once more from what their provenance says, as anybody can who has the context. Throws where one is another one. */
function replayAll(root: string, folder: string): void {
  for (const { file } of IMAGES)
    for (const platform of platforms)
      run([
        DECANT,
        "replay",
        "verify",
        "--root",
        root,
        "--progress",
        "plain",
        "--platform",
        platform,
        `oci:${join(out, file)}.tar`,
        folder,
      ]);
}

/** An SBOM for each image and platform. */
function sboms(root: string): string[] {
  return IMAGES.flatMap(({ tag, file }) =>
    platforms.map((platform) => {
      const name = `${file}-${platform.replaceAll("/", "-")}.spdx.json`;
      run([DECANT, "sbom", "--root", root, "--platform", platform, "-o", join(out, name), tag]);
      return name;
    }),
  );
}

function tell(names: readonly string[], digests: readonly string[]): void {
  const { homepage = "" } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly homepage?: string };
  const paths = names.map((name) => join(out, name));
  console.log(["", `Made in ${out}, and not published:`, ...[...names, "SHA256SUMS"].map((name) => `  ${name}`)].join("\n"));
  console.log(["Images:", ...IMAGES.map(({ tag }, at) => `  ${tag} ${digests[at]}`)].join("\n"));
  console.log(`\nTo publish, where REGISTRY is yours:\n  npm publish ${paths[0]}`);
  for (const { tag, file } of IMAGES) console.log(`  skopeo copy --all oci-archive:${join(out, file)}.tar docker://REGISTRY/${tag}`);
  console.log("and put the tarballs, the SBOMs and SHA256SUMS where people download them.");
  if (new URL(homepage).hostname.endsWith(".example"))
    console.log("\nBefore that, set homepage, repository and bugs of package.json: today they name addresses that do not exist.");
}
