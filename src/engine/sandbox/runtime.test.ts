/** Choosing a runtime, and reading what it says. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { sha256 } from "../../digest.ts";
import { chooseRuntime, type Runtime, runtimeFailure, type Trial } from "./runtime.ts";

const PROFILE = sha256("profile");

async function twoRuntimes(folder: string): Promise<readonly Runtime[]> {
  return (["crun", "runc"] as const).map((name) => {
    const path = join(folder, name);
    writeFileSync(path, "");
    return { name, path, cgroup: false, guarded: true };
  });
}

describe("chooseRuntime()", () => {
  it("takes the first that works and remembers it with its filter", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-runtime-"));
    const runtimes = await twoRuntimes(folder.path);
    const tried: string[] = [];
    const probe = async ({ name }: Runtime): Promise<Trial> => {
      tried.push(name);
      return name === "crun" ? { works: false, message: "no" } : { works: true, filter: "Zg==" };
    };
    const options = { isDirect: true, stateDir: folder.path, profileOf: () => PROFILE, probe };
    const runc = { ...runtimes[1], filter: "Zg==" };
    assert.deepEqual(await chooseRuntime(runtimes, options), runc);
    assert.deepEqual(await chooseRuntime(runtimes, options), runc);
    assert.deepEqual(tried, ["crun", "runc", "crun"]);
    await chooseRuntime(runtimes.slice(1), { ...options, profileOf: () => sha256("another") });
    writeFileSync(runtimes[1]?.path ?? "", "updated");
    await chooseRuntime(runtimes.slice(1), options);
    assert.deepEqual(tried.slice(3), ["runc", "runc"]);
  });

  it("tells what every runtime says when none works", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-runtime-"));
    const probe = async ({ name }: Runtime): Promise<Trial> => ({ works: false, message: `${name} is tired` });
    await assert.rejects(
      chooseRuntime(await twoRuntimes(folder.path), { isDirect: true, stateDir: folder.path, profileOf: () => PROFILE, probe }),
      {
        code: "RUNTIME",
        message: /crun: crun is tired; .*runc: runc is tired$/,
      },
    );
  });

  it("ignores a damaged memory", async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), "decant-runtime-"));
    writeFileSync(join(folder.path, "runtime.json"), "{{{");
    const probe = async (): Promise<Trial> => ({ works: true });
    const runtimes = await twoRuntimes(folder.path);
    assert.deepEqual(
      await chooseRuntime(runtimes, { isDirect: true, stateDir: folder.path, profileOf: () => PROFILE, probe }),
      runtimes[0],
    );
    assert.equal(Object.keys(JSON.parse(readFileSync(join(folder.path, "runtime.json"), "utf8"))).length, 1);
  });
});

describe("runtimeFailure()", () => {
  const line = (level: string, msg: string): string => `${JSON.stringify({ level, msg })}\n`;
  const crunExec = line("error", "exec container process `/bad`: Exec format error");
  const rows = [
    ["nothing for success", "crun", { exitCode: 0, log: line("error", "late") }, "", undefined],
    ["nothing for a program that fails", "crun", { exitCode: 1, log: line("warning", "odd") }, "exec /x: is my output\n", undefined],
    ["logged errors", "runc", { exitCode: 1, log: line("error", "first") + line("fatal", "second") }, "", "first; second"],
    ["text that is not JSON", "crun", { exitCode: 1, log: "plain\n" }, "", "plain"],
    ["crun's failed execve", "crun", { exitCode: 1, log: "" }, crunExec, "exec container process `/bad`: Exec format error"],
    ["runc's failed execve", "runc", { exitCode: 255, log: "" }, "exec /bad: exec format error\n", "exec /bad: exec format error"],
    ["a killed runtime", "crun", { signal: "SIGKILL", log: "" }, "", "it was ended by SIGKILL"],
  ] as const;
  for (const [name, runtime, exit, errors, want] of rows) {
    it(`gives ${name}`, () => assert.equal(runtimeFailure({ name: runtime, path: "", cgroup: false, guarded: false }, exit, errors), want));
  }
});
