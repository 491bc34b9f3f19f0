/** Builds for end-to-end tests: a store and a context of their own, Dockerfile and files as text. */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { stepsEnd } from "./events.ts";
import { type BuildEvent, build, type BuildOptions, type BuildResult, isDecantError } from "../../src/index.ts";

/** A folder with a store and a context; gone when disposed. */
export interface Workshop extends Disposable {
  readonly folder: string;
  readonly root: string;
  readonly context: string;
  /** Writes files of the context; a value that starts with "#!" is executable. */
  write(files: Readonly<Record<string, string>>): void;
  /** Builds and gives result and events. Rejects as the build does. */
  build(dockerfile: string, options?: Partial<BuildOptions>): Promise<Built>;
  /** The same for a context that brings its own Dockerfile. */
  buildAs(options: BuildOptions): Promise<Built>;
}

/** A finished build. */
export interface Built {
  readonly result: BuildResult;
  readonly events: readonly BuildEvent[];
  /** What all steps wrote. */
  readonly log: string;
}

/** Makes a workshop. */
export function workshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), "decant-e2e-"));
  const root = join(folder, "store");
  const context = join(folder, "context");
  mkdirSync(context);
  const buildAs = async (options: BuildOptions): Promise<Built> => {
    await using run = build({ root, env: {}, caCerts: "off", ...options });
    const events: BuildEvent[] = [];
    for await (const event of run) events.push(event);
    stepsEnd(events);
    const log = events.map((event) => (event.type === "log" ? event.data : "")).join("");
    return { result: await run.result, events, log };
  };
  return {
    folder,
    root,
    context,
    write(files) {
      for (const [name, text] of Object.entries(files)) {
        const path = join(context, name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text);
        if (text.startsWith("#!")) chmodSync(path, 0o755);
      }
    },
    async build(dockerfile, options = {}) {
      const file = join(folder, "Dockerfile");
      writeFileSync(file, dockerfile);
      return await buildAs({ context, file, ...options });
    },
    buildAs,
    [Symbol.dispose]() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The files below `folder` that have `needle` in them. */
export function holds(folder: string, needle: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path).includes(needle));
}

const APPLETS = [
  "sh",
  "cat",
  "chmod",
  "chown",
  "cp",
  "date",
  "echo",
  "env",
  "false",
  "find",
  "grep",
  "head",
  "hostname",
  "id",
  "ln",
  "ls",
  "mkdir",
  "mknod",
  "mount",
  "mv",
  "printf",
  "ps",
  "pwd",
  "rm",
  "rmdir",
  "sed",
  "seq",
  "sleep",
  "sort",
  "stat",
  "sync",
  "tail",
  "test",
  "touch",
  "tr",
  "true",
  "uname",
  "wc",
  "wget",
];

/** Puts a busybox root file system below `busybox/` of the context: `FROM scratch`, `COPY busybox /`. */
export function addBusybox(shop: Pick<Workshop, "context">): void {
  const bin = join(shop.context, "busybox", "bin");
  mkdirSync(bin, { recursive: true });
  copyFileSync("/usr/bin/busybox", join(bin, "busybox"));
  chmodSync(join(bin, "busybox"), 0o755);
  for (const applet of APPLETS) symlinkSync("busybox", join(bin, applet));
  mkdirSync(join(shop.context, "busybox", "tmp"));
  mkdirSync(join(shop.context, "busybox", "etc"));
  writeFileSync(join(shop.context, "busybox", "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n");
  writeFileSync(join(shop.context, "busybox", "etc", "group"), "root:x:0:\napp:x:1001:\nextra:x:2000:app\n");
}

/** Puts a program of this machine, with the libraries that it needs, into the root file system of `addBusybox`. */
export function addProgram(shop: Pick<Workshop, "context">, path: string): void {
  const libraries = execFileSync("ldd", [path], { encoding: "utf8" }).matchAll(/(?:=> |^\s*)(\/\S+) \(/gm);
  for (const source of [path, ...Array.from(libraries, ([, library = ""]) => library)]) {
    const target = join(shop.context, "busybox", source === path ? join("bin", basename(path)) : source);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(source, target);
  }
}

/** The first lines of a Dockerfile whose stage `base` has busybox. */
export const BUSYBOX = "FROM scratch AS base\nCOPY busybox /\nENV PATH=/bin\n";

/** Waits for a build that fails: "CODE LINE: message"; "no error" for one that does not. */
export async function failure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isDecantError(error)) return `${error.code} ${error.source[0]?.start.line ?? "-"}: ${error.message}`;
    throw error;
  }
  return "no error";
}
