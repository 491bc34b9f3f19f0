/**
 * Makes a release in release/: the npm package, a tarball with Node.js inside for each platform, Decant's own image, SBOMs and checksums. Decant
 * builds tarballs and image, twice, in stores that share nothing, and compares. Publishes nothing: it prints the commands that would.
 *
 *   node scripts/release.ts [--out FOLDER] [--platform linux/amd64,linux/arm64] [--once]
 *
 * Needs root and crun or runc (the launcher of the image is compiled in a RUN step), npm's registry, and Debian's archive.
 */
import { mkdirSync, mkdtempDisposableSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import { VERSION } from "../src/version.ts";
import { type Stage, stageRelease } from "./release-stage.ts";
import { releaseEpoch, ROOT, run, sha256Of } from "./release-support.ts";

const DECANT = join(ROOT, "bin", "decant");
const IMAGE = `decant:${VERSION}`;

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

const stage = stageRelease({ out, folder: join(work.path, "context"), platforms, epoch });
const store = join(work.path, "store");
for (const recipe of ["base", "tools"]) {
  const lock = join(stage.folder, `${recipe}.lock.json`);
  run([DECANT, "base", "lock", "--root", store, "-o", lock, join(stage.folder, `${recipe}.yaml`)]);
}
writeFileSync(join(out, `decant-${VERSION}-base.lock.json`), readFileSync(join(stage.folder, "base.lock.json")));

const made = makeAll(stage, store, out);
if (!values.once) compare(made, makeAll(stage, join(work.path, "store-again"), mkdtempDisposableSync(join(work.path, "again-")).path));
for (const platform of platforms) {
  const file = join(out, `decant-${VERSION}-${platform.replaceAll("/", "-")}.spdx.json`);
  run([DECANT, "sbom", "--root", store, "--platform", platform, "-o", file, IMAGE]);
}
const files = [
  `decant-${VERSION}.tgz`,
  ...made.files,
  ...platforms.map((platform) => `decant-${VERSION}-${platform.replaceAll("/", "-")}.spdx.json`),
];
writeFileSync(join(out, "SHA256SUMS"), files.map((name) => `${sha256Of(join(out, name))}  ${name}\n`).join(""));
tell(files, made.digest);

/** What one store makes. */
interface Made {
  readonly folder: string;
  /** Of the image's index. */
  readonly digest: string;
  readonly files: readonly string[];
}

function makeAll({ folder }: Stage, root: string, to: string): Made {
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
  const image = `decant-${VERSION}-image.tar`;
  const metadata = join(root, "metadata.json");
  const outputs = ["-o", `type=oci,dest=${join(to, image)},rewrite-timestamp=true`, "-o", "type=image,rewrite-timestamp=true", "-t", IMAGE];
  const proofs = ["--audit=strict", "--audit-report", join(to, `decant-${VERSION}-audit.json`), "--sbom", "--metadata-file", metadata];
  run([DECANT, ...common, ...args, "--target", "image", "--platform", platforms.join(","), ...outputs, ...proofs, folder]);
  const { "containerimage.digest": digest } = JSON.parse(readFileSync(metadata, "utf8")) as { readonly "containerimage.digest": string };
  return { folder: to, digest, files: [...tarballs, image] };
}

/** Throws where the second time gave other bytes. */
function compare(first: Made, second: Made): void {
  const other = first.files.filter((name) => sha256Of(join(first.folder, name)) !== sha256Of(join(second.folder, name)));
  if (first.digest !== second.digest) other.push(`the image: ${first.digest} and ${second.digest}`);
  if (other.length > 0) throw new Error(`Cannot release: a second build gives other bytes: ${other.join(", ")}`);
  console.log(`A second build with an empty store gives the same bytes: ${first.digest}`);
}

function tell(names: readonly string[], digest: string): void {
  const { homepage = "" } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { readonly homepage?: string };
  console.log(`\nIn ${out}:`);
  for (const name of [...names, "SHA256SUMS"]) console.log(`  ${name}`);
  console.log(`\nThe image: ${digest}. Nothing is published. To publish:`);
  console.log(`  npm publish ${join(out, `decant-${VERSION}.tgz`)}`);
  console.log(`  skopeo copy --all oci-archive:${join(out, `decant-${VERSION}-image.tar`)} docker://REGISTRY/decant:${VERSION}`);
  console.log(`  and the other files to where people download them, with SHA256SUMS`);
  if (new URL(homepage).hostname.endsWith(".example"))
    console.log("\nBefore you publish: package.json has addresses that do not exist (homepage, repository, bugs). Set them.");
}
