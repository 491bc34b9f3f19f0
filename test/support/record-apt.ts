/**
 * Records what apt would install from an empty system, and the packages that our search looks at for the same, for src/debian/apt.test.ts. Run by
 * hand, on Debian and with network: node test/support/record-apt.ts [suite …]
 */
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { BinaryPackage } from "../../src/debian/binary-package.ts";
import { archiveContext } from "../../src/debian/context.ts";
import { listedFile } from "../../src/debian/listed-file.ts";
import { joinIndexes, type PackageIndex } from "../../src/debian/package-index.ts";
import { openPackages } from "../../src/debian/packages-file.ts";
import { currentRelease } from "../../src/debian/releases.ts";
import { resolvePackages } from "../../src/debian/resolve.ts";
import { debianSources } from "../../src/debian/sources.ts";
import { openStore } from "../../src/store/index.ts";
import { runProcess } from "../../src/sys/index.ts";

const REQUESTS = ["python3", "libpq5", "nginx-light", "postgresql-client", "ffmpeg", "default-mta", "curl ca-certificates", "git", "mutt"];
const MORE: Readonly<Record<string, readonly string[]>> = {
  bookworm: ["openjdk-17-jre-headless", "samba"],
  trixie: ["openjdk-21-jre-headless", "gimp"],
};
const ARCHITECTURE = "amd64";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

for (const suite of process.argv.length > 2 ? process.argv.slice(2) : ["bookworm", "trixie"]) await record(suite);

async function record(codename: string): Promise<void> {
  await using dir = await mkdtempDisposable(join(tmpdir(), "decant-record-apt-"));
  const config = await aptRoot(dir.path, codename);
  await apt(config, ["-qq", "update"]);
  const looked = new Map<string, BinaryPackage>();
  const index = await watchedIndex(join(dir.path, "store"), codename, looked);
  const answers: Record<string, readonly string[]> = {};
  for (const wanted of [...REQUESTS, ...(MORE[codename] ?? [])]) {
    const names = wanted.split(" ");
    const stdout = await apt(config, ["-s", "install", "--no-install-recommends", ...names]);
    answers[wanted] = [...stdout.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name, version]) => `${name} ${version}`).toSorted();
    resolvePackages(index, { names, architecture: ARCHITECTURE });
  }
  const folder = join(import.meta.dirname, "../../src/debian/testdata");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `apt-${codename}.json`), `${JSON.stringify(answers, undefined, 1)}\n`);
  const paragraphs = [...looked.values()].toSorted((one, other) => (one.name < other.name ? -1 : 1)).map(paragraph);
  await writeFile(join(folder, `apt-${codename}.Packages.gz`), gzipSync(paragraphs.join("\n"), { level: 9 }));
}

function paragraph(binary: BinaryPackage): string {
  const fields = {
    Package: binary.name,
    Version: binary.version,
    Architecture: binary.architecture,
    "Multi-Arch": binary.multiArch,
    Essential: binary.essential === true ? "yes" : undefined,
    Priority: binary.priority,
    "Pre-Depends": binary.preDepends,
    Depends: binary.depends,
    Provides: binary.provides,
    Conflicts: binary.conflicts,
    Breaks: binary.breaks,
    Filename: "a.deb",
    Size: "1",
    SHA256: "0".repeat(64),
  };
  return Object.entries(fields)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}\n`]))
    .join("");
}

/** An index that notes every package that it is asked for. */
async function watchedIndex(root: string, codename: string, looked: Map<string, BinaryPackage>): Promise<PackageIndex> {
  // Indexes are read into memory, so that the store may close.
  await using store = await openStore({ root });
  const context = archiveContext(store, {});
  const indexes: PackageIndex[] = [];
  for (const source of debianSources(codename)) {
    const file = listedFile(context, await currentRelease(context, source), `main/binary-${ARCHITECTURE}/Packages`, 1024 ** 3);
    if (file !== undefined) indexes.push(await openPackages(context, file));
  }
  const index = joinIndexes(indexes);
  const noted = (name: string): readonly BinaryPackage[] => {
    const found = index.named(name);
    for (const one of found) looked.set(`${one.name} ${one.version} ${one.suite}`, one);
    return found;
  };
  return {
    names: () => index.names(),
    named: noted,
    providing: (name) => {
      const names = index.providing(name);
      for (const one of names) noted(one);
      return names;
    },
  };
}

async function aptRoot(root: string, codename: string): Promise<string> {
  for (const folder of [
    "etc/apt/apt.conf.d",
    "etc/apt/preferences.d",
    "etc/apt/sources.list.d",
    "var/lib/apt/lists/partial",
    "var/cache/apt/archives/partial",
    "var/lib/dpkg",
  ])
    await mkdir(join(root, folder), { recursive: true });
  const sources = debianSources(codename).map(
    ({ uri, suite, components }) => `deb [signed-by=${KEYRING}] ${uri} ${suite} ${components.join(" ")}\n`,
  );
  await writeFile(join(root, "etc/apt/sources.list"), sources.join(""));
  await writeFile(join(root, "var/lib/dpkg/status"), "");
  const config = join(root, "apt.conf");
  await writeFile(
    config,
    `Dir "${root}"; Dir::State::status "${root}/var/lib/dpkg/status"; APT::Architecture "${ARCHITECTURE}"; APT::Architectures { "${ARCHITECTURE}"; }; Acquire::Languages "none"; APT::Sandbox::User "root";\n`,
  );
  return config;
}

async function apt(config: string, args: readonly string[]): Promise<string> {
  const { stdout } = await runProcess({ argv: ["apt-get", ...args], env: { ...process.env, APT_CONFIG: config, LC_ALL: "C" } });
  return stdout.toString();
}
