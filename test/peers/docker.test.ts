/** What a real docker daemon takes of ours: `npm run test:peers` starts one. DOCKER_HOST names another. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { exportImage } from "../../src/image/index.ts";
import type { OutputSpec } from "../../src/image/index.ts";
import { openImageFixture } from "../support/image-fixture.ts";

const PEERS = process.env["PEERS"] ?? join(homedir(), ".cache/decant-peers");
const env = { ...process.env, DOCKER_HOST: process.env["DOCKER_HOST"] ?? `unix://${PEERS}/docker.sock` };

/** The client of the daemon. Throws where none answers. */
function run(...args: readonly string[]): string {
  return execFileSync(join(PEERS, "sid/usr/bin/docker"), args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

test("F.2: a running docker daemon gets the image once, then only a name", async () => {
  await using fixture = await openImageFixture();
  const names = [1, 2].map((tag) => `decant-test-load-${process.pid}:${tag}`);
  try {
    for (const name of names) {
      const loaded = await exportImage([fixture.image], { type: "docker", names: [name] }, fixture.context({ env }));
      assert.match(loaded.daemon ?? "", /^Docker \(unix:/);
      const id = run("image", "inspect", "--format", "{{.Id}}", name).trim();
      assert.ok([loaded.configDigest, loaded.descriptor?.digest].some((digest) => digest === id));
    }
    const moved = fixture.events.filter((event) => event.type === "transfer" && event.id === env.DOCKER_HOST && event.done);
    assert.equal(moved.length, 1, "the second time nothing moves");
  } finally {
    run("image", "rm", ...names);
  }
});

test("docker load takes both archives", async () => {
  await using fixture = await openImageFixture();
  for (const type of ["docker", "oci"] as const) {
    const name = `decant-test-${type}-${process.pid}:1`;
    const dest = join(fixture.dir, `${type}.tar`);
    const output: OutputSpec = type === "docker" ? { type, dest, names: [name] } : { type, dest, tar: true, names: [name] };
    const { configDigest, descriptor } = await exportImage([fixture.image], output, fixture.context());
    try {
      assert.match(run("load", "-i", dest), new RegExp(name));
      const id = run("image", "inspect", "--format", "{{.Id}}", name).trim();
      // The containerd image store calls the manifest's digest the id, the older one the configuration's.
      assert.ok(
        [configDigest, descriptor?.digest].some((digest) => digest === id),
        id,
      );
    } finally {
      run("image", "rm", name);
    }
  }
});
