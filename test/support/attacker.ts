/** An image with a shell and a program that calls the kernel by number, and attacks that run in one step of it, as root or as another user. */
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DECANT } from "./command.ts";
import { otherUser } from "./other-user.ts";

/** Calls the kernel: number and arguments, which are numbers or texts. Prints "ok", or the number of the error. */
const CALL = `#!/usr/bin/perl
my @words = map { /^-?\\d+$/ ? $_ + 0 : /^0x/ ? hex : $_ } @ARGV;
my $number = shift @words;
my $result = syscall($number, @words);
print $result == -1 ? $! + 0 : "ok", "\\n";
`;
/** Connects to ADDRESS ("tcp:PORT" of 127.0.0.1, "abstract:NAME", "packet") and prints "ok", or the error. */
const CONNECT = `#!/usr/bin/perl
my ($kind, $name) = split /:/, $ARGV[0], 2;
my ($family, $type) = $kind eq "tcp" ? (2, 1) : $kind eq "packet" ? (17, 3) : (1, 1);
socket(my $socket, $family, $type, $kind eq "packet" ? 0x300 : 0) or print("$!\\n"), exit;
my $address = $kind eq "tcp" ? pack("SnC4x8", 2, $name, 127, 0, 0, 1) : pack("Sxa*", 1, $name);
print $kind eq "packet" || connect($socket, $address) ? "ok\\n" : "$!\\n";
`;
/** Calls the kernel by the gate of 32-bit programs: number and up to four arguments. Ends with the number of the error; a kernel without the gate, by a signal. */
const CALL32 = `#!/usr/bin/perl
my ($number, @words) = map { $_ & 0xffffffff } @ARGV, (0) x 5;
my $code = pack("CV CV CV CV CV", 0xb8, $number, 0xbb, $words[0], 0xb9, $words[1], 0xba, $words[2], 0xbe, $words[3]);
$code .= pack("H*", "cd8089c7f7dfb8e70000000f05");
my $at = unpack("Q", pack("p", $code));
syscall(10, $at & ~4095, 8192, 7) == 0 or die "mprotect: $!";
DynaLoader::boot_DynaLoader("DynaLoader");
DynaLoader::dl_install_xsub("main::gate", $at);
gate();
`;

/** The beginning of Dockerfiles: busybox, perl, `call` and `connect`. */
export const ATTACKER = `FROM scratch AS attacker
COPY root /
RUN ["/bin/busybox", "--install", "-s", "/bin"]
ENV PATH=/bin
`;

/** Who builds. Disposing removes his files. */
export interface Place extends Disposable {
  readonly name: "root" | "without root";
  /** Of the context. */
  readonly folder: string;
  build(dockerfile: string, ...options: readonly string[]): { readonly code: number | null; readonly said: string };
  /** Runs each script in a subshell of one step, and gives what it said. `flags`: of the RUN. */
  attack(scripts: readonly string[], flags?: string, ...options: readonly string[]): string[];
}

/** A place with the image's files in its context. */
export function attackPlace(name: Place["name"]): Place {
  const user = name === "root" ? undefined : otherUser();
  const home = user?.home ?? mkdtempSync(join(tmpdir(), "decant-attacks-"));
  const folder = join(home, "context");
  fillRoot(join(folder, "root"));
  const build: Place["build"] = (dockerfile, ...options) => {
    writeFileSync(join(folder, "Dockerfile"), dockerfile);
    const words = ["build", "--progress=plain", ...options, folder];
    if (user !== undefined) {
      const { code, out, err } = user.decant(...words);
      return { code, said: `${out}${err}` };
    }
    const env = { ...process.env, NO_COLOR: "1", DECANT_ROOT: join(home, "store") };
    const done = spawnSync(DECANT, words, { encoding: "utf8", cwd: home, env });
    return { code: done.status, said: `${done.stdout}${done.stderr}` };
  };
  return {
    name,
    folder,
    build,
    attack(scripts, flags = "", ...options) {
      const lines = scripts.map((script, at) => `( ${script} ) >/tmp/said 2>&1 </dev/null; echo "@${at}: $(tr '\\n' ' ' </tmp/said)"`);
      writeFileSync(join(folder, "attacks"), ["mkdir -p /tmp", ...lines].join("\n"));
      const { code, said } = build(`${ATTACKER}COPY attacks /attacks\nRUN ${flags} sh /attacks; true\n`, "--no-cache", ...options);
      assert.equal(code, 0, said);
      return scripts.map((_, at) => new RegExp(`^#\\d+ [\\d.]+ @${at}: (.*)$`, "m").exec(said)?.[1]?.trim() ?? "");
    },
    [Symbol.dispose]() {
      user?.[Symbol.dispose]();
      if (user === undefined) rmSync(home, { recursive: true, force: true });
    },
  };
}

/** perl is part of every Debian. */
function fillRoot(root: string): void {
  mkdirSync(join(root, "bin"), { recursive: true });
  copyFileSync("/usr/bin/busybox", join(root, "bin/busybox"));
  const libraries = execFileSync("ldd", ["/usr/bin/perl"], { encoding: "utf8" }).match(/\/\S+/g) ?? [];
  for (const path of ["/usr/bin/perl", ...libraries]) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    copyFileSync(path, join(root, path));
  }
  for (const [name, text] of Object.entries({ call: CALL, call32: CALL32, connect: CONNECT })) {
    writeFileSync(join(root, "bin", name), text);
    chmodSync(join(root, "bin", name), 0o755);
  }
}
