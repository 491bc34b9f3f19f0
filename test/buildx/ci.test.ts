/**
 * The recipes of docs/ci.md, run as far as this machine can: with the variables that each service sets, against a registry that asks for a password.
 * What `docker/build-push-action` does is done by the buildx that it calls. `npm run test:buildx` installs what this needs.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { parse } from "yaml";
import { DECANT } from "../support/command.ts";
import { DOCKER, PLUGIN } from "../support/buildx.ts";
import { type DockerRegistry, REGISTRY_LOGIN, startDockerRegistry } from "../support/docker-registry.ts";

const CI = readFileSync(new URL("../../docs/ci.md", import.meta.url), "utf8");

function recipe(name: string): string {
  const [, text] = new RegExp(`<!-- ci: ${name} -->\n\`\`\`\\w+\n([^]*?)\`\`\``).exec(CI) ?? [];
  assert.ok(text !== undefined, name);
  return text;
}

interface Step {
  readonly run?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string | boolean>>;
  readonly env?: Readonly<Record<string, string>>;
}

describe("I4: recipes for CI services", { timeout: 600_000 }, () => {
  let folder: Awaited<ReturnType<typeof mkdtempDisposable>>;
  let registry: DockerRegistry;
  let env: NodeJS.ProcessEnv;
  const work = (): string => join(folder.path, "work");

  before(async () => {
    folder = await mkdtempDisposable(join(tmpdir(), "decant-ci-"));
    registry = await startDockerRegistry(join(folder.path, "registry"), { htpasswd: true });
    const bin = join(folder.path, "bin");
    for (const path of [bin, work(), join(folder.path, "docker", "cli-plugins")]) mkdirSync(path, { recursive: true });
    symlinkSync(PLUGIN, join(folder.path, "docker", "cli-plugins", "docker-buildx"));
    symlinkSync(DECANT, join(bin, "decant"));
    symlinkSync(DOCKER, join(bin, "docker"));
    // What the machine of the service installs is here; its sudo keeps the folder of the credentials.
    writeFileSync(join(bin, "sudo"), '#!/bin/sh\ncase "$1" in apt-get|npm) exit 0;; esac\nexec "$@"\n', { mode: 0o755 });
    writeFileSync(join(work(), "Dockerfile"), "FROM scratch\nCOPY a.txt /\n");
    writeFileSync(join(work(), "a.txt"), "a");
    env = {
      PATH: `${bin}:${process.env["PATH"] ?? ""}`,
      HOME: homedir(),
      DOCKER_CONFIG: join(folder.path, "docker"),
      DECANT_ROOT: join(folder.path, "store"),
      TMPDIR: tmpdir(),
      CI: "true",
    };
  });
  after(async () => {
    const pids = join(folder.path, "pids");
    for (const pid of existsSync(pids) ? readFileSync(pids, "utf8").split("\n") : []) if (pid !== "") process.kill(Number(pid));
    await registry[Symbol.asyncDispose]();
    await folder.remove();
  });

  const shell = async (script: string, variables: NodeJS.ProcessEnv): Promise<void> => {
    const log = join(folder.path, "step.log");
    const fd = openSync(log, "w");
    // What goes on in the background is ended with the job.
    const all = script.includes(" &\n") ? `${script}\necho $! >> ${join(folder.path, "pids")}` : script;
    const child = spawn("bash", ["-eo", "pipefail", "-c", all], {
      cwd: work(),
      env: { ...env, ...variables },
      stdio: ["ignore", "ignore", fd],
    });
    const code = await new Promise((resolve) => child.once("exit", resolve));
    closeSync(fd);
    assert.equal(code, 0, `${script}\n${readFileSync(log, "utf8")}`);
  };
  const isThere = async (name: string): Promise<void> => await shell(`docker buildx imagetools inspect ${name}`, {});

  const github = async (name: string, repository: string): Promise<void> => {
    const { jobs } = parse(recipe(name)) as {
      readonly jobs: { readonly image: { readonly steps: readonly Step[]; readonly env: Readonly<Record<string, string>> } };
    };
    const facts: Readonly<Record<string, string>> = {
      "github.repository": repository,
      "github.sha": "abc123",
      "runner.temp": folder.path,
      "secrets.GITHUB_TOKEN": REGISTRY_LOGIN.password,
      "env.IMAGE": `${registry.host}/${repository}`,
    };
    const filled = (text: string): string =>
      text.replaceAll("ghcr.io", registry.host).replaceAll(/\$\{\{ ([\w.]+) \}\}/g, (_all, key: string) => facts[key] ?? assert.fail(key));
    const all = (values: Readonly<Record<string, string>> = {}): Record<string, string> =>
      Object.fromEntries(Object.entries(values).map(([key, value]) => [key, filled(value)]));
    const common = {
      GITHUB_ACTIONS: "true",
      GITHUB_SHA: "abc123",
      GITHUB_ACTOR: REGISTRY_LOGIN.username,
      RUNNER_TEMP: folder.path,
      ...all(jobs.image.env),
    };
    for (const step of jobs.image.steps) {
      const input = (key: string): string => filled(String(step.with?.[key]));
      if (step.run !== undefined) await shell(step.run, { ...common, ...all(step.env) });
      else if (step.uses?.startsWith("docker/setup-buildx-action") === true)
        await shell(
          `docker buildx create --name ci --driver ${input("driver")} --use ${input("endpoint")} && docker buildx inspect --bootstrap ci`,
          common,
        );
      else if (step.uses?.startsWith("docker/build-push-action") === true)
        await shell(
          `docker buildx build --iidfile $RUNNER_TEMP/iid --metadata-file $RUNNER_TEMP/metadata --attest type=provenance,${input("provenance")} --tag ${input("tags")} --push ${input("context")}`,
          common,
        );
      else assert.match(step.uses ?? "", /^actions\/checkout@/);
    }
    await isThere(`${registry.host}/${repository}:abc123`);
  };

  it("GitHub Actions: the command", async () => await github("github", "team/by-command"));
  it("GitHub Actions: docker/build-push-action on decant serve", async () => await github("github-buildx", "team/by-buildx"));

  it("GitLab CI", async () => {
    const { image } = parse(recipe("gitlab")) as { readonly image: { readonly script: readonly string[] } };
    const { username, password } = REGISTRY_LOGIN;
    await shell(image.script.join("\n"), {
      GITLAB_CI: "true",
      CI_REGISTRY: registry.host,
      CI_REGISTRY_IMAGE: `${registry.host}/group/app`,
      CI_REGISTRY_USER: username,
      CI_REGISTRY_PASSWORD: password,
      CI_COMMIT_SHORT_SHA: "abc1234",
    });
    await isThere(`${registry.host}/group/app:abc1234`);
  });

  it("Jenkins", async () => {
    const [, script = ""] = /sh '''([^]*?)'''/.exec(recipe("jenkins")) ?? [];
    const { username, password } = REGISTRY_LOGIN;
    await shell(script, {
      IMAGE: `${registry.host}/jenkins/app`,
      REGISTRY_USER: username,
      REGISTRY_PASSWORD: password,
      BUILD_NUMBER: "7",
      JENKINS_URL: "http://x",
    });
    await isThere(`${registry.host}/jenkins/app:7`);
  });

  it("a Makefile", async () => {
    writeFileSync(join(work(), "Makefile"), recipe("make"));
    await shell("git init -q . && git add -A && make && make && decant inspect app", {});
    assert.match(readFileSync(join(work(), "image.id"), "utf8"), /^sha256:/);
  });
});
