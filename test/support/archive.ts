/**
 * A Debian archive made of values: keys, .debs, and a server of files on loopback; `archive-suite.ts` makes the indexes. Everything can be
 * replaced after it was made, so that a test can be the hostile mirror.
 */
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import * as openpgp from "openpgp";
import { type Keyring, keyringOf } from "../../src/debian/keyring.ts";
import type { ArchiveSource } from "../../src/debian/sources.ts";

/** One member of a tar, as a test writes it. */
export interface TarMember {
  readonly path: string;
  /** Default "file". */
  readonly type?: "file" | "dir" | "symlink" | "hardlink" | "char" | "fifo";
  readonly content?: string | Uint8Array;
  readonly link?: string;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  /** Seconds. Default 1700000000. */
  readonly mtime?: number;
}

/** A package of the fake archive. */
export interface FakePackage {
  readonly name: string;
  /** Default "1.0-1". */
  readonly version?: string;
  /** Default "amd64". */
  readonly architecture?: string;
  readonly files?: readonly TarMember[];
  /** More fields of the control file. */
  readonly fields?: Readonly<Record<string, string>>;
  /** Default: made from `files`. null: the package has none. */
  readonly md5sums?: string | null;
  /** Instead of the .deb that would be made. */
  readonly deb?: Buffer;
}

/** A throw-away signing key. */
export interface FakeKey {
  readonly keyring: Keyring;
  readonly privateKey: openpgp.PrivateKey;
}

/** Makes a key, Ed25519 unless `rsa`. `expiresInSeconds` counts from `createdAt`; 0: never. */
export async function makeKey(
  name = "test",
  options: { readonly createdAt?: Date; readonly expiresInSeconds?: number; readonly rsa?: boolean } = {},
): Promise<FakeKey> {
  const { privateKey, publicKey } = await openpgp.generateKey({
    ...(options.rsa === true ? { type: "rsa" as const, rsaBits: 2048 } : { type: "curve25519" as const }),
    userIDs: [{ name, email: `${name}@example.org` }],
    date: options.createdAt ?? new Date("2026-01-01T00:00:00Z"),
    keyExpirationTime: options.expiresInSeconds ?? 0,
    format: "object",
  });
  return { keyring: keyringOf(`${name}.gpg`, publicKey.write()), privateKey };
}

/** Clearsigns text as of `date`. */
export async function clearsign(text: string, key: FakeKey, date: Date, hash?: openpgp.enums.hash): Promise<string> {
  // The library takes a hash only when the key says that it likes it.
  const certifications = key.privateKey.users.flatMap((user) => user.selfCertifications);
  if (hash !== undefined) for (const certification of certifications) certification.preferredHashAlgorithms = [hash];
  return await openpgp.sign({
    message: await openpgp.createCleartextMessage({ text }),
    signingKeys: key.privateKey,
    date,
    ...(hash === undefined ? {} : { config: { preferredHashAlgorithm: hash, nonDeterministicSignaturesViaNotation: false } }),
  });
}

const TYPE_FLAGS = { file: "0", hardlink: "1", symlink: "2", char: "3", dir: "5", fifo: "6" } as const;

/** A ustar archive with the members as they are: nothing is checked or sorted. */
export function tarOf(members: readonly TarMember[]): Buffer {
  const blocks: Buffer[] = [];
  for (const member of members) {
    const type = member.type ?? "file";
    const content = Buffer.from(member.content ?? "");
    const header = Buffer.alloc(512);
    header.write(member.path, 0, 100, "latin1");
    header.write(octal(member.mode ?? (type === "dir" ? 0o755 : 0o644), 7), 100);
    header.write(octal(member.uid ?? 0, 7), 108);
    header.write(octal(member.gid ?? 0, 7), 116);
    header.write(octal(content.length, 11), 124);
    header.write(octal(member.mtime ?? 1_700_000_000, 11), 136);
    header.write(" ".repeat(8), 148);
    header.write(TYPE_FLAGS[type], 156);
    header.write(member.link ?? "", 157, 100, "latin1");
    header.write("ustar\u000000", 257, "latin1");
    if (type === "char") header.write(`${octal(1, 7)}\u0000${octal(3, 7)}`, 329);
    header.write(
      octal(
        header.reduce((sum, byte) => sum + byte, 0),
        6,
      ),
      148,
    );
    header[154] = 0;
    blocks.push(header, content, Buffer.alloc((512 - (content.length % 512)) % 512));
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}

/** An ar archive. `sizes` overrides what a header says. */
export function arOf(members: readonly (readonly [name: string, content: Buffer])[], sizes: Readonly<Record<string, string>> = {}): Buffer {
  const parts: Buffer[] = [Buffer.from("!<arch>\n")];
  for (const [name, content] of members) {
    const size = sizes[name] ?? String(content.length);
    parts.push(
      Buffer.from(`${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${size.padEnd(10)}\`\n`),
      content,
    );
    if (content.length % 2 === 1) parts.push(Buffer.from("\n"));
  }
  return Buffer.concat(parts);
}

/** The .deb of a package, gzip inside. */
export function debOf(fake: FakePackage): Buffer {
  if (fake.deb !== undefined) return fake.deb;
  const files = fake.files ?? [];
  const md5sums =
    fake.md5sums === undefined
      ? files
          .filter((file) => (file.type ?? "file") === "file")
          .map(
            (file) =>
              `${createHash("md5")
                .update(file.content ?? "")
                .digest("hex")}  ${file.path.replace(/^\.\//, "")}\n`,
          )
          .join("")
      : fake.md5sums;
  const control: TarMember[] = [
    { path: "./", type: "dir" },
    { path: "./control", content: controlOf(fake) },
  ];
  if (md5sums !== null) control.push({ path: "./md5sums", content: md5sums });
  return arOf([
    ["debian-binary", Buffer.from("2.0\n")],
    ["control.tar.gz", gzipSync(tarOf(control))],
    ["data.tar.gz", gzipSync(tarOf(files))],
  ]);
}

/** Its control file. */
export function controlOf(fake: FakePackage): string {
  const fields = {
    Package: fake.name,
    Version: fake.version ?? "1.0-1",
    Architecture: fake.architecture ?? "amd64",
    Maintainer: "Nobody <nobody@example.org>",
    ...fake.fields,
    Description: `fake ${fake.name}\n with a folded line`,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

/** Path → bytes, below the archive's root. */
export type ArchiveFiles = Map<string, Buffer>;

/** A server of files; `files` may change while it runs. */
export interface FileServer extends AsyncDisposable {
  /** "http://127.0.0.1:<port>" */
  readonly url: string;
  readonly files: ArchiveFiles;
  /** Paths that were asked for, in order. */
  readonly requests: string[];
  /** The source of a suite. */
  source(suite?: string): ArchiveSource;
}

/** Serves files on loopback. */
export async function serveFiles(files: ArchiveFiles): Promise<FileServer> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent((request.url ?? "/").slice(1));
    requests.push(path);
    const body = files.get(path);
    response.writeHead(body === undefined ? 404 : 200, { "content-length": body?.length ?? 0 });
    response.end(body);
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, "127.0.0.1", resolve);
  await promise;
  const address = server.address();
  const url = typeof address === "object" && address !== null ? `http://127.0.0.1:${address.port}` : "";
  return {
    url,
    files,
    requests,
    source: (suite = "bookworm") => ({ uri: url, suite, components: ["main"] }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
